"""The newest rows of a store in bounded memory: counts by the hour, and the last impressions with what came of them.

Follows the store place by place, so that a look costs what is new. Judges nothing.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llm4rec.core import DEFAULT_TENANT, NEGATIVE_KINDS, Erasure, Feedback, Impression, Store
from llm4rec.evaluation.logs import CONVERSIONS, Log, log_of
from llm4rec.evaluation.watching.figures import HOUR

READ = 200_000  # newest rows of the store that a first look reads
KEPT = 20_000  # impressions that are held
HOURS = 24 * 32
Row = Mapping[str, Any]


@dataclass
class Hour:
    """What one hour brought."""

    answers: int = 0
    degraded: int = 0
    taken: int = 0
    converted: int = 0
    against: int = 0


@dataclass(eq=False)
class Watcher:
    """What is held of one tenant's rows. Safe to use from many threads.

    Of a larger store the newest `READ` rows are looked at when it begins; `complete` is false then. Once somebody is
    erased, everything is read anew, so that nothing of them is held.
    """

    store: Store
    tenant: str = DEFAULT_TENANT
    most: int = KEPT
    read: int = READ
    hours: dict[int, Hour] = field(default_factory=dict)
    complete: bool = True
    made: dict[Any, Any] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _shown: deque[Row] = field(default_factory=deque, repr=False)
    _told: deque[Row] = field(default_factory=deque, repr=False)
    _cursors: dict[type, int] = field(default_factory=dict)

    def step(self) -> int:
        """Take what is new; how many rows. StoreError where the store cannot be read."""
        with self.lock:
            if not self._cursors or self._erased():
                self._begin()
            return self._follow(Impression) + self._follow(Feedback)

    def log(self, since: float, until: float) -> Log:
        """The impressions held of a window, with what came of them so far."""
        with self.lock:
            shown = [row for row in self._shown if since <= row["time"] < until]
            return log_of(shown, list(self._told))

    def feedback(self, since: float, until: float) -> list[Row]:
        """The feedback held of a window, in the order of its time."""
        with self.lock:
            return sorted((r for r in self._told if since <= r["time"] < until), key=lambda r: r["time"])

    @property
    def since(self) -> float | None:
        """The time of the oldest impression held; None where there is none."""
        with self.lock:
            return min((row["time"] for row in self._shown), default=None)

    @property
    def full(self) -> bool:
        """Whether older impressions had to give way."""
        return len(self._shown) >= self.most

    def _begin(self) -> None:
        last = self.store.clock()
        start = max(0, last - self.read)
        self.complete = start == 0
        self.hours.clear()
        self.made.clear()
        self._shown, self._told = deque(maxlen=self.most), deque(maxlen=2 * self.most)
        self._cursors = {Impression: start, Feedback: start, Erasure: last}

    def _erased(self) -> bool:
        page = self.store.read(Erasure, tenant=self.tenant, after=self._cursors[Erasure])
        self._cursors[Erasure] = page.cursor
        return bool(page.rows)

    def _follow(self, noun: type[Any]) -> int:
        taken = 0
        while (page := self.store.read(noun, tenant=self.tenant, after=self._cursors[noun])).rows:
            for row in page.rows:
                self._shows(row) if noun is Impression else self._tells(row)
            self._cursors[noun] = page.cursor
            taken += len(page.rows)
        for hour in sorted(self.hours)[:-HOURS]:
            del self.hours[hour]
        return taken

    def _hour(self, time: float) -> Hour:
        return self.hours.setdefault(int(time // HOUR), Hour())

    def _shows(self, row: Impression) -> None:
        hour = self._hour(row.time)
        hour.answers += 1
        hour.degraded += bool(row.degraded)
        slots = tuple((slot.item, slot.score, slot.propensity) for slot in row.slots)
        names = ("id", "user", "time", "policy", "version", "experiment", "variant", "degraded")
        self._shown.append({name: getattr(row, name) for name in names} | {"slots": slots})

    def _tells(self, row: Feedback) -> None:
        hour = self._hour(row.time)
        if row.kind in NEGATIVE_KINDS or row.value == 0:
            hour.against += 1
        else:
            hour.taken += 1
            hour.converted += row.kind in CONVERSIONS
        names = ("user", "item", "kind", "time", "value", "impression")
        self._told.append({name: getattr(row, name) for name in names})
