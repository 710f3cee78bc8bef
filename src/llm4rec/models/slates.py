"""Candidates of a batch of requests, one behind the other, and how their new order is put back. Scores nothing."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Many
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Floats, Numbers, Request, Times, masked, top_k

AT_ONCE = 1 << 20
"""Candidates that are compared with right answers at a time."""


@dataclass(frozen=True, eq=False)
class Slates:
    """Candidate c is `items[c]` for request `rows[c]`; rows ascend. `ranks` by input: 1 best, 0 not proposed."""

    rows: Numbers
    items: Numbers
    ranks: Mapping[str, Numbers]
    requests: int

    @classmethod
    def proposed(cls, scored: Mapping[str, Floats], requests: Many[Request], depth: int) -> Slates:
        """The union of the `depth` best items of each input among those that may be shown."""
        size = next(iter(scored.values())).shape[1]
        tops = {name: top_k(masked(s.copy(), requests), min(depth, size)) for name, s in scored.items()}
        owners = np.repeat(np.arange(len(requests)), min(depth, size))
        keys = {name: owners * size + top.ravel() for name, top in tops.items()}
        valid = {name: top.ravel() >= 0 for name, top in tops.items()}
        union = np.sort(np.concatenate([keys[name][valid[name]] for name in tops]))
        union = union[np.diff(union, prepend=-1) > 0]  # numpy's `unique` takes three times as long
        ranks = {}
        for name in tops:
            own = np.zeros(len(union), dtype=np.int64)
            places = np.tile(np.arange(1, min(depth, size) + 1), len(requests))
            own[np.searchsorted(union, keys[name][valid[name]])] = places[valid[name]]
            ranks[name] = own
        return cls(union // size, union % size, ranks, len(requests))

    def __len__(self) -> int:
        return len(self.items)

    @cached_property
    def bounds(self) -> Numbers:
        """Where each request's candidates begin, (requests + 1,)."""
        return np.searchsorted(self.rows, np.arange(self.requests + 1)).astype(np.int64)

    @cached_property
    def distinct(self) -> tuple[Numbers, Numbers]:
        """The items that are candidates of some request, ascending, and which of them each candidate is."""
        there = np.zeros(int(self.items.max(initial=-1)) + 1, dtype=bool)
        there[self.items] = True
        return np.flatnonzero(there), (np.cumsum(there) - 1)[self.items]

    def hits(self, targets: Many[Numbers]) -> np.ndarray:
        """Which candidates are right answers, (candidates,) bool."""
        found = np.zeros(len(self), dtype=bool)
        for row, wanted in enumerate(targets):
            span = slice(self.bounds[row], self.bounds[row + 1])
            found[span] = np.isin(self.items[span], wanted)
        return found

    def reordered(self, base: Floats, values: Times) -> None:
        """Share out the base scores of each request's candidates by `values`, highest to highest; in place.

        Items that are no candidates keep their scores, so that what nobody re-ranked stays where it was. Equal base
        scores are told apart in the last digit.
        """
        sizes = np.diff(self.bounds)
        had, own = self._by_row(base[self.rows, self.items], -np.inf), self._by_row(values, -np.inf)
        first = np.argsort(-had, axis=1, kind="stable")
        shared = np.take_along_axis(had, first, axis=1)
        sizes = np.diff(self.bounds)
        there = np.arange(had.shape[1]) < sizes[:, None]
        for row in np.flatnonzero(((shared[:, 1:] == shared[:, :-1]) & there[:, 1:]).any(axis=1)):
            told_apart(shared[row, : sizes[row]])
        then = np.argsort(-np.take_along_axis(own, first, axis=1), axis=1, kind="stable")
        after = np.take_along_axis(
            self._by_row(self.items, -1), np.take_along_axis(first, then, axis=1), axis=1
        )
        base[self.rows, after[there]] = shared[there]

    def _by_row(self, values: NDArray[Any], blank: float) -> NDArray[Any]:
        """(requests, most candidates of one): what is known of each request's candidates, `blank` behind them."""
        sizes = np.diff(self.bounds)
        found = np.full((self.requests, int(sizes.max(initial=0))), blank, dtype=values.dtype)
        found[np.arange(found.shape[1]) < sizes[:, None]] = values
        return found


def told_apart(falling: Floats) -> None:
    """Make falling numbers strictly falling by the least possible, in place."""
    for place in range(1, len(falling)):
        below = np.nextafter(falling[place - 1], np.float32(-np.inf))
        falling[place] = min(falling[place], below)


def slate_gains(values: Times, hits: np.ndarray, bounds: Numbers, answers: Numbers, k: int = 10) -> Floats:
    """NDCG@k of each request, (requests,), when its candidates are ordered by `values`.

    `answers` says how many right answers each request has, those that are no candidates included. Equal values
    stand at their mean rank.
    """
    right = np.flatnonzero(hits)
    rows = np.searchsorted(bounds, right, side="right") - 1
    ranks = _mean_ranks(values, right, bounds[rows], bounds[rows + 1])
    seen = ranks < k
    result = np.bincount(rows[seen], weights=1.0 / np.log2(ranks[seen] + 2.0), minlength=len(bounds) - 1)
    ideal = np.cumsum(1.0 / np.log2(np.arange(k) + 2.0))
    return np.asarray(result / ideal[np.clip(answers, 1, k) - 1], dtype=np.float32)


def _mean_ranks(values: Times, places: Numbers, starts: Numbers, ends: Numbers) -> Times:
    """From 0: how many of `values[start:end]` are above the one at a place, equal ones counted half."""
    ranks = np.empty(len(places), dtype=np.float64)
    sizes = ends - starts
    pieces = np.cumsum(sizes) // AT_ONCE  # no more than about so many comparisons in memory
    edges = [0, *(np.flatnonzero(np.diff(pieces)) + 1).tolist(), len(places)]
    for low, high in pairwise(edges):
        if high > low:
            size = sizes[low:high]
            before = np.cumsum(size) - size
            own = values[np.arange(size.sum()) + np.repeat(starts[low:high] - before, size)]
            one = np.repeat(values[places[low:high]], size)
            ranks[low:high] = np.add.reduceat((own > one) + 0.5 * (own == one), before) - 0.5
    return ranks
