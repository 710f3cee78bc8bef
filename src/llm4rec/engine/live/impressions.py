"""The log of what went out: handed over at once, kept and tried again while the store cannot write. Knows no engine."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from llm4rec.core import DataError, Impression, Receipt, Store, StoreBusyError, StoreError
from llm4rec.engine.live_settings import LiveSettings

PART = 500  # impressions of one further attempt


@dataclass
class LogFigures:
    """Impressions since the start: durable ones, and those dropped because too many waited."""

    logged: int = 0
    dropped: int = 0


@dataclass(eq=False)
class ImpressionLog:
    """Impressions on their way to the store. Nobody waits for it unless the settings say so.

    What could not be written waits here, `waiting` at most, the oldest given up first and counted; `retry` writes it
    once the store can be written again. `trouble` is what is wrong at present, empty where nothing is.
    """

    store: Store
    tenant: str
    settings: LiveSettings
    figures: LogFigures = field(default_factory=LogFigures)
    trouble: str = ""
    _waiting: deque[Impression] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, rows: Sequence[Impression]) -> str:
        """Log answers; what is wrong with the log, empty where nothing is. StoreError where such answers are refused."""
        if self.settings.impressions == "none" or not rows:
            return ""
        refuse = self.settings.unlogged == "refuse"
        if self.trouble and refuse:
            raise StoreBusyError(f"answers are not given while they cannot be logged: {self.trouble}")
        try:
            if self.settings.impressions == "wait":
                self.store.append(rows, tenant=self.tenant)
                self._worked(len(rows))
            else:
                done = self.store.append_soon(rows, tenant=self.tenant)
                done.add_done_callback(lambda ended: self._ended(ended, rows))
        except StoreError as error:
            self._failed(() if refuse else rows, error)
            if refuse:
                raise
        return self.trouble

    def retry(self) -> None:
        """Write what waits; it goes on waiting where that fails again."""
        while self._waiting:
            with self._lock:
                part = [self._waiting[place] for place in range(min(PART, len(self._waiting)))]
            try:
                self._write(part)
            except StoreError as error:
                self.trouble = str(error)
                return
            with self._lock:
                for one in part:
                    # What was given up meanwhile is no longer in front.
                    if self._waiting and self._waiting[0] is one:
                        self._waiting.popleft()
                self.figures.logged += len(part)
        self.trouble = ""

    def forget(self, user: str) -> int:
        """Drop what waits of a user; how many."""
        with self._lock:
            kept = [one for one in self._waiting if str(one.user) != user]
            dropped = len(self._waiting) - len(kept)
            self._waiting = deque(kept)
        return dropped

    def _write(self, part: Sequence[Impression]) -> None:
        try:
            self.store.append(part, tenant=self.tenant)
        except DataError:
            # An earlier attempt may have reached the disk although it failed: an id is kept once, so each by itself.
            for one in part:
                try:
                    self.store.append([one], tenant=self.tenant)
                except DataError:
                    continue

    def _ended(self, done: Future[Receipt], rows: Sequence[Impression]) -> None:
        """On the thread of the store."""
        error = done.exception()
        if error is None:
            self._worked(len(rows))
        else:
            self._failed(rows, error)

    def _worked(self, rows: int) -> None:
        with self._lock:
            self.figures.logged += rows
        if not self._waiting:
            self.trouble = ""

    def _failed(self, rows: Sequence[Impression], error: BaseException) -> None:
        self.trouble = str(error) or type(error).__name__
        with self._lock:
            self._waiting.extend(rows)
            while len(self._waiting) > self.settings.waiting:
                self._waiting.popleft()
                self.figures.dropped += 1
