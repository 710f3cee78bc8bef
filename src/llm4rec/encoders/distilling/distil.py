"""`distil`: texts and a large encoder in, one with fewer layers out, with a report of how near it comes. Loads torch late."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from llm4rec.core import Config, DataError, Dataset, Progress, silent
from llm4rec.encoders import weights
from llm4rec.encoders.adapting import folder as folders
from llm4rec.encoders.adapting.division import held_out, plain

FORMAT = 1


class EncoderConfig(Config):
    """How an encoder is distilled: from which, to how many layers, what is transferred, and for how long."""

    source: str = Field("minilm", min_length=1, description="the large encoder, as encoder.source")
    layers: PositiveInt = Field(2, description="of the student: evenly spaced ones of the large encoder")
    features: NonNegativeFloat = Field(1.0, description="weight of the vectors' likeness")
    hidden: NonNegativeFloat = Field(0.3, description="weight of the layers' outputs, token by token")
    relations: NonNegativeFloat = Field(
        1.0, description="weight of the attention relations of the last layer"
    )
    epochs: PositiveInt = Field(10, description="passes over the texts")
    steps: PositiveInt | None = Field(1_000, description="at most so many steps; none: as the epochs say")
    batch_size: PositiveInt = Field(32, description="texts a step")
    learning_rate: PositiveFloat = Field(1e-4, description="of all weights, at its highest")
    warmup: float = Field(0.1, ge=0.0, lt=1.0, description="share of the steps in which the rate grows")
    reg: NonNegativeFloat = Field(0.01, description="weight decay")
    clip: PositiveFloat = Field(1.0, description="longest gradient of a step")
    max_length: PositiveInt = Field(64, description="tokens read of a text while learning")
    most_texts: PositiveInt = Field(100_000, description="drawn of the texts")
    validation: float = Field(0.1, gt=0.0, lt=1.0, description="share of the texts held out inside")
    most_questions: PositiveInt = Field(500, description="held-out texts that are compared")
    validate_every: PositiveInt = Field(50, description="steps between validations")
    patience: PositiveInt = Field(5, description="validations without a better one before it stops")
    precision: Literal["auto", "bf16", "fp32"] = Field("auto", description="of the products while learning")
    checkpoint_every: PositiveInt = Field(50, description="steps between checkpoints")
    seed: NonNegativeInt = Field(0, description="of everything random")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.features + self.hidden + self.relations:
            raise ValueError("features, hidden and relations are all 0: there is nothing to transfer")
        return self


@dataclass(frozen=True)
class DistilledEncoder:
    """Where the encoder lies, and what happened: `report` is what report.json holds."""

    folder: Path
    report: Mapping[str, Any]


def distil(
    dataset: Dataset,
    output: Path | str,
    config: EncoderConfig | None = None,
    device: str = "cpu",
    progress: Progress = silent,
) -> DistilledEncoder:
    """Teach an encoder with `config.layers` layers to read the texts of `dataset` as `config.source` does.

    The result is an ordinary encoder folder at `output`. The state kept is the one whose vectors of held-out texts are
    nearest to the large encoder's. The same texts, settings and seed give the same encoder on one machine; a run that was
    killed goes on from its last checkpoint. DataError where there are not two texts; ComponentError where weights are not
    safe, a loss is not finite or memory runs out; FolderError where the output folder is not ours.
    """
    from llm4rec.encoders.distilling.loop_net import ready, train

    started = time.monotonic()
    config, output = config or EncoderConfig(), Path(output).expanduser().absolute()
    texts = texts_of(dataset, config)
    inside = folders.begin(output)
    run, resumed = ready(texts, config, inside, device)
    train(run, progress)
    notes = [*run.pair.notes]
    if resumed:
        notes.append(f"went on from step {resumed}, where an earlier run had stopped")
    report = {
        "format": FORMAT,
        "source": config.source,
        "source_digest": weights.digest(weights.find(config.source)),
        "source_layers": run.pair.deep,
        "layers": config.layers,
        "texts": len(texts),
        "steps": run.step,
        "best_step": run.told["best_step"],
        "likeness": {"before": run.told["first"], "after": run.told["best"]},
        "probe": run.pair.probed(),
        "history": run.told["history"],
        "config": config.model_dump(mode="json"),
        "notes": notes,
        "seconds": round(time.monotonic() - started, 1),
    }
    folders.finish(output, run.pair.save, report)
    return DistilledEncoder(output, report)


@dataclass(frozen=True)
class Texts:
    """Texts to learn from and held-out ones; none stands in both."""

    learnt: tuple[str, ...]
    held: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.learnt) + len(self.held)


def texts_of(dataset: Dataset, config: EncoderConfig) -> Texts:
    """Every text of items and events once; what is held out is chosen by a hash."""
    events = dataset.interactions.texts
    texts = [*dataset.catalog.texts, *(() if events is None else events)]
    once = list(dict.fromkeys(text for text in texts if text and text.strip()))
    if len(once) < 2:
        raise DataError(f"{dataset.name} has {len(once)} texts, but two are needed; bring titles or reviews")
    rng = np.random.default_rng(config.seed)
    if len(once) > config.most_texts:
        once = [once[row] for row in np.sort(rng.choice(len(once), config.most_texts, replace=False))]
    held = held_out([plain(text) for text in once], config.validation, config.seed, "distilling")
    learnt = tuple(text for text, out in zip(once, held, strict=True) if not out)
    asked = [text for text, out in zip(once, held, strict=True) if out]
    rows = np.sort(rng.permutation(len(asked))[: config.most_questions])
    return Texts(learnt, tuple(asked[row] for row in rows))
