"""What is taken now: counts of takings that fade, with several half-lives, each leaning on the next longer one. Knows no users' tastes.

Counts come from the store alone, in the order of time or not: a restart, and every worker, comes to the same.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import (
    DAY,
    Catalog,
    Dataset,
    Feedback,
    FitContext,
    Floats,
    Grows,
    History,
    Model,
    Numbers,
    Request,
    Store,
    Vocabulary,
)
from llm4rec.engine.live.exploring import speaks_for
from llm4rec.engine.live.serving import Serving

MOST_ITEMS = 200_000  # items with counts; beyond that the least lately taken are dropped
MOST_PAIRS = 200_000  # people and items of whom it is known when they last counted
AGAIN = DAY  # seconds after which the same person counts for the same item once more
FADED = 10.0  # half-lives after which a taking is nothing
CAP = 8.0  # a share that has grown by so much, or more, moves an item as far as it can be moved
FAR, NOTHING = 200.0, 1e-6  # half-lives after which counts move on; weight that is none
NOBODY = Request(History.of([]))
Reals = NDArray[np.float64]


@dataclass(eq=False)
class Trends:
    """Takings of items that lose half their weight every so many hours; the cost of an event does not depend on others.

    A person counts once a day for an item, so that nobody lifts one alone.
    """

    hours: tuple[float, ...]
    prior: float
    _counts: OrderedDict[str, Reals] = field(default_factory=OrderedDict)
    _pairs: OrderedDict[int, float] = field(default_factory=OrderedDict)
    _at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.hours = tuple(sorted(self.hours, reverse=True))
        self._rates = 1.0 / (3600.0 * np.array(self.hours))

    def __len__(self) -> int:
        return len(self._counts)

    @property
    def reach(self) -> float:
        """Seconds after which a taking is nothing by every half-life."""
        return FADED * 3600.0 * max(self.hours)

    def take(self, rows: Sequence[Feedback]) -> None:
        """Durable events; those that do not speak for their item are left out."""
        with self._lock:
            for row in rows:
                if speaks_for(row) and self._counts_again(row):
                    self._add(str(row.item), row.time)

    def shares(self, ids: Vocabulary, longest: Floats, now: float) -> Reals:
        """The share of takings that each item has now, (items,), adding up to 1.

        Each half-life's counts are smoothed by the shares of the next longer one, worth `prior` takings; the longest by
        those of `longest` (items,), what is known from before (MacKay and Peto 1995: a hierarchy of Dirichlet priors).
        """
        with self._lock:
            names, rows = list(self._counts), list(self._counts.values())
            numbers = ids.found(names)
            found = np.zeros((len(ids), len(self.hours)))
            if names:
                there = numbers >= 0
                found[numbers[there]] = np.array(rows)[there]
            fade = np.exp2((self._at - now) * self._rates)
        base = np.maximum(np.asarray(longest, dtype=np.float64), 0.0)
        shares = (base + 1e-9) / (base + 1e-9).sum()
        for counts in (found * fade).T:
            shares = (counts + self.prior * shares) / (counts.sum() + self.prior)
        return np.asarray(shares)

    def _counts_again(self, row: Feedback) -> bool:
        """Whether this person may count for this item; remembered."""
        pair = hash((str(row.user), str(row.item)))  # no ids are kept, so there are none to erase
        last = self._pairs.get(pair)
        if last is not None and abs(row.time - last) < AGAIN:
            return False
        self._pairs[pair] = row.time
        self._pairs.move_to_end(pair)
        if len(self._pairs) > MOST_PAIRS:
            self._pairs.popitem(last=False)
        return True

    def _add(self, item: str, time: float) -> None:
        """One more. Counts are as of `_at`, a moment that moves on seldom: so an event costs the same however many items."""
        if (time - self._at) * self._rates.max() > FAR:
            self._move(time)
        weight = np.exp2((time - self._at) * self._rates)
        known = self._counts.get(item)
        self._counts[item] = weight if known is None else known + weight
        self._counts.move_to_end(item)
        if len(self._counts) > MOST_ITEMS:
            self._counts.popitem(last=False)

    def _move(self, time: float) -> None:
        """All counts as of another moment, and those that are nothing dropped."""
        fade = np.exp2((self._at - time) * self._rates)
        moved = ((item, counts * fade) for item, counts in self._counts.items())
        self._counts = OrderedDict((item, counts) for item, counts in moved if counts.max() > NOTHING)
        self._at = time


class Now:
    """A last resort that knows what is taken now: shares of takings for everybody; grows as what it stands on does."""

    def __init__(self, base: Model, shares: Reals) -> None:
        self.base, self.config, self._shares = base, base.config, shares.astype(np.float32)

    def fit(self, dataset: Dataset, context: FitContext) -> Any:
        """What it stands on, fitted: trends come from the store."""
        return self.base.fit(dataset, context)

    def score(self, requests: Sequence[Request], items: Numbers | None = None) -> Floats:
        """(requests, items) float32."""
        return np.tile(self._shares if items is None else self._shares[items], (len(requests), 1))

    def grow(self, catalog: Catalog, context: FitContext) -> Any:
        """What it stands on, with the new items."""
        return self.base.grow(catalog, context) if isinstance(self.base, Grows) else self.base


def trended(serving: Serving, trends: Trends, weight: float, now: float) -> Serving:
    """The same with what is taken now: for people of whom nothing is known, and as a tilt for others."""
    fitted = serving.engine.fitted
    base = fitted.fallback.base if isinstance(fitted.fallback, Now) else fitted.fallback
    longest = base.score([NOBODY])[0]
    shares = trends.shares(fitted.catalog.ids, longest, now)
    changed = fitted.with_fallback(Now(base, shares))
    return replace(serving, engine=serving.engine.over(changed), tilt=tilt_of(shares, longest, weight))


def tilt_of(shares: Reals, longest: Floats, weight: float) -> Floats | None:
    """(items,) from -weight to weight: how far the share of an item has grown since; None where the weight is 0."""
    if not weight:
        return None
    before = np.maximum(longest.astype(np.float64), 0.0)
    # As if each item had been taken once more, so that an item that hardly anybody ever took is no trend by that.
    before = (before + 1.0) / (before + 1.0).sum()
    grown = np.log((shares + before.min()) / (before + before.min())) / np.log(CAP)
    return np.asarray(weight * np.clip(grown, -1.0, 1.0), dtype=np.float32)


def first_place(store: Store, tenant: str, since: float) -> int:
    """A place in the store behind which all events of after `since` stand, found by halving: rows come about in time.

    Events that were kept much later than they happened may stand before it: those have faded.
    """
    low, high = 0, store.clock()
    while high - low > 1:
        middle = (low + high) // 2
        rows = store.read(Feedback, tenant=tenant, after=middle, limit=1).rows
        if rows and rows[0].time < since:
            low = middle
        else:
            high = middle
    return low
