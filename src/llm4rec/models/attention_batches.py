"""Histories as flat arrays, and batches of them without padding. Knows neither models nor torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Dataset, EventContexts, Floats, History, Numbers, Request, Times, asked_codes
from llm4rec.models.contexts import from_bytes, in_bytes, occurring

GAPS = 32  # buckets of time: floor(log2 seconds) + 2, 0 is unknown
SPANS = np.exp2(np.arange(GAPS - 2))  # seconds at which the buckets behind the first begin
BINS = 10  # of values


@dataclass(frozen=True, eq=False)
class Events:
    """Positive events of many histories, one behind the other, oldest first; row r is bounds[r]:bounds[r + 1].

    `tokens` (events, sorts) are the codes of what is known of an event beside its item, 0 = unknown.
    """

    items: Numbers
    tokens: Numbers
    times: Times
    bounds: Numbers

    def __len__(self) -> int:
        return len(self.bounds) - 1

    @property
    def lengths(self) -> Numbers:
        """Events by row."""
        return np.diff(self.bounds)

    def take(self, rows: Numbers) -> Events:
        """The rows asked for, in that order."""
        lengths = self.lengths[rows]
        bounds = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        places = np.arange(bounds[-1]) + np.repeat(self.bounds[rows] - bounds[:-1], lengths)
        return Events(self.items[places], self.tokens[places], self.times[places], bounds)

    def renumbered(self, numbers: Numbers) -> Events:
        """The same events with item i called numbers[i]."""
        return Events(numbers[self.items], self.tokens, self.times, self.bounds)

    def pieces(self, length: int) -> Events:
        """Rows of at most `length` + 1 events, cut from the end; neighbours share one event.

        So every event but the first of a history is the next event of exactly one place. Rows of one event fall away.
        """
        starts, ends = [], []
        for start, end in zip(self.bounds[:-1].tolist(), self.bounds[1:].tolist(), strict=True):
            while end - start > 1:
                starts.append(max(start, end - length - 1))
                ends.append(end)
                end = starts[-1] + 1
        return Events(self.items, self.tokens, self.times, np.zeros(1, np.int64))._cut(starts, ends)

    def windows(self, length: int) -> tuple[Events, Numbers]:
        """Rows of at most `length` events, cut from the end and newest first, and which row each is of; none share an
        event. Empty rows fall away.
        """
        counts = -(-self.lengths // length)
        owners = np.repeat(np.arange(len(self)), counts)
        back = np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)
        ends = self.bounds[1:][owners] - back * length
        starts = np.maximum(self.bounds[:-1][owners], ends - length)
        return self._cut(starts.tolist(), ends.tolist()), owners

    def _cut(self, starts: Sequence[int], ends: Sequence[int]) -> Events:
        first, last = np.array(starts, dtype=np.int64), np.array(ends, dtype=np.int64)
        bounds = np.concatenate([[0], np.cumsum(last - first)]).astype(np.int64)
        places = np.arange(bounds[-1]) + np.repeat(first - bounds[:-1], last - first)
        return Events(self.items[places], self.tokens[places], self.times[places], bounds)


@dataclass(frozen=True)
class Tokens:
    """Codes of kinds, values, time gaps and contexts, as the training data has them; a sort that never differs is
    left out.

    `edges` part the values; an empty tuple leaves them out. `contexts` are words by name. 0 is what was never seen, or
    is not known.
    """

    kinds: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()
    gaps: bool = False
    contexts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Columns) -> Self:
        """What tells events apart in this data."""
        used = tuple(name for n, name in enumerate(rows.kind_names) if (rows.kinds == n).any())
        values = rows.values[np.isfinite(rows.values)]
        distinct = np.unique(values)
        if len(distinct) > BINS:
            distinct = np.unique(np.quantile(values, np.arange(BINS) / BINS))
        inside = gap_codes(rows.times, rows.bounds)
        inside = inside[inside > 0]
        return cls(
            used if len(used) > 1 else (),
            tuple(float(v) for v in distinct) if len(distinct) > 1 else (),
            bool(len(np.unique(inside)) > 1),
            {} if rows.contexts is None else occurring(rows.contexts),
        )

    @property
    def sizes(self) -> tuple[int, ...]:
        """Codes of each sort, 0 included."""
        kinds = (len(self.kinds) + 1,) if self.kinds else ()
        edges = (len(self.edges) + 1,) if self.edges else ()
        return (*kinds, *edges, *((GAPS,) if self.gaps else ()), *self.asked)

    @property
    def asked(self) -> tuple[int, ...]:
        """Codes of each context, 0 included: the last sorts, which are known of a question too."""
        return tuple(len(words) + 1 for words in self.contexts.values())

    def codes(self, rows: Columns) -> Numbers:
        """(events, sorts)."""
        sorts = []
        if self.kinds:
            known = {name: place + 1 for place, name in enumerate(self.kinds)}
            sorts.append(
                np.array([known.get(name, 0) for name in rows.kind_names], dtype=np.int64)[rows.kinds]
            )
        if self.edges:
            bins = np.searchsorted(np.array(self.edges, np.float32), rows.values, side="right").clip(1)
            sorts.append(np.where(np.isfinite(rows.values), bins, 0))
        if self.gaps:
            sorts.append(gap_codes(rows.times, rows.bounds))
        if self.contexts and rows.contexts is not None:
            sorts.extend(rows.contexts.coded(self.contexts).T)
        elif self.contexts:
            sorts.extend(np.zeros((len(self.contexts), len(rows.items)), np.int64))
        return np.array(sorts, np.int64).T if sorts else np.zeros((len(rows.items), 0), np.int64)

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays; words in bytes."""
        names = np.frombuffer("\n".join(self.kinds).encode(), dtype=np.uint8)
        plain: dict[str, NDArray[Any]] = {
            "kinds": names.copy(),
            "edges": np.array(self.edges, np.float32),
            "gaps": np.array([self.gaps], np.uint8),
        }
        return plain | ({"contexts": in_bytes(self.contexts)} if self.contexts else {})

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """The inverse of `state`."""
        names = state["kinds"].astype(np.uint8).tobytes().decode()
        edges = tuple(float(v) for v in state["edges"])
        contexts = from_bytes(state["contexts"]) if "contexts" in state else {}
        return cls(tuple(names.split("\n")) if names else (), edges, bool(state["gaps"][0]), contexts)


@dataclass(frozen=True, eq=False)
class Asked:
    """What is known of questions beside their histories: `times` (questions,), NaN unknown, and `contexts` (questions,
    columns), codes. None where a network does not look at it.
    """

    times: Times | None = None
    contexts: Numbers | None = None

    @classmethod
    def of(cls, requests: Sequence[Request], tokens: Tokens, time_aware: bool) -> Self:
        """What a network with these tokens may see of requests."""
        times = None
        if time_aware:
            times = np.array([np.nan if r.time is None else r.time for r in requests], np.float64)
        contexts = asked_codes([r.context for r in requests], tokens.contexts) if tokens.contexts else None
        return cls(times, contexts)


@dataclass(frozen=True, eq=False)
class Columns:
    """Raw columns of positive events, row by row; kinds index `kind_names`."""

    items: Numbers
    kinds: Numbers
    values: Floats
    times: Times
    kind_names: tuple[str, ...]
    bounds: Numbers
    contexts: EventContexts | None = None

    @classmethod
    def of(cls, histories: Sequence[History], window: int | None = None) -> Self:
        """The latest `window` positive events of each history (None: all)."""
        names: dict[str, int] = {}
        for history in histories:
            for name in history.kind_names:
                names.setdefault(name, len(names))
        parts = [_latest(history, window) for history in histories]
        recoded = [np.array([names[n] for n in p.kind_names], np.int64)[p.kinds] for p in parts]
        bounds = np.concatenate([[0], np.cumsum([len(p) for p in parts])]).astype(np.int64)

        def joined(rows: Sequence[NDArray[Any]], kind: type) -> NDArray[Any]:
            return np.concatenate([np.zeros(0, kind), *rows]).astype(kind)

        return cls(
            joined([p.items for p in parts], np.int64),
            joined(recoded, np.int64),
            joined([p.values for p in parts], np.float32),
            joined([p.timestamps for p in parts], np.float64),
            tuple(names),
            bounds,
            EventContexts.joined([p.contexts for p in parts], np.diff(bounds).tolist()),
        )

    @classmethod
    def of_liked(cls, history: History) -> Self:
        """A history of positive events as the only row."""
        h = history
        return cls(h.items, h.kinds, h.values, h.timestamps, h.kind_names, np.array([0, len(h)]), h.contexts)

    @classmethod
    def of_dataset(cls, dataset: Dataset) -> Self:
        """All positive events, a row a user."""
        rows = dataset.interactions.take(dataset.interactions.positive)
        bounds = np.searchsorted(rows.users, np.arange(len(dataset.users) + 1)).astype(np.int64)
        return cls(
            rows.items, rows.kinds, rows.values, rows.timestamps, rows.kind_names, bounds, rows.contexts
        )

    def events(self, tokens: Tokens) -> Events:
        """The same events with their codes."""
        return Events(self.items, tokens.codes(self), self.times, self.bounds)


def _latest(history: History, window: int | None) -> History:
    rows = np.flatnonzero(history.positive)
    return history.take(rows if window is None else rows[-window:])


def gap_codes(times: Times, bounds: Numbers) -> Numbers:
    """(events,): bucket of the time since the event before in the same row; 0 for the first."""
    codes = np.zeros(len(times), np.int64)
    if len(times):
        codes[1:] = time_codes(times[1:] - times[:-1])
        codes[bounds[bounds < len(times)]] = 0
    return codes


def time_codes(seconds: Times) -> Numbers:
    """Buckets 1 … GAPS - 1 of a span: 1 below a second, then doubling; 0 where it is not known (NaN)."""
    return np.where(np.isfinite(seconds), np.searchsorted(SPANS, seconds, side="right") + 1, 0)


@dataclass(frozen=True, eq=False)
class Group:
    """Rows of nearly one length: flat places `start`:`stop`, as a (rows, length) rectangle, filled from the left.

    `gather` (rows, length) are flat places, any place of the group behind the end of a row; `cells` are where in the rectangle
    the flat places stand; `lengths` (rows,) are those of the rows.
    """

    start: int
    stop: int
    gather: Numbers
    cells: Numbers
    lengths: Numbers


@dataclass(frozen=True, eq=False)
class Packed:
    """A batch: `events` with the longest rows first, and the rectangles in which they attend.

    All that is done place by place costs exactly one place an event; attention costs `slots`.
    """

    events: Events
    groups: tuple[Group, ...]
    order: Numbers

    @property
    def slots(self) -> int:
        """Cells of all rectangles."""
        return sum(group.gather.size for group in self.groups)


def pack(events: Events, waste: float = 0.1) -> Packed:
    """Rows sorted by length and parted so that no rectangle is filled by less than 1 - `waste` or so.

    The cells of a group are at most (1 + waste) times its events, whatever the lengths. Empty rows are not allowed.
    """
    order = np.argsort(-events.lengths, kind="stable")
    sorted_events = events.take(order)
    lengths, bounds = sorted_events.lengths, sorted_events.bounds
    groups, first = [], 0
    while first < len(order):
        rows = np.arange(1, len(order) - first + 1)
        cells = rows * lengths[first]
        filled = bounds[first + 1 :] - bounds[first]
        fits = cells <= (1.0 + waste) * filled
        last = first + int(np.flatnonzero(fits)[-1]) + 1
        groups.append(_group(bounds[first : last + 1]))
        first = last
    return Packed(sorted_events, tuple(groups), order)


def _group(bounds: Numbers) -> Group:
    lengths = np.diff(bounds)
    longest = int(lengths[0])
    inside = np.arange(longest) < lengths[:, None]  # (rows, longest)
    gather = np.where(inside, bounds[:-1, None] + np.arange(longest), bounds[0])
    return Group(int(bounds[0]), int(bounds[-1]), gather, np.flatnonzero(inside), lengths)
