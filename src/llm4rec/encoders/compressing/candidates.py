"""The work between opening an encoder and choosing among its copies: which are made, and what each is like."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import ComponentError, Floats, unit_rows
from llm4rec.encoders.compressing.config import CompressConfig, Precision
from llm4rec.encoders.compressing.figures import drift, neighbours_kept, relative_change
from llm4rec.encoders.compressing.questions import Questions
from llm4rec.encoders.sentence import SentenceConfig, SentenceEncoder

TRUE = 1e-3  # an export may move a vector by so much: more is not rounding
PROBED = 64  # texts on which layers are compared
SINGLE = 20  # single texts that are timed


@dataclass
class Candidate:
    """A folder that may be the result; its vectors of all texts, and what was measured of it."""

    name: str
    folder: Path
    encoder: SentenceEncoder
    vectors: Floats
    told: dict[str, Any] = field(default_factory=dict)


def opened(folder: Path, config: CompressConfig, precision: str = "auto") -> SentenceEncoder:
    """The encoder of a folder, as an engine opens it."""
    options = {"source": str(folder), "precision": precision, "max_length": config.max_length}
    return SentenceEncoder(SentenceConfig.of(options, "encoder"))


def within(told: dict[str, float], config: CompressConfig) -> bool:
    """Whether vectors moved no further than allowed."""
    return told["mean"] <= config.most_drift and told["p99"] <= config.most_drift_p99


def true_export(before: Floats, after: Floats) -> None:
    """ComponentError where an exported graph does not compute what the encoder computes."""
    worst = drift(before, after)["worst"]
    if worst > TRUE:
        raise ComponentError(
            f"the exported graph does not give the vectors of the encoder (one minus cosine up to {worst}); "
            "precision = 'bf16' needs no export"
        )


def compared(
    candidate: Candidate, before: tuple[Floats, Floats], questions: Questions, config: CompressConfig
) -> dict[str, Any]:
    """Drift from fp32 of the same width; neighbours and NDCG against the encoder as it was.

    `before` is fp32 as it was, and narrowed to the width of the candidate.
    """
    rows = questions.filled()
    whole, narrow = before
    moved = drift(narrow[rows], candidate.vectors[rows])
    told = {
        "drift": moved,
        "neighbours_kept": round(neighbours_kept(whole[rows], candidate.vectors[rows]), 4),
    }
    return {**told, **gain_change(whole, candidate.vectors, questions, config.seed)}


def gain_change(before: Floats, after: Floats, questions: Questions, seed: int) -> dict[str, Any]:
    """NDCG@10 of nearest neighbours, and its change as a share; nothing where no questions are asked."""
    if questions.gains is None:
        return {"ndcg": None, "ndcg_change": None}
    first, second = questions.gains(before), questions.gains(after)
    return {"ndcg": round(float(second.mean()), 6), "ndcg_change": relative_change(first, second, seed)}


def timed(encoders: Sequence[SentenceEncoder], texts: Sequence[str], turns: int) -> list[dict[str, float]]:
    """Texts a second and milliseconds for one text of each encoder; turns are taken, so a busy machine slows all alike."""
    typical = sorted(texts, key=len)[len(texts) // 2]
    for encoder in encoders:
        encoder.encode(texts[:8])
    many: list[list[float]] = [[] for _ in encoders]
    single: list[list[float]] = [[] for _ in encoders]
    for _ in range(turns):
        for at, encoder in enumerate(encoders):
            many[at].append(_seconds(encoder, texts))
            single[at] += [_seconds(encoder, [typical]) for _ in range(SINGLE)]
    return [
        {
            "texts_per_second": round(len(texts) / float(np.median(all_)), 1),
            "single_ms": round(1e3 * float(np.median(one)), 2),
        }
        for all_, one in zip(many, single, strict=True)
    ]


def _seconds(encoder: SentenceEncoder, texts: Sequence[str]) -> float:
    started = time.perf_counter()
    encoder.encode(texts)
    return time.perf_counter() - started


def kept_in_fp32(
    names: Sequence[str], make: Callable[[Sequence[str]], Floats], before: Floats, config: CompressConfig
) -> tuple[list[str], bool]:
    """Which layers stay in fp32 so that the rest may be 8-bit, and whether that is within the limits.

    `make(left_out)` gives vectors of a few texts with all layers but those in 8 bits. The layer that alone moves
    vectors most is kept first; one, two, four, … are kept until the limits hold. Half of the layers at most: with
    more there is nothing to gain.
    """
    if within(drift(before, make([])), config):
        return [], True
    alone = {name: drift(before, make([other for other in names if other != name]))["mean"] for name in names}
    worst = sorted(names, key=lambda name: (-alone[name], name))
    count = 1
    while count <= len(names) // 2:
        if within(drift(before, make(worst[:count])), config):
            return worst[:count], True
        count *= 2
    return [], False


def int8_folder(folder: Path, source: Path) -> None:
    """A folder for 8-bit weights beside that of the exported graph, with its tokenizer."""
    from llm4rec.encoders.exported import TOKENIZER

    folder.mkdir()
    shutil.copy2(source / TOKENIZER, folder / TOKENIZER)


def probed_rows(questions: Questions) -> NDArray[np.int64]:
    """A few of the texts, spread evenly by their length."""
    rows = questions.filled()
    order = rows[np.argsort([len(questions.texts[row]) for row in rows], kind="stable")]
    return np.asarray(order[np.unique(np.linspace(0, len(order) - 1, PROBED).astype(np.int64))], np.int64)


def projected(vectors: Floats, kept: Floats | None) -> Floats:
    """Vectors in the directions kept, of length one where they were; all of them where `kept` is None."""
    if kept is None:
        return vectors
    found = np.asarray(vectors @ kept, dtype=np.float32)
    lengths = np.linalg.norm(vectors, axis=1)
    filled = lengths > 0
    return unit_rows(found) if np.allclose(lengths[filled], 1.0, atol=1e-3) else found


def precisions(config: CompressConfig) -> tuple[Precision, ...]:
    """Those that are made and measured."""
    return ("int8", "bf16", "fp32") if config.precision == "auto" else (config.precision,)
