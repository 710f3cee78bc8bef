"""What a stacker may know of a request and a candidate beside the scores of its inputs: features, by name."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Many
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import DAY, Dataset, FitContext, Floats, Numbers, Request, Sparse, Times, as_csr
from llm4rec.models.content import ItemContent
from llm4rec.models.habits import PRIOR, Habits
from llm4rec.models.histories import recency_matrix
from llm4rec.models.maps import part, read_sparse, sparse_state, under
from llm4rec.models.slates import Slates

WINDOWS = (1.0, 7.0, 30.0)  # days of popularity by window
LOOKED_AT = 10  # latest events whose texts a candidate is compared with
MOMENTS = 8  # part of day (4) x weekend or not
DECAY = 10.0


@dataclass(frozen=True, eq=False)
class Evidence:
    """Features of the items fitted on: texts, attributes, popularity by window, age, and when they are taken.

    `recent` is (items, windows) and `age` (items,) in days, both without columns where times are only an order;
    `moments` (items, MOMENTS) is the log lift of an item at a part of the day, `habits` those in contexts.
    """

    text: Floats
    attributes: Sparse
    fame: Floats
    recent: Floats
    age: Floats
    moments: Floats
    habits: Habits

    @property
    def time_aware(self) -> bool:
        """Whether requests are looked at for when they are made."""
        return bool(self.moments.shape[1])

    @classmethod
    def read(cls, dataset: Dataset, context: FitContext, time_aware: bool) -> Evidence:
        """From the catalog's content and the positive events of a data set."""
        content = ItemContent.read(dataset.catalog, context)
        events = dataset.interactions.take(dataset.interactions.positive)
        size = len(dataset.catalog)
        fame = np.log1p(dataset.counts).astype(np.float32)
        habits, nothing = Habits.of(events, size), np.zeros((size, 0), np.float32)
        if not events.has_clock:
            return cls(content.text, content.attributes, fame, nothing, nothing, nothing, habits)
        age = (events.timestamps.max() - events.timestamps) / DAY
        windows = [np.bincount(events.items, age <= days, minlength=size) for days in WINDOWS]
        first = np.zeros(size)
        np.maximum.at(first, events.items, age)
        return cls(
            content.text,
            content.attributes,
            fame,
            np.log1p(np.stack(windows, axis=1)).astype(np.float32),
            np.log1p(first).astype(np.float32)[:, None],
            _habits(events.items, events.timestamps, size) if time_aware else nothing,
            habits,
        )

    def features(self, slates: Slates, scored: Mapping[str, Floats], requests: Many[Request]) -> Floats:
        """(candidates, features) float32, columns as in `names`."""
        rows, items = slates.rows, slates.items
        columns = [s[rows, items] for s in scored.values()]
        columns += [np.where(r > 0, 1.0 / np.maximum(r, 1), 0.0) for r in slates.ranks.values()]
        columns += self._likeness(slates, requests)
        columns += [self.fame[items], *self.recent[items].T, *self.age[items].T]
        columns += [column[rows] for column in self._asker(requests)]
        columns.append(self.fame[items] - columns[-1])
        if self.time_aware:
            columns += self._time(slates, requests)
        columns += self.habits.features(slates.rows, slates.items, requests)
        return np.stack(columns, axis=1).astype(np.float32)

    def names(self, inputs: Many[str]) -> list[str]:
        """Names of the columns of `features`."""
        return [
            *(f"score of {name}" for name in inputs),
            *(f"1 / rank of {name}" for name in inputs),
            *(
                ("text, latest", "text, closest", "text, mean of 3", "text, fading")
                if self.text.shape[1]
                else ()
            ),
            *(("attributes, latest", "attributes, fading") if self.attributes.shape[1] else ()),
            "popularity",
            *(f"popularity, {days:g} days" for days in WINDOWS[: self.recent.shape[1]]),
            *(["age"] if self.age.shape[1] else []),
            "history length",
            "popularity of the history",
            "popularity against the history",
            *(["time since the last event", "habit of the moment"] if self.time_aware else []),
            *self.habits.names(),
        ]

    def _likeness(self, slates: Slates, requests: Many[Request]) -> list[NDArray[Any]]:
        """How near candidates are to the latest event, to the closest of some, and to the fading history."""
        size = len(self.fame)
        fading = recency_matrix(requests, size, DECAY, 100)
        latest = recency_matrix(requests, size, 0.01, 1)
        columns: list[NDArray[Any]] = []
        if self.text.shape[1]:
            three = recency_matrix(requests, size, 1e6, 3)
            profiles = [_unit(m @ self.text) for m in (latest, three, fading)]
            near = [_dots(profile, self.text, slates) for profile in profiles]
            columns += [near[0], self._closest(slates, requests), near[1], near[2]]
        if self.attributes.shape[1]:
            columns += [self._shared(m, slates) for m in (latest, fading)]
        return columns

    def _closest(self, slates: Slates, requests: Many[Request]) -> NDArray[Any]:
        """The highest cosine with one of the latest events."""
        best = np.zeros(len(slates), np.float32)
        for row, request in enumerate(requests):
            span = slice(slates.bounds[row], slates.bounds[row + 1])
            latest = request.history.liked[-LOOKED_AT:]
            if len(latest) and span.stop > span.start:
                best[span] = (self.text[slates.items[span]] @ self.text[latest].T).max(axis=1)
        return best

    def _shared(self, weights: Sparse, slates: Slates) -> NDArray[Any]:
        """Attributes that candidates share with a weighted history."""
        taste = as_csr(weights @ self.attributes)
        lengths = np.sqrt(np.asarray(taste.multiply(taste).sum(axis=1)).ravel())
        dense = np.asarray((taste @ self.attributes.T).todense())
        return np.asarray(dense[slates.rows, slates.items] / np.maximum(lengths, 1e-9)[slates.rows])

    def _asker(self, requests: Many[Request]) -> list[NDArray[Any]]:
        """By request: log history length and the mean popularity of the history."""
        liked = [r.history.liked for r in requests]
        return [
            np.log1p([len(items) for items in liked]),
            np.array([self.fame[items].mean() if len(items) else 0.0 for items in liked]),
        ]

    def _time(self, slates: Slates, requests: Many[Request]) -> list[NDArray[Any]]:
        """Log hours since the last event, and the items' habit of the moment; missing where no time is told."""
        gaps, moments = np.full(len(requests), np.nan), np.full(len(requests), -1)
        for row, request in enumerate(requests):
            if request.time is not None and len(request.history):
                gaps[row] = np.log1p(max(request.time - float(request.history.timestamps[-1]), 0.0) / 3600)
                moments[row] = _moment(np.array([request.time]))[0]
        asked = moments[slates.rows]
        habit = np.where(asked >= 0, self.moments[slates.items, np.maximum(asked, 0)], np.nan)
        return [gaps[slates.rows], habit]

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays."""
        names = ("text", "fame", "recent", "age", "moments")
        dense = {name: getattr(self, name) for name in names}
        attributes = under("attributes", sparse_state(self.attributes))
        return dense | attributes | under("habits", self.habits.state())

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Evidence:
        """The inverse of `state`."""
        fame, recent, age, moments = (state[name] for name in ("fame", "recent", "age", "moments"))
        habits = Habits.from_state(part("habits", state), len(state["fame"]))
        attributes = read_sparse(part("attributes", state))
        return cls(state["text"], attributes, fame, recent, age, moments, habits)


def _habits(items: Numbers, timestamps: Times, size: int) -> Floats:
    """(items, MOMENTS): log of how much oftener an item is taken at a moment than items are on the whole."""
    counts = np.zeros((size, MOMENTS))
    np.add.at(counts, (items, _moment(timestamps)), 1.0)
    usual = (counts.sum(axis=0) + 1.0) / (counts.sum() + MOMENTS)
    share = (counts + PRIOR * usual) / (counts.sum(axis=1, keepdims=True) + PRIOR)
    return np.asarray(np.log(share / usual), dtype=np.float32)


def _moment(timestamps: Times) -> Numbers:
    """Part of the day (night, morning, afternoon, evening; UTC) and weekend or not, as one number."""
    hours, days = np.floor(timestamps / 3600) % 24, np.floor(timestamps / DAY)
    weekend = (days + 4) % 7  # 1 January 1970 was a Thursday; Monday is 1 here
    return np.asarray(hours // 6 + 4 * ((weekend == 6) | (weekend == 0)), dtype=np.int64)


def _unit(profiles: Any) -> Floats:
    lengths = np.linalg.norm(profiles, axis=1, keepdims=True)
    return np.asarray(profiles / np.maximum(lengths, 1e-9), dtype=np.float32)


def _dots(profiles: Floats, vectors: Floats, slates: Slates) -> NDArray[Any]:
    """Cosine of each candidate with its request's profile, in blocks of bounded memory."""
    step = 200_000
    parts = [
        np.einsum("ij,ij->i", profiles[slates.rows[at : at + step]], vectors[slates.items[at : at + step]])
        for at in range(0, len(slates), step)
    ]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)
