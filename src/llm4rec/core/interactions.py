"""What people did: columns of interactions, one row an event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llm4rec.core.arrays import Floats, Numbers, Times
from llm4rec.core.contexts import EventContexts

NEGATIVE_KINDS = frozenset({"dislike", "hide", "skip", "impression", "remove"})


def is_positive(kinds: NDArray[np.int64], values: Floats, kind_names: Sequence[str]) -> NDArray[np.bool_]:
    """Which events speak for their item.

    A dislike, hide, skip or mere impression does not, and neither does a value of zero (an impression with
    value 1 was clicked; a click with value 0 did not happen). Every rating counts as an interaction, whatever
    its stars, as in the published protocols; ask the cleaning for a minimum rating to change that.
    """
    negative, rating, shown = _told_by(tuple(kind_names))
    happened = values != 0
    if not negative.any():
        return np.asarray(happened | rating[kinds])
    clicked_after_all = values > 0
    return np.where(negative[kinds], shown[kinds] & clicked_after_all, happened | rating[kinds])


@lru_cache(maxsize=64)
def _told_by(kind_names: tuple[str, ...]) -> tuple[NDArray[np.bool_], ...]:
    """Of each kind: whether it speaks against its item, is a rating, is a mere impression."""
    told = np.array(
        [(name in NEGATIVE_KINDS, name == "rating", name == "impression") for name in kind_names], dtype=bool
    )
    return tuple(told.reshape(-1, 3).T.copy())


DAY = 86_400.0  # seconds
REAL_TIME = 1e6  # a newest timestamp below this is an order, not a clock


@dataclass(frozen=True, eq=False)
class Interactions:
    """Columns of equal length, one row an event. Users and items are numbers.

    `kinds` index `kind_names`; `values` are stars, counts or NaN where the event has none; `timestamps`
    are seconds (UTC) or an order; `texts` (str or None) and `impressions` (the recommendation that an event
    answers) may be absent as a whole, and so may `contexts`, in which events happened.
    """

    users: Numbers
    items: Numbers
    kinds: Numbers
    values: Floats
    timestamps: Times
    kind_names: tuple[str, ...]
    texts: NDArray[Any] | None = None
    impressions: NDArray[Any] | None = None
    contexts: EventContexts | None = None

    def __post_init__(self) -> None:
        lengths = {len(c) for c in self._arrays().values()}
        lengths |= set() if self.contexts is None else {len(self.contexts)}
        if len(lengths) > 1:
            raise ValueError(f"columns of interactions have different lengths: {sorted(lengths)}")

    def __len__(self) -> int:
        return len(self.users)

    def _arrays(self) -> dict[str, NDArray[Any]]:
        names = ("users", "items", "kinds", "values", "timestamps", "texts", "impressions")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    @property
    def positive(self) -> NDArray[np.bool_]:
        """Which events speak for their item (see `is_positive`)."""
        return is_positive(self.kinds, self.values, self.kind_names)

    @cached_property
    def has_clock(self) -> bool:
        """Whether timestamps are seconds of a clock, not just an order; looked up once, for every request asks."""
        return len(self) > 0 and float(self.timestamps.max()) >= REAL_TIME

    def take(self, rows: NDArray[Any]) -> Interactions:
        """The rows asked for (numbers or a mask), in that order."""
        contexts = None if self.contexts is None else self.contexts.take(rows)
        taken = {name: values[rows] for name, values in self._arrays().items()}
        return replace(self, contexts=contexts, **taken)

    def context(self, row: int) -> dict[str, str]:
        """The context of one event, as a request would say it; empty where nothing is told."""
        return {} if self.contexts is None else self.contexts.told(row)

    def sorted(self) -> Interactions:
        """By user, then time, then the order in which they stand: stable, so that ties never move."""
        return self.take(np.lexsort((self.timestamps, self.users)))

    def is_sorted(self) -> bool:
        """True where rows stand in the order of `sorted`."""
        step, later = np.diff(self.users), np.diff(self.timestamps)
        return bool(np.all((step > 0) | ((step == 0) & (later >= 0))))

    def followed_by(self, other: Interactions) -> Interactions:
        """Both, one behind the other; kinds and contexts are matched by name."""
        names = (*self.kind_names, *(k for k in other.kind_names if k not in self.kind_names))
        recode = np.array([names.index(k) for k in other.kind_names], dtype=np.int64)
        columns: dict[str, Any] = {}
        for name in ("users", "items", "values", "timestamps"):
            columns[name] = np.concatenate([getattr(self, name), getattr(other, name)])
        columns["kinds"] = np.concatenate([self.kinds, recode[other.kinds] if len(other) else other.kinds])
        for name in ("texts", "impressions"):
            columns[name] = _joined(getattr(self, name), getattr(other, name), len(self), len(other))
        columns["contexts"] = EventContexts.joined([self.contexts, other.contexts], [len(self), len(other)])
        return Interactions(kind_names=names, **columns)

    @classmethod
    def of(
        cls, users: Sequence[int] | Numbers, items: Sequence[int] | Numbers, **columns: Any
    ) -> Interactions:
        """Interactions from plain sequences: kind 'click', no value and order as time where not given."""
        n = len(users)
        names = tuple(columns.get("kind_names", ("click",)))
        return cls(
            users=np.asarray(users, dtype=np.int64),
            items=np.asarray(items, dtype=np.int64),
            kinds=np.asarray(columns.get("kinds", np.zeros(n)), dtype=np.int64),
            values=np.asarray(columns.get("values", np.full(n, np.nan)), dtype=np.float32),
            timestamps=np.asarray(columns.get("timestamps", np.arange(n)), dtype=np.float64),
            kind_names=names,
            texts=columns.get("texts"),
            impressions=columns.get("impressions"),
            contexts=columns.get("contexts"),
        )


def _joined(
    first: NDArray[Any] | None, second: NDArray[Any] | None, first_rows: int, second_rows: int
) -> NDArray[Any] | None:
    if first is None and second is None:
        return None
    none = np.full
    return np.concatenate(
        [
            first if first is not None else none(first_rows, None, dtype=object),
            second if second is not None else none(second_rows, None, dtype=object),
        ]
    )
