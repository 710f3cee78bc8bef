"""Which examples a step learns from, as a function of the step alone, so that a resumed run goes on as it would have."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from llm4rec.core import Numbers
from llm4rec.encoders.adapting.config import TASKS, AdaptConfig
from llm4rec.encoders.adapting.examples import Examples


@dataclass(frozen=True, eq=False)
class Batches:
    """The batches of one task: every example once before any comes again, a share of them replayed."""

    examples: Examples
    new: Numbers
    old: Numbers
    size: int
    replayed: int
    seed: tuple[int, int]

    @classmethod
    def of(cls, examples: Examples, config: AdaptConfig) -> Batches:
        """Of the examples to learn from; batches are as small as the data where those are few."""
        new, old = examples.rows(held=False), examples.rows(held=False, old=True)
        replayed = min(len(old), max(1, round(config.replay * config.batch_size))) if len(old) else 0
        size = min(len(new), max(1, config.batch_size - replayed))
        return cls(examples, new, old, size, replayed, (config.seed, TASKS.index(examples.task)))

    def __len__(self) -> int:
        """Batches until each new example was seen once."""
        return int(np.ceil(len(self.new) / self.size))

    def rows(self, number: int) -> Numbers:
        """The examples of batch `number`, which counts on through the passes."""
        parts = [_turn(self.new, number * self.size, self.size, (*self.seed, 0))]
        if self.replayed:
            parts.append(_turn(self.old, number * self.replayed, self.replayed, (*self.seed, 1)))
        return np.concatenate(parts)


def _turn(rows: Numbers, start: int, size: int, seed: tuple[int, int, int]) -> Numbers:
    """`size` rows from place `start` of an endless row of shuffled passes."""
    places = np.arange(start, start + size)
    laps, within = np.divmod(places, len(rows))
    found = np.empty(size, dtype=np.int64)
    for lap in np.unique(laps):
        here = laps == lap
        found[here] = rows[_order(len(rows), seed, int(lap))[within[here]]]
    return found


@lru_cache(maxsize=32)
def _order(size: int, seed: tuple[int, int, int], lap: int) -> Numbers:
    return np.random.default_rng([*seed, lap]).permutation(size).astype(np.int64)
