"""Measurements on their way to a mean: rows by person, pooled over folds, averaged over seeds. Knows nothing
of what was measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Numbers, Times


@dataclass(frozen=True, eq=False)
class Rows:
    """One metric of one run: a value a question or a pair, and whose it is (-1: a person of its own).

    `root`: the metric is the square root of the mean, as in RMSE. `weights`: how much each row counts in the mean; one
    where there are none.
    """

    users: Numbers
    values: Times
    root: bool = False
    weights: Times | None = None

    @property
    def counted(self) -> Times:
        """How much each row counts, (rows,)."""
        return np.ones(len(self.values)) if self.weights is None else self.weights

    def where(self, chosen: NDArray[np.bool_]) -> Rows:
        """Some of the rows."""
        weights = None if self.weights is None else self.weights[chosen]
        return Rows(self.users[chosen], self.values[chosen], self.root, weights)

    @property
    def mean(self) -> float:
        """The metric over these rows."""
        if len(self.values) == 0:
            return float("nan")
        middle = float(np.average(self.values, weights=self.weights))
        return middle**0.5 if self.root else middle


@dataclass(frozen=True, eq=False)
class Sample:
    """A metric by person: what their rows add up to and how many they are (or weigh), both (people,)."""

    totals: Times
    counts: Times
    root: bool = False

    @property
    def mean(self) -> float:
        """The metric over all people."""
        rows = self.counts.sum()
        middle = float(self.totals.sum() / rows) if rows else float("nan")
        return middle**0.5 if self.root else middle


@dataclass(frozen=True, eq=False)
class Whole:
    """A metric of all lists together: its value, and values of the same over resampled people, (draws,)."""

    value: float
    draws: Times

    @property
    def mean(self) -> float:
        """The metric."""
        return self.value


Measure = Rows | Whole


def people(users: Numbers) -> Numbers:
    """Which person each row belongs to, numbered from 0; every -1 is a person of its own."""
    alone = users < 0
    key = np.where(alone, -1 - np.cumsum(alone), users)
    return np.asarray(np.unique(key, return_inverse=True)[1], dtype=np.int64)


def pooled(folds: Sequence[Rows]) -> Sample:
    """Rows of several folds, added up by person."""
    person = people(np.concatenate([f.users for f in folds]))
    counted = np.concatenate([f.counted for f in folds])
    values = np.concatenate([f.values for f in folds]) * counted
    size = int(person.max(initial=-1)) + 1
    totals = np.bincount(person, weights=values, minlength=size).astype(np.float64)
    counts = np.bincount(person, weights=counted, minlength=size).astype(np.float64)
    return Sample(totals, counts, any(f.root for f in folds))


def averaged(seeds: Sequence[Sample]) -> Sample:
    """The mean over seeds of what each person's rows add up to; the rows are the same under every seed."""
    return Sample(np.mean([s.totals for s in seeds], axis=0), seeds[0].counts, seeds[0].root)


def blended(wholes: Sequence[Whole]) -> Whole:
    """The mean over folds or seeds, draw by draw."""
    return Whole(float(np.mean([w.value for w in wholes])), np.mean([w.draws for w in wholes], axis=0))
