"""Where the right answers stand in a ranking, ties kept as ties. Knows nothing of users, models or files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Floats, Numbers, Times

# Up to so many answers, two passes over a row for each cost less than a sort of the row.
FEW = 20


@dataclass(frozen=True, eq=False)
class Places:
    """Groups of equal scores that hold a right answer; everything a ranking metric needs.

    A group stands behind `start` candidates, has `size` members of which `hits` are right, and belongs to
    question `row`; all (groups,), in the order (row, start). `targets` right answers and `candidates` a
    question, both (rows,). `group` is the group of each right answer, (answers,), in the order asked for.
    """

    row: Numbers
    start: Numbers
    size: Numbers
    hits: Numbers
    targets: Numbers
    candidates: Numbers
    group: Numbers

    def __len__(self) -> int:
        return len(self.targets)

    @cached_property
    def first(self) -> Numbers:
        """The group of each question that stands highest, (rows,)."""
        return np.searchsorted(self.row, np.arange(len(self)))

    @cached_property
    def before(self) -> Numbers:
        """Right answers of the same question in groups further up, (groups,)."""
        running = np.cumsum(self.hits) - self.hits
        return np.asarray(running - running[self.first[self.row]], dtype=np.int64)

    def total(self, values: NDArray[np.generic]) -> Times:
        """Values of the groups added up by question, (rows,)."""
        weights = np.asarray(values, dtype=np.float64)
        return np.asarray(np.bincount(self.row, weights=weights, minlength=len(self)), dtype=np.float64)


def find_places(scores: Floats, targets: Sequence[Numbers]) -> Places:
    """Places of `targets` (distinct column numbers, at least one a row) among the finite `scores` of their row.

    Scores are (rows, items); -inf is no candidate. Nothing is sorted for questions with a few answers.
    """
    sizes = np.array([len(t) for t in targets], dtype=np.int64)
    found = [_standing(row, row[wanted]) for row, wanted in zip(scores, targets, strict=True)]
    none = np.zeros((2, 0), dtype=np.int64)
    start, size = np.concatenate([none, *found], axis=1)
    row = np.repeat(np.arange(len(targets)), sizes)
    key = row * (scores.shape[1] + 1) + start
    _, where, group, hits = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    candidates = np.count_nonzero(np.isfinite(scores), axis=1).astype(np.int64)
    return Places(row[where], start[where], size[where], hits.astype(np.int64), sizes, candidates, group)


def _standing(row: Floats, values: Floats) -> Numbers:
    """How many of a row are greater than each value and how many equal to it, (2, values)."""
    if len(values) <= FEW:
        counts = [(np.count_nonzero(row > value), np.count_nonzero(row == value)) for value in values]
        return np.array(counts, dtype=np.int64).reshape(len(values), 2).T
    ordered = np.sort(row)
    upto = np.searchsorted(ordered, values, side="right")
    return np.stack([len(row) - upto, upto - np.searchsorted(ordered, values)]).astype(np.int64)


def average_ranks(values: NDArray[np.generic]) -> Times:
    """Ranks from 1, least first; equal values share the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2.0)[inverse], dtype=np.float64)
