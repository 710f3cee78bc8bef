"""What a head is, in plain values that go into a JSON file: task, labels, scale, tower. Builds no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np

from llm4rec.core import Config, DataError
from llm4rec.encoders.adapting.config import AdaptConfig, Task, Tower
from llm4rec.encoders.adapting.examples import Examples

Kind = Literal["pair", "next", "click", "value", "classes", "masked", "near"]
MOST_LEVELS = 20


class HeadSpec(Config):
    """One head. `reads_text`: it answers about a text alone; else about a history and an item.

    A head that compares texts does so in `directions`. Values are told as `mean` + `spread` times what the head says (squared error), or by `levels` (ordinal).
    """

    task: Task
    kind: Kind
    reads_text: bool
    tower: Tower
    hidden: int
    dropout: float
    labels: tuple[str, ...] = ()
    label_weights: tuple[float, ...] = ()
    mean: float = 0.0
    spread: float = 1.0
    levels: tuple[float, ...] = ()
    directions: int = 0

    @property
    def outputs(self) -> int:
        """Numbers the head gives."""
        return len(self.labels) or 1


KINDS: Mapping[Task, Kind] = {
    "co-consumption": "pair",
    "next-item": "next",
    "click": "click",
    "rating": "value",
    "sentiment": "classes",
    "category": "classes",
    "masked": "masked",
    "neighbours": "near",
}


def spec_of(examples: Examples, config: AdaptConfig, before: HeadSpec | None = None) -> HeadSpec:
    """The head that the examples need; `before`, one already learnt for the task, keeps its scale and labels."""
    task = examples.task
    spec = HeadSpec(
        task=task,
        kind=KINDS[task],
        reads_text=examples.right is None,
        tower=config.tower,
        hidden=config.hidden,
        dropout=config.dropout,
    )
    if spec.kind == "near":
        assert examples.targets is not None, "aims were set"
        return spec.model_copy(update={"directions": examples.targets.shape[1]})
    if spec.kind == "classes":
        known = () if before is None else before.labels
        labels = tuple(dict.fromkeys(known + examples.labels))
        return spec.model_copy(
            update={"labels": labels, "label_weights": _label_weights(examples, labels, config.even)}
        )
    if spec.kind != "value" or examples.targets is None:
        return spec
    if before is not None and bool(before.levels) == (config.rating_loss == "ordinal"):
        return spec.model_copy(update=before.model_dump(include={"mean", "spread", "levels"}))
    values = examples.targets[~examples.held]
    spec = spec.model_copy(update={"mean": float(values.mean()), "spread": float(values.std()) or 1.0})
    if config.rating_loss == "squared":
        return spec
    levels = tuple(float(level) for level in np.unique(values))
    if not 2 <= len(levels) <= MOST_LEVELS:
        raise DataError(
            f"task 'rating': {len(levels)} distinct values, but an ordinal loss needs 2 to {MOST_LEVELS}; "
            "set rating_loss = 'squared'"
        )
    return spec.model_copy(update={"levels": levels})


def _label_weights(examples: Examples, labels: tuple[str, ...], even: float) -> tuple[float, ...]:
    """What an example of each label counts, one on average over the examples: 1 / frequency to the power `even`."""
    assert examples.targets is not None, "labels are targets"
    share = np.zeros(len(labels))
    share[[labels.index(name) for name in examples.labels]] = examples.targets[~examples.held].mean(axis=0)
    weights = np.where(share > 0, np.maximum(share, 1e-9) ** -even, 1.0)
    return tuple(float(weight) for weight in weights / max(float(weights @ share), 1e-9))


def targets_of(examples: Examples, spec: HeadSpec) -> Examples:
    """The examples with their label columns in the order of the head."""
    if spec.kind != "classes" or examples.labels == spec.labels or examples.targets is None:
        return examples
    moved = np.zeros((len(examples), len(spec.labels)), dtype=np.float32)
    moved[:, [spec.labels.index(name) for name in examples.labels]] = examples.targets
    return replace(examples, targets=moved, labels=spec.labels)
