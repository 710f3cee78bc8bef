"""Moments in histories, and what another model answered there. Asks nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Self

import numpy as np
from numpy.typing import NDArray

from llm4rec.core.arrays import Floats, Numbers
from llm4rec.core.dataset import Dataset
from llm4rec.core.history import History
from llm4rec.core.known import joined_ranges
from llm4rec.core.request import Request


@dataclass(frozen=True, eq=False)
class Answers:
    """Lists of a teacher for histories of items that were liked, oldest first; row r is bounds[r]:bounds[r + 1].

    `lists` (rows, k) are item numbers, best first, -1 padded; `scores` (rows, k) are the teacher's. `following` (rows,)
    is what was taken next, -1 where that is not known. `places`, where they are told, are where the histories stood in the data
    set that the teacher answers from; user -1 for one that stands nowhere in it.
    """

    items: Numbers
    bounds: Numbers
    lists: Numbers
    scores: Floats
    following: Numbers
    places: Places | None = None

    def __post_init__(self) -> None:
        rows = len(self.bounds) - 1
        if not len(self.lists) == len(self.scores) == len(self.following) == rows:
            raise ValueError(
                f"{rows} histories, {len(self.lists)} lists, {len(self.scores)} scores, "
                f"{len(self.following)} next items"
            )

    def __len__(self) -> int:
        return len(self.bounds) - 1

    @classmethod
    def none(cls, items: Numbers, bounds: Numbers, following: Numbers, places: Places | None = None) -> Self:
        """Histories and what followed, without a teacher: the lists are empty."""
        lists = np.zeros((len(following), 0), np.int64)
        return cls(items, bounds, lists, lists.astype(np.float32), following, places)

    @property
    def stood(self) -> NDArray[np.bool_]:
        """Rows whose history stood somewhere in the data set, (rows,)."""
        return np.zeros(len(self), dtype=bool) if self.places is None else self.places.users >= 0

    def requests(self) -> list[Request]:
        """The question of each row: the whole history where it stood in the data set, what was liked where it did not."""
        return [
            self.places.request(row)
            if self.places is not None and stood
            else Request(History.of(self.items[self.bounds[row] : self.bounds[row + 1]]))
            for row, stood in enumerate(self.stood.tolist())
        ]

    def take(self, rows: Numbers) -> Answers:
        """The rows asked for, in that order."""
        places, bounds = joined_ranges(self.bounds[rows], self.bounds[rows + 1])
        stood = None if self.places is None else self.places.take(rows)
        return Answers(
            self.items[places], bounds, self.lists[rows], self.scores[rows], self.following[rows], stood
        )

    @classmethod
    def joined(cls, parts: Sequence[Answers]) -> Self:
        """All rows of several, in their order; their lists are equally long."""
        lengths = np.concatenate([np.diff(part.bounds) for part in parts])
        known = next((part.places.dataset for part in parts if part.places is not None), None)
        stood = [
            Places.nowhere(known, len(part)) if part.places is None else part.places
            for part in parts
            if known is not None
        ]
        return cls(
            np.concatenate([part.items for part in parts]),
            np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            np.concatenate([part.lists for part in parts]),
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.following for part in parts]),
            reduce(Places.followed_by, stood) if stood else None,
        )


@dataclass(frozen=True, eq=False)
class Places:
    """Moments in the histories of a data set: what user `users[r]` had done before interaction `ends[r]`.

    `following` (rows,) is the item of that interaction, -1 at the end of a history.
    """

    dataset: Dataset
    users: Numbers
    ends: Numbers
    following: Numbers

    def __len__(self) -> int:
        return len(self.users)

    @classmethod
    def nowhere(cls, dataset: Dataset, rows: int) -> Self:
        """No place in it, for so many rows."""
        return cls(dataset, *np.full((3, rows), -1, np.int64))

    @classmethod
    def before_events(cls, dataset: Dataset) -> Self:
        """Before every positive event of a user who had one already."""
        events = dataset.interactions
        rows = np.flatnonzero(events.positive)
        users = events.users[rows]
        later = np.zeros(len(users), dtype=bool)
        later[1:] = users[1:] == users[:-1]
        rows = rows[later]
        return cls(dataset, users[later], rows, events.items[rows])

    @classmethod
    def at_the_end(cls, dataset: Dataset, users: Numbers) -> Self:
        """After the last event of some users."""
        return cls(dataset, users, dataset.offsets[users + 1], np.full(len(users), -1, np.int64))

    def take(self, rows: Numbers) -> Places:
        """The rows asked for, in that order."""
        return Places(self.dataset, self.users[rows], self.ends[rows], self.following[rows])

    def followed_by(self, other: Places) -> Places:
        """Both, one behind the other; of the same data set."""
        names = ("users", "ends", "following")
        return Places(self.dataset, *(np.concatenate([getattr(self, n), getattr(other, n)]) for n in names))

    def request(self, row: int, n: int = 10) -> Request:
        """The question that was open there; whose it is, is not told."""
        i = self.dataset.interactions
        rows = slice(int(self.dataset.offsets[self.users[row]]), int(self.ends[row]))
        past = History(i.items[rows], i.kinds[rows], i.values[rows], i.timestamps[rows], i.kind_names)
        return Request(past, n=n)

    def unanswered(self, window: int) -> Answers:
        """The latest `window` items that were liked before each place, and what followed."""
        events = self.dataset.interactions
        before = np.concatenate([[0], np.cumsum(events.positive)]).astype(np.int64)
        starts, stops = before[self.dataset.offsets[self.users]], before[self.ends]
        rows, bounds = joined_ranges(np.maximum(starts, stops - window), stops)
        return Answers.none(events.items[events.positive][rows], bounds, self.following, self)
