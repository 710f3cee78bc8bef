"""What a stacker may know of a request and a candidate beside the scores of its inputs: features, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Sequence as Many
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import DAY, Dataset, FitContext, Floats, Numbers, Request, Sparse, Times
from llm4rec.models.content import ItemContent
from llm4rec.models.habits import PRIOR, Habits
from llm4rec.models.looked import Looked
from llm4rec.models.maps import part, read_sparse, sparse_state, under
from llm4rec.models.slates import Slates

WINDOWS = (1.0, 7.0, 30.0)  # days of popularity by window
MOMENTS = 8  # part of day (4) x weekend or not
DECAY = 10.0
Column: TypeAlias = Callable[[], NDArray[Any]]  # a feature of all candidates, made when it is asked for


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

    def features(
        self,
        slates: Slates,
        scored: Mapping[str, Floats],
        requests: Many[Request],
        wanted: Many[int] | None = None,
    ) -> Floats:
        """(candidates, features) float32, columns as in `names`; with `wanted`, columns that are not in it are zeros."""
        looked = Looked(slates, requests, self.text, self.attributes)
        columns = [*self._of_inputs(looked, scored), *self._likeness(looked), *self._of_items(looked)]
        columns += [*self._of_asker(looked), *self._habits_of(looked)]
        found = np.zeros((len(slates), len(columns)), dtype=np.float32)
        for column in range(len(columns)) if wanted is None else wanted:
            found[:, column] = columns[column]()
        return found

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

    def _of_inputs(self, looked: Looked, scored: Mapping[str, Floats]) -> Iterator[Column]:
        """Scores and ranks."""
        slates = looked.slates
        yield from (partial(lambda s: s[slates.rows, slates.items], said) for said in scored.values())
        yield from (
            partial(lambda r: np.where(r > 0, 1.0 / np.maximum(r, 1), 0.0), ranks)
            for ranks in slates.ranks.values()
        )

    def _likeness(self, looked: Looked) -> Iterator[Column]:
        """How near candidates are to the latest event, to the closest of some, and to the fading history."""
        if self.text.shape[1]:
            yield from (partial(looked.text_near, 0.01, 1), looked.closest)
            yield from (partial(looked.text_near, 1e6, 3), partial(looked.text_near, DECAY, 100))
        if self.attributes.shape[1]:
            yield from (partial(looked.shared, 0.01, 1), partial(looked.shared, DECAY, 100))

    def _of_items(self, looked: Looked) -> Iterator[Column]:
        """What is known of candidates whoever asks."""
        items = looked.slates.items
        for said in (self.fame, *self.recent.T, *self.age.T):
            yield partial(said.__getitem__, items)

    def _of_asker(self, looked: Looked) -> Iterator[Column]:
        """Log history length, the mean popularity of the history, and the item's against that."""
        rows, items = looked.slates.rows, looked.slates.items

        def usual() -> NDArray[Any]:
            return np.array([self.fame[i].mean() if len(i) else 0.0 for i in looked.liked])[rows]

        yield lambda: np.log1p([len(items) for items in looked.liked])[rows]
        yield usual
        yield lambda: self.fame[items] - usual()

    def _habits_of(self, looked: Looked) -> Iterator[Column]:
        """What is taken at such a time and in such a context."""
        slates, requests = looked.slates, looked.requests
        if self.time_aware:
            yield from (partial(lambda n: self._time(slates, requests)[n], n) for n in range(2))
        for n in range(len(self.habits.names())):
            yield partial(lambda n: self.habits.features(slates.rows, slates.items, requests)[n], n)

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
