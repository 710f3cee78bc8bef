"""Questions of many known users as columns. Knows nothing of models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import overload

import numpy as np
from numpy.typing import NDArray

from llm4rec.core.arrays import Numbers
from llm4rec.core.dataset import Dataset
from llm4rec.core.history import History
from llm4rec.core.request import Request, SeenRule


@dataclass(frozen=True, eq=False)
class KnownUsers(Sequence[Request]):
    """One request a user of a data set, by user number; a `Request` is made only when it is looked at.

    Whoever needs all histories at once reads `events` and makes no object a user.
    """

    dataset: Dataset
    users: Numbers
    n: int = 10
    seen: SeenRule = "exclude"

    def __len__(self) -> int:
        return len(self.users)

    @overload
    def __getitem__(self, place: int) -> Request: ...
    @overload
    def __getitem__(self, place: slice) -> KnownUsers: ...
    def __getitem__(self, place: int | slice) -> Request | KnownUsers:
        if isinstance(place, slice):
            return replace(self, users=self.users[place])
        user = int(self.users[place])
        return Request(self.dataset.history(user), user=user, n=self.n, seen=self.seen)

    def __iter__(self) -> Iterator[Request]:
        return (self[place] for place in range(len(self)))

    @cached_property
    def events(self) -> tuple[History, Numbers]:
        """The events of all users, one behind the other as one history, and where each user begins (users + 1,)."""
        offsets = self.dataset.offsets
        rows, bounds = joined_ranges(offsets[self.users], offsets[self.users + 1])
        return History.from_rows(self.dataset.interactions, rows), bounds


def joined_ranges(starts: Numbers, stops: Numbers) -> tuple[NDArray[np.int64] | slice, Numbers]:
    """All numbers of the ranges start <= x < stop, one range behind the other, and where each begins (ranges + 1,).

    Ranges that follow each other without a gap come back as one slice.
    """
    bounds = np.zeros(len(starts) + 1, dtype=np.int64)
    np.cumsum(stops - starts, out=bounds[1:])
    if len(starts) and np.array_equal(starts[1:], stops[:-1]):
        return slice(int(starts[0]), int(stops[-1])), bounds
    return np.arange(bounds[-1]) + np.repeat(starts - bounds[:-1], np.diff(bounds)), bounds
