"""One figure with its interval, or why there is none; courses over time. Knows no store and no engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from llm4rec.core import Numbers, Times
from llm4rec.core.errors import CannotSayError
from llm4rec.evaluation.ratios import LEAST, ratio
from llm4rec.evaluation.samples import people

HOUR = 3_600


@dataclass(frozen=True)
class Figure:
    """A share or a mean with its 95 % interval over people.

    `count` rows of `people` stand behind it, and `why` says why there is no interval (`low`, `high` None) or no `value`.
    """

    value: float | None
    low: float | None
    high: float | None
    count: int
    people: int
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Point:
    """A figure from `time` (UTC seconds) until the next point."""

    time: float
    figure: Figure

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"time": self.time, **self.figure.as_json()}


@dataclass(frozen=True)
class Signal:
    """Whether something has shifted: `value` beyond `limit` is an alarm; `why` says what was compared."""

    name: str
    state: str
    value: float | None
    limit: float | None
    why: str

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def figure(above: Times, below: Times, users: Numbers) -> Figure:
    """Σ above / Σ below with its interval by person; all (rows,), users -1 where unknown.

    No interval stands where fewer than 20 people are there, or fewer than 20 rows differ from the rest: then it would
    be narrower than what is known.
    """
    top, total = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    rows, whole = int((total > 0).sum()), float(total.sum())
    who = len(np.unique(people(users))) if len(users) else 0
    if not whole > 0:
        return Figure(None, None, None, 0, who, "nothing to count yet")
    value = float(top.sum() / whole)
    rare = int(min(np.count_nonzero(top), np.count_nonzero(total - top)))
    if rare < LEAST:
        return Figure(value, None, None, rows, who, f"{rare} rows stand out; an interval takes {LEAST}")
    try:
        low, high = ratio(top, total, users).interval()
    except CannotSayError as error:
        return Figure(value, None, None, rows, who, str(error))
    return Figure(value, max(low, 0.0), min(high, 1.0), rows, who)


def course(
    times: Times, above: Times, below: Times, users: Numbers, starts: Sequence[float]
) -> tuple[Point, ...]:
    """The figure of each part of time; a part goes from its start to the next one."""
    part = np.searchsorted(np.asarray(starts, dtype=np.float64), times, side="right") - 1
    found = []
    for place, start in enumerate(starts):
        rows = np.flatnonzero(part == place)
        found.append(Point(float(start), figure(above[rows], below[rows], users[rows])))
    return tuple(found)


def parts_of(since: float, until: float) -> list[float]:
    """Starts of the parts of a window: hours of up to two days, else days (UTC); the first begins at or before it."""
    step = HOUR if until - since <= 48.5 * HOUR else 24 * HOUR
    first = int(since // step) * step
    return [float(at) for at in range(first, int(max(until, first + 1.0)), step)]
