"""Moments in histories, and what another model answered there. Asks nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from llm4rec.core.arrays import Floats, Numbers
from llm4rec.core.dataset import Dataset
from llm4rec.core.history import History
from llm4rec.core.known import joined_ranges
from llm4rec.core.request import Request


@dataclass(frozen=True, eq=False)
class Answers:
    """Lists of a teacher for histories of items that were liked, oldest first; row r is bounds[r]:bounds[r + 1].

    `lists` (rows, k) are item numbers, best first, -1 padded; `scores` (rows, k) are the teacher's. `following` (rows,)
    is what was taken next, -1 where that is not known.
    """

    items: Numbers
    bounds: Numbers
    lists: Numbers
    scores: Floats
    following: Numbers

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
    def none(cls, items: Numbers, bounds: Numbers, following: Numbers) -> Self:
        """Histories and what followed, without a teacher: the lists are empty."""
        rows = len(following)
        return cls(items, bounds, np.zeros((rows, 0), np.int64), np.zeros((rows, 0), np.float32), following)

    def take(self, rows: Numbers) -> Answers:
        """The rows asked for, in that order."""
        places, bounds = joined_ranges(self.bounds[rows], self.bounds[rows + 1])
        return Answers(self.items[places], bounds, self.lists[rows], self.scores[rows], self.following[rows])

    @classmethod
    def joined(cls, parts: Sequence[Answers]) -> Self:
        """All rows of several, in their order; their lists are equally long."""
        lengths = np.concatenate([np.diff(part.bounds) for part in parts])
        return cls(
            np.concatenate([part.items for part in parts]),
            np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            np.concatenate([part.lists for part in parts]),
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.following for part in parts]),
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
        return Answers.none(events.items[events.positive][rows], bounds, self.following)
