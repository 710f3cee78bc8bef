"""What is taken lately, and how many days back foretell best what comes next. Knows no one's taste."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import DAY, Dataset, Floats, History, Interactions, Numbers, Times

WINDOWS = (365.0, 180.0, 90.0, 60.0, 30.0, 14.0, 7.0)  # days
CUTS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)  # shares of the events; what is popular at one is asked until the next
ASKED = 50  # people who come new between the cuts, without whom all of time is as good as any
LIST = 10


@dataclass(frozen=True, eq=False)
class Trend:
    """Events of the last `days` before the newest of them, and of as many days more: those that may become the last when
    newer ones are forgotten. `times` ascend.
    """

    days: float
    items: Numbers
    times: Times

    @classmethod
    def of(cls, events: Interactions, days: float) -> Trend:
        """From positive events with a clock."""
        return cls._kept(days, events.items, events.timestamps)

    @classmethod
    def _kept(cls, days: float, items: Numbers, times: Times) -> Trend:
        order = np.argsort(times, kind="stable")
        times = times[order]
        late = times >= (times[-1] if len(times) else 0.0) - 2 * days * DAY
        return cls(days, items[order][late], times[late])

    def counts(self, size: int) -> Floats:
        """(size,): events of each item in the last days."""
        late = self.times >= (self.times[-1] if len(self.times) else 0.0) - self.days * DAY
        return np.bincount(self.items[late], minlength=size).astype(np.float32)

    def among(self, items: Numbers) -> Trend:
        """The trend of some items, renumbered in that order."""
        place = np.full(int(max(self.items.max(initial=0), items.max(initial=0))) + 1, -1, dtype=np.int64)
        place[items] = np.arange(len(items))
        kept = place[self.items] >= 0
        return Trend(self.days, place[self.items[kept]], self.times[kept])

    def moved(self, before: Sequence[History], after: Sequence[History]) -> Trend:
        """The trend with the positive events of `before` taken out and those of `after` put in."""
        items, times = _liked(before)
        left = np.ones(len(self.items), dtype=bool)
        for item, time in zip(items.tolist(), times.tolist(), strict=True):
            span = slice(*np.searchsorted(self.times, [time, np.nextafter(time, np.inf)]))
            same = np.flatnonzero(left[span] & (self.items[span] == item))
            if len(same):
                left[span.start + same[0]] = False
        items, times = _liked(after)
        return self._kept(
            self.days, np.concatenate([self.items[left], items]), np.concatenate([self.times[left], times])
        )

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays."""
        return {"days": np.array([self.days]), "items": self.items, "times": self.times}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Trend:
        """The inverse of `state`."""
        return cls(float(state["days"][0]), state["items"], state["times"])


def _liked(histories: Sequence[History]) -> tuple[Numbers, Times]:
    items = [np.zeros(0, np.int64), *(h.liked for h in histories)]
    times = [np.zeros(0), *(h.timestamps[h.positive] for h in histories)]
    return np.concatenate(items), np.concatenate(times)


def best_window(dataset: Dataset) -> float | None:
    """The days back whose most popular items are the best list for people who come next; None is all of time.

    Asked of the past: at several moments, NDCG@10 of the list for everyone who came between that moment and the
    next. People who are new are asked because others are answered by their history.
    """
    events = dataset.interactions.take(dataset.interactions.positive)
    if not events.has_clock:
        return None
    came = np.full(len(dataset.users), np.inf)
    np.minimum.at(came, events.users, events.timestamps)
    moments = np.quantile(events.timestamps, CUTS, method="lower")
    moments[-1] = np.inf
    windows = (None, *WINDOWS)
    rounds = [
        _gains(events, came, begin, end, windows, len(dataset.catalog))
        for begin, end in itertools.pairwise(moments.tolist())
    ]
    found = np.concatenate(rounds, axis=1)
    if found.shape[1] < ASKED:
        return None
    return windows[int(found.mean(axis=1).argmax())]  # the first, and so the longest, wins ties


def _gains(
    events: Interactions,
    came: Times,
    begin: float,
    end: float,
    windows: Sequence[float | None],
    size: int,
) -> Floats:
    """(windows, people): NDCG@10 of each window's list for everyone who came between two moments."""
    discounts = 1.0 / np.log2(np.arange(LIST) + 2.0)
    asked = (events.timestamps >= begin) & (events.timestamps < end) & (came[events.users] >= begin)
    pairs = np.unique(events.users[asked] * size + events.items[asked])
    people, own = np.unique(pairs // size, return_inverse=True)
    ideal = np.cumsum(discounts)[np.clip(np.bincount(own, minlength=len(people)), 1, LIST) - 1]
    result = np.zeros((len(windows), len(people)), np.float32)
    for row, window in enumerate(windows):
        since = -np.inf if window is None else begin - window * DAY
        past = (events.timestamps < begin) & (events.timestamps >= since)
        best = np.argsort(-np.bincount(events.items[past], minlength=size), kind="stable")[:LIST]
        worth = np.zeros(size)
        worth[best] = discounts[: len(best)]
        result[row] = np.bincount(own, worth[pairs % size], minlength=len(people)) / ideal
    return result
