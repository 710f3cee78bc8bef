"""More histories of those there are: crops, masks and windows. Knows no model, and makes up no event.

Crop and mask: Xie et al., "Contrastive Learning for Sequential Recommendation", 2020. Windows: the usual way to train
on histories that are longer than a model reads. What is made is for fitting, never for asking.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol, runtime_checkable

import numpy as np
from pydantic import Field, PositiveInt, model_validator

from llm4rec.core import Config, DataError, History, Numbers
from llm4rec.data.augment.effect import Effect, Likeness

Share = Annotated[float, Field(gt=0.0, lt=1.0)]
Least = Annotated[int, Field(ge=1)]


@runtime_checkable
class SequenceWay(Protocol):
    """A way to make further histories of one."""

    @property
    def label(self) -> str:
        """The way and its settings, as reports name it."""
        ...

    def parts(self, length: int, rng: np.random.Generator) -> list[Numbers]:
        """Rows of a history of so many events, ascending; one array a history to make."""
        ...


class _Way(Config):
    @property
    def label(self) -> str:
        """The way and its settings."""
        told = ", ".join(f"{name}={value:g}" for name, value in self.model_dump().items())
        return f"{type(self).__name__.lower()}({told})"


class Crop(_Way):
    """`copies` runs of neighbouring events that hold a `share` of the history, from a random place on.

    A crop holds floor(share x events), but at least `least` events; a history of no more than that is left alone.
    """

    share: Share = 0.6
    copies: PositiveInt = 1
    least: Least = 2

    def parts(self, length: int, rng: np.random.Generator) -> list[Numbers]:
        """Rows of each crop."""
        size = max(self.least, int(self.share * length))
        if size >= length:
            return []
        starts = rng.integers(0, length - size + 1, self.copies)
        return [np.arange(start, start + size, dtype=np.int64) for start in starts]


class Mask(_Way):
    """`copies` of the history without a random `share` of its events.

    floor(share x events) are left out, but never so many that fewer than `least` stay. Masked events are left out
    and not replaced: a data set has no item that stands for "something".
    """

    share: Share = 0.3
    copies: PositiveInt = 1
    least: Least = 2

    def parts(self, length: int, rng: np.random.Generator) -> list[Numbers]:
        """Rows that stay, of each copy."""
        size = max(self.least, length - int(self.share * length))
        if size >= length:
            return []
        return [np.sort(rng.choice(length, size, replace=False)).astype(np.int64) for _ in range(self.copies)]


class Windows(_Way):
    """Every run of `length` events, `step` apart, counted from the newest event back; nothing is drawn.

    Without the newest window, which a model that reads `length` events sees in the history itself, unless `newest`.
    The oldest window begins at the first event, so that none is left out.
    """

    length: PositiveInt = 20
    step: PositiveInt = 10
    newest: bool = False

    @model_validator(mode="after")
    def _no_gaps(self) -> Windows:
        if self.step > self.length:
            raise ValueError(f"step {self.step} is longer than a window of {self.length}: events are lost")
        return self

    def parts(self, length: int, rng: np.random.Generator) -> list[Numbers]:
        """Rows of each window, newest window first."""
        del rng
        if length <= self.length:
            return []
        last = length - self.length
        starts = [*range(last, 0, -self.step), 0]
        return [np.arange(s, s + self.length, dtype=np.int64) for s in starts[0 if self.newest else 1 :]]


@dataclass(frozen=True, eq=False)
class MoreHistories:
    """Histories that were made; `origins` and `ways` say of which history and in which way, by number."""

    histories: tuple[History, ...]
    origins: Numbers
    ways: Numbers
    effects: tuple[Effect, ...]


def augment_histories(
    histories: Sequence[History], ways: Sequence[SequenceWay], rng: np.random.Generator
) -> MoreHistories:
    """Further histories, way by way, in the order of the originals; the same rng state gives the same ones."""
    if len(ways) == 0:
        raise DataError("augment_histories needs a way, such as Crop()")
    made: list[History] = []
    origins: list[int] = []
    counts: list[int] = []
    effects = []
    for way in ways:
        parts = [(n, rows) for n, h in enumerate(histories) for rows in way.parts(len(h), rng)]
        made += [histories[n].take(rows) for n, rows in parts]
        origins += [n for n, _ in parts]
        counts.append(len(parts))
        effects.append(_effect(way.label, histories, parts))
    numbers = np.repeat(np.arange(len(ways)), counts).astype(np.int64)
    return MoreHistories(tuple(made), np.array(origins, dtype=np.int64), numbers, tuple(effects))


def _effect(label: str, histories: Sequence[History], parts: Sequence[tuple[int, Numbers]]) -> Effect:
    whole = np.array([len(histories[n]) for n, _ in parts], dtype=np.int64)
    kept = np.array([len(rows) for _, rows in parts], dtype=np.int64)
    touched = {n for n, _ in parts}
    likeness = Likeness.of("share of events kept", kept / np.maximum(whole, 1))
    return Effect(
        way=label,
        unit="events",
        given=len(histories),
        made=len(parts),
        unchanged=len(histories) - len(touched),
        places=int(whole.sum()),
        touched=int((whole - kept).sum()),
        likeness=() if likeness is None else (likeness,),
    )
