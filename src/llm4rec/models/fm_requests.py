"""Requests as the arrays that a fold-in needs: distinct histories with their values, sets, attributes and visits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from llm4rec.core import DAY, REAL_TIME, History, Numbers, Request, Sparse, no_entries
from llm4rec.models.fm_blocks import Examples, Meaning, days, examples_of, sets, valued

NO_VISIT = -1


@dataclass(frozen=True)
class Batch:
    """Distinct histories and which one each request brings.

    Events of history h are rows bounds[h] to bounds[h + 1]; `visits` numbers the days of all histories, NO_VISIT where
    time is unknown. `owners` is the history of each request, `today` the visit that it falls into: one of those, or
    NO_VISIT for a day on which nothing is known, or, for a request without a time, `visited` + history: some visit of
    that history, which each of its events tells as much of (`shares`).
    """

    bounds: Numbers
    items: Numbers
    values: NDArray[np.float64]
    visits: Numbers
    design: Sparse  # (histories, set + attributes)
    owners: Numbers
    today: Numbers
    shares: Sparse  # (histories, visits)
    events: Numbers  # (requests,) events with a value

    @property
    def histories(self) -> int:
        """How many distinct ones there are."""
        return len(self.bounds) - 1

    @property
    def visited(self) -> int:
        """How many visits there are in all histories."""
        return int(self.shares.shape[1])


@dataclass(frozen=True)
class Reader:
    """How histories are read: what values mean, whether days count, what is known of users by number."""

    meaning: Meaning
    items: int
    dated: bool
    with_sets: bool
    people: Sparse

    def read(self, requests: Sequence[Request]) -> Batch:
        """The batch of some requests; the same history object of the same user is folded in once."""
        keys = [(id(r.history), self._known(r.user)) for r in requests]
        place = {key: n for n, key in enumerate(dict.fromkeys(keys))}
        firsts = {place[key]: r for key, r in zip(keys, requests, strict=True)}
        distinct = [firsts[n] for n in range(len(place))]
        found = [self._examples(r.history) for r in distinct]
        owners = np.array([place[key] for key in keys], dtype=np.int64)
        visits, shares, today = self._visits(found, owners, requests)
        sizes = np.array([len(one) for one in found], dtype=np.int64)
        return Batch(
            bounds=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            items=_joined([one.items for one in found]),
            values=np.concatenate([*(one.values for one in found), np.zeros(0)]),
            visits=visits,
            design=self._design(distinct, found),
            owners=owners,
            today=today,
            shares=shares,
            events=sizes[owners],
        )

    def grown(self, further: int) -> Self:
        """With so many more items."""
        return replace(self, items=self.items + further)

    def _known(self, user: int) -> int:
        return user if user < self.people.shape[0] else -1

    def _examples(self, history: History) -> Examples:
        """The events with a value; where things were only taken, with drawn zeros that depend on them alone."""
        rng = np.random.default_rng(np.sort(history.liked)) if self.meaning == "taken" else _NO_DRAWS
        known = history.take(np.flatnonzero(history.items < self.items))
        return examples_of(known.interactions(), self.meaning, self.items, rng)

    def _design(self, requests: Sequence[Request], found: Sequence[Examples]) -> Sparse:
        parts = []
        if self.with_sets:
            taken = [self._set(r.history, one) for r, one in zip(requests, found, strict=True)]
            rows = np.repeat(np.arange(len(taken)), [len(t) for t in taken])
            parts.append(sets(rows, _joined(taken), (len(taken), self.items)))
        known = [self._known(r.user) for r in requests]
        blank = sparse.csr_matrix((1, self.people.shape[1]))
        parts.append(sparse.csr_matrix(sparse.vstack([self.people, blank]))[known])
        return sparse.csr_matrix(sparse.hstack(parts, format="csr", dtype=np.float64))

    def _set(self, history: History, found: Examples) -> Numbers:
        """What the history holds: rated or shown things, and those taken without a value."""
        rows = history.interactions()
        unvalued = history.items[rows.positive & ~valued(rows, self.meaning)]
        return np.unique(np.concatenate([found.items, unvalued[unvalued < self.items]]))

    def _visits(
        self, found: Sequence[Examples], owners: Numbers, requests: Sequence[Request]
    ) -> tuple[Numbers, Sparse, Numbers]:
        """Number of the visit of each event, share of each visit in each history, and the visit of each request."""
        sizes = [len(one) for one in found]
        if not self.dated:
            return np.full(sum(sizes), NO_VISIT), no_entries(len(found), 0), np.full(len(owners), NO_VISIT)
        known: dict[tuple[int, int], int] = {}
        visits = [
            known.setdefault((h, day), len(known)) if time >= REAL_TIME else NO_VISIT
            for h, one in enumerate(found)
            for day, time in zip(days(one.times).tolist(), one.times.tolist(), strict=True)
        ]
        events = np.array(visits, dtype=np.int64)
        real = events >= 0
        rows = np.repeat(np.arange(len(found)), sizes)[real]
        shares = sparse.csr_matrix((np.ones(len(rows)), (rows, events[real])), shape=(len(found), len(known)))
        totals = np.maximum(np.asarray(shares.sum(axis=1)).ravel(), 1.0)
        some = [
            len(known) + h if shares.indptr[h] < shares.indptr[h + 1] else NO_VISIT for h in range(len(found))
        ]
        today = [
            some[h] if r.time is None else known.get((h, int(r.time // DAY)), NO_VISIT)
            for h, r in zip(owners.tolist(), requests, strict=True)
        ]
        return (
            events,
            sparse.csr_matrix(shares.multiply(1.0 / totals[:, None])),
            np.array(today, dtype=np.int64),
        )


_NO_DRAWS = np.random.default_rng(0)


def _joined(parts: Sequence[Numbers]) -> Numbers:
    return np.concatenate([*parts, np.zeros(0, np.int64)])
