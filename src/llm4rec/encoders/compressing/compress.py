"""`compress`: an encoder in, a smaller and faster one out, with what that costs on given texts. Loads torch late."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from llm4rec.core import ComponentError, DataError, Floats, Progress, SettingsError, silent
from llm4rec.encoders import weights
from llm4rec.encoders.compressing import candidates as c
from llm4rec.encoders.compressing import folder as folders
from llm4rec.encoders.compressing.config import WIDTHS, CompressConfig, Precision
from llm4rec.encoders.compressing.figures import LEAST, directions
from llm4rec.encoders.compressing.questions import Questions
from llm4rec.encoders.exported import GRAPH, MISSING

FORMAT = 1
AS_IT_WAS = "as it was (fp32)"


@dataclass(frozen=True)
class Compressed:
    """Where the encoder lies, and what was measured: `report` is what compression.json holds."""

    folder: Path
    report: Mapping[str, Any]


def compress(
    output: Path | str,
    config: CompressConfig | None = None,
    questions: Questions | None = None,
    progress: Progress = silent,
) -> Compressed:
    """Write the encoder of `config.source` smaller into the folder `output`, which then works wherever its name does.

    Every precision is made and measured on the texts of `questions`; "auto" keeps the smallest whose vectors and NDCG stay
    within the limits of the config. The folder appears in one move at the end. ComponentError names an encoder that is
    damaged, unsafe or cannot be exported, or a library that is missing; FolderError an output folder that is not ours;
    SettingsError a width that the encoder does not have; DataError texts that say nothing.
    """
    started = time.monotonic()
    config, output = config or CompressConfig(), Path(output).expanduser().absolute()
    questions = questions or Questions.of_general_language()
    if len(questions.filled()) < 2:
        raise DataError("fewer than two texts say anything; give data whose items have texts")
    _check_libraries(config)
    work = folders.begin(output)
    try:
        job = _Job(config, questions, work, progress)
        report = job.run()
        report["seconds"] = round(time.monotonic() - started, 1)
        folders.finish(output, job.chosen.folder, report)
    finally:
        folders.give_up(output)
    return Compressed(output, report)


def _check_libraries(config: CompressConfig) -> None:
    """ComponentError names what is missing before anything is computed."""
    if config.precision == "bf16":
        return
    for name in ("onnx", "onnxscript", "onnxruntime"):
        try:
            __import__(name)
        except ModuleNotFoundError as error:
            raise ComponentError(
                f"exporting an encoder needs {error.name}: {MISSING}; precision = 'bf16' needs no export"
            ) from error


class _Job:
    """One run: the encoder as it was, its copies, and the choice among them."""

    def __init__(self, config: CompressConfig, questions: Questions, work: Path, progress: Progress) -> None:
        self.config, self.questions, self.work, self.progress = config, questions, work, progress
        self.notes: list[str] = []
        self.made: list[c.Candidate] = []
        self.left_out: list[str] = []

    def run(self) -> dict[str, Any]:
        """Make, measure and choose; the report."""
        from llm4rec.encoders.compressing.making_net import narrowed, open_source

        self.source, model = open_source(self.config)
        self.base = c.opened(self.source, self.config, "fp32")
        self.before = self.base.encode(self.questions.texts)
        self.asked = 0 if self.questions.gains is None else len(self.questions.gains(self.before))
        widths, kept = self._widths()
        self.narrow = c.projected(self.before, kept)
        model = model if kept is None else narrowed(model, kept)
        wanted = c.precisions(self.config)
        for precision in self.progress(sorted(wanted, key=_order), "compressing", len(wanted)):
            self._make(model, precision)
        if not self.made:
            raise ComponentError("; ".join(self.notes))
        self._measure()
        why = self._choose()
        return self._report(widths, why)

    def _widths(self) -> tuple[list[dict[str, Any]], Floats | None]:
        """What each smaller width keeps and costs, and the directions that are kept; None for all of them."""
        width, asked = self.before.shape[1], self.config.width
        if asked is not None and asked > width:
            raise SettingsError(f"width = {asked} is more than the {width} numbers that the encoder gives")
        found, shares = directions(self.before[self.questions.filled()])
        rows = []
        for size in sorted({width, asked or width, *(w for w in WIDTHS if w < width)}, reverse=True):
            kept = None if size == width else np.asarray(found[:, :size], np.float32)
            vectors = c.projected(self.before, kept)
            told = c.gain_change(self.before, vectors, self.questions, self.config.seed)
            rows.append({"width": size, "share_kept": round(float(shares[:size].sum()), 5), **told})
        return rows, None if asked in (None, width) else np.asarray(found[:, :asked], np.float32)

    def _make(self, model: Any, precision: Precision) -> None:
        """One copy, measured for drift; a copy that cannot be made is a note unless it was asked for by name."""
        try:
            folder = getattr(self, f"_{precision}")(model)
        except ComponentError as error:
            if self.config.precision != "auto":
                raise
            self.notes.append(f"{precision}: {error}")
            return
        encoder = c.opened(folder, self.config)
        vectors = encoder.encode(self.questions.texts)
        self.made.append(c.Candidate(precision, folder, encoder, vectors))

    def _fp32(self, model: Any) -> Path:
        from llm4rec.encoders.compressing.making_net import tell, write_fp32

        folder = self.work / "fp32"
        if not folder.exists():
            write_fp32(model, folder)
            tell(model, folder, self._facts("fp32"), self.narrow.shape[1])
            rows = c.probed_rows(self.questions)
            encoder = c.opened(folder, self.config)
            c.true_export(self.narrow[rows], encoder.encode([self.questions.texts[row] for row in rows]))
        return folder

    def _int8(self, model: Any) -> Path:
        from llm4rec.encoders.compressing.graph_net import layers, to_int8
        from llm4rec.encoders.compressing.making_net import tell

        source, folder = self._fp32(model) / GRAPH, self.work / "int8"
        names = layers(source)
        if not names:
            raise ComponentError("the exported graph has no products with a weight matrix to make 8-bit")
        c.int8_folder(folder, source.parent)
        rows = c.probed_rows(self.questions)
        texts = [self.questions.texts[row] for row in rows]

        def make(left_out: Sequence[str]) -> Floats:
            to_int8(source, folder / GRAPH, set(left_out))
            tell(model, folder, self._facts("int8"), self.narrow.shape[1])
            return c.opened(folder, self.config).encode(texts)

        self.left_out, fits = c.kept_in_fp32(names, make, self.narrow[rows], self.config)
        if not fits:
            self.notes.append("int8: no half of the layers can be made 8-bit within the limits")
        make(self.left_out)
        if self.left_out:
            self.notes.append(f"int8: {len(self.left_out)} of {len(names)} layers stay in fp32")
        return folder

    def _bf16(self, model: Any) -> Path:
        from llm4rec.encoders.compressing.making_net import write_bf16

        write_bf16(model, self.work / "bf16")
        return self.work / "bf16"

    def _facts(self, precision: str) -> tuple[str, str, str]:
        return self.config.source, weights.digest(self.source), precision

    def _measure(self) -> None:
        texts = [self.questions.texts[row] for row in self.questions.filled()]
        step = max(1, len(texts) // self.config.timed)
        times = c.timed([self.base, *(one.encoder for one in self.made)], texts[::step], self.config.turns)
        before = (self.before, self.narrow)
        self.as_it_was = {
            "precision": AS_IT_WAS,
            "megabytes": folders.megabytes(self.source),
            **times[0],
            "drift": {"mean": 0.0, "p99": 0.0, "worst": 0.0},
            "neighbours_kept": 1.0,
            **c.gain_change(self.before, self.before, self.questions, self.config.seed),
        }
        for one, time_ in zip(self.made, times[1:], strict=True):
            told = c.compared(one, before, self.questions, self.config)
            one.told = {"precision": one.name, "megabytes": folders.megabytes(one.folder), **time_, **told}
            one.told["speedup"] = round(time_["texts_per_second"] / times[0]["texts_per_second"], 3)
            one.told["refused"] = self._objection(one.told)

    def _objection(self, told: dict[str, Any]) -> str:
        """Why a copy is not within the limits; empty where it is."""
        config, change = self.config, told["ndcg_change"]
        if not c.within(told["drift"], config):
            return f"vectors moved by {told['drift']['mean']} on average, {told['drift']['p99']} at the 99th percentile"
        if change is not None and self.asked >= LEAST and change["change"] < -config.most_loss:
            return f"NDCG changed by {change['change']:+.2%}"
        return ""

    def _choose(self) -> str:
        """The copy that is kept, and why."""
        fitting = [one for one in self.made if not one.told["refused"]]
        limits = f"drift {self.config.most_drift} on average and {self.config.most_drift_p99} at the 99th percentile"
        limits += "" if self.asked < LEAST else f", {self.config.most_loss:.1%} of NDCG"
        if self.config.precision != "auto":
            self.chosen = self.made[0]
            reason = self.chosen.told["refused"]
            return "it was asked for" + (f", although {reason} (limits: {limits})" if reason else "")
        if not fitting:
            raise ComponentError(
                "no precision stays within the limits: "
                + "; ".join(f"{one.name}: {one.told['refused']}" for one in self.made)
            )
        self.chosen = min(fitting, key=lambda one: float(one.told["megabytes"]))
        return f"it is the smallest within the limits: {limits}"

    def _report(self, widths: list[dict[str, Any]], why: str) -> dict[str, Any]:
        if 0 < self.asked < LEAST:
            self.notes.append(
                f"only {self.asked} questions could be asked, fewer than {LEAST}: a change of NDCG is hardly more than "
                "chance, so it decided nothing"
            )
        if len(self.questions.filled()) < self.before.shape[1]:
            self.notes.append(
                f"{len(self.questions.filled())} texts are fewer than the {self.before.shape[1]} numbers of a vector: "
                "what fewer dimensions keep of other texts is not known"
            )
        return {
            "format": FORMAT,
            "config": self.config.model_dump(mode="json"),
            "source_digest": weights.digest(self.source),
            "chosen": self.chosen.name,
            "why": why,
            "measured_on": self.questions.about,
            "texts": len(self.questions.texts),
            "questions": self.asked,
            "threads": int(os.environ.get("OMP_NUM_THREADS", "0") or 0) or os.cpu_count(),
            "precisions": [self.as_it_was, *(one.told for one in self.made)],
            "widths": widths,
            "layers_in_fp32": self.left_out,
            "notes": self.notes,
        }


def _order(precision: Precision) -> int:
    """bf16 last: it changes the weights in memory."""
    return ("fp32", "int8", "bf16").index(precision)
