"""The events of one user, oldest first: all that a model may know of a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from llm4rec.core.arrays import Floats, Numbers, Times
from llm4rec.core.contexts import EventContexts
from llm4rec.core.interactions import Interactions, is_positive


@dataclass(frozen=True, eq=False)
class History:
    """Items, kinds, values, times and contexts of one user's events, oldest first. A user is a history, not a row."""

    items: Numbers
    kinds: Numbers
    values: Floats
    timestamps: Times
    kind_names: tuple[str, ...]
    contexts: EventContexts | None = None

    def __len__(self) -> int:
        return len(self.items)

    @cached_property
    def positive(self) -> NDArray[np.bool_]:
        """Which events speak for their item (see `is_positive`)."""
        return is_positive(self.kinds, self.values, self.kind_names)

    @cached_property
    def liked(self) -> Numbers:
        """Item numbers of the events that speak for their item, oldest first; repeats stay."""
        return self.items[self.positive]

    def take(self, rows: slice | Numbers) -> History:
        """The events asked for."""
        taken = History(
            self.items[rows],
            self.kinds[rows],
            self.values[rows],
            self.timestamps[rows],
            self.kind_names,
            None if self.contexts is None else self.contexts.take(rows),
        )
        if "positive" in self.__dict__:  # what was found out once is not found out for each part again
            taken.__dict__["positive"] = self.positive[rows]
        return taken

    def followed_by(self, other: History) -> History:
        """Both, one behind the other."""
        both = self.interactions().followed_by(other.interactions())
        return History.from_rows(both, slice(None))

    def interactions(self, user: int = 0) -> Interactions:
        """The same events as interactions of one user."""
        users = np.full(len(self), user, dtype=np.int64)
        return Interactions(
            users,
            self.items,
            self.kinds,
            self.values,
            self.timestamps,
            self.kind_names,
            contexts=self.contexts,
        )

    @classmethod
    def from_rows(cls, events: Interactions, rows: slice | Numbers) -> History:
        """Some rows of interactions, whoever's they are."""
        return cls(
            events.items[rows],
            events.kinds[rows],
            events.values[rows],
            events.timestamps[rows],
            events.kind_names,
            None if events.contexts is None else events.contexts.take(rows),
        )

    @classmethod
    def of(
        cls,
        items: Sequence[int] | Numbers,
        timestamps: Sequence[float] | None = None,
        contexts: EventContexts | None = None,
    ) -> History:
        """A bare history: item numbers, oldest first, as clicks; their order is their time unless given."""
        n = len(items)
        return cls(
            np.asarray(items, dtype=np.int64),
            np.zeros(n, dtype=np.int64),
            np.full(n, np.nan, dtype=np.float32),
            np.arange(n, dtype=np.float64)
            if timestamps is None
            else np.asarray(timestamps, dtype=np.float64),
            ("click",),
            contexts,
        )
