"""A breaker: whoever failed too often in a row is left alone for a while. Knows nothing of what is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from llm4rec.core import BreakerOpenError, GeneratorTimeoutError, GeneratorUnavailableError

OUTAGES = (GeneratorTimeoutError, GeneratorUnavailableError)
"""Failures of the one who is asked. Anything else shows that it is alive."""


class Breaker:
    """Opens after `failures` outages in a row; after `seconds` one trial is let through, which closes or reopens it.

    `now` is a clock that never goes back. Safe under threads: of many that wait, one makes the trial.
    """

    def __init__(self, failures: int, seconds: float, now: Callable[[], float]) -> None:
        self.failures = failures
        self.seconds = seconds
        self.now = now
        self._lock = Lock()
        self._in_a_row = 0
        self._open_until: float | None = None
        self._on_trial = False
        self._last = ""

    @contextmanager
    def guard(self, who: str) -> Iterator[None]:
        """Ask inside; BreakerOpenError where one may not ask now."""
        trial = self._enter(who)
        try:
            yield
        except OUTAGES as error:
            self._failed(error)
            raise
        except Exception:
            self._answered()
            raise
        else:
            self._answered()
        finally:
            if trial:
                with self._lock:
                    self._on_trial = False

    def _enter(self, who: str) -> bool:
        """Whether this is the trial of an open breaker."""
        with self._lock:
            if self._open_until is None:
                return False
            left = self._open_until - self.now()
            if left > 0 or self._on_trial:
                raise BreakerOpenError(
                    f"{who} was not asked: it failed {self._in_a_row} times in a row (last: {self._last}); "
                    f"it is asked again in {max(left, 0.0):.0f} seconds"
                )
            self._on_trial = True
            return True

    def _failed(self, error: Exception) -> None:
        with self._lock:
            self._in_a_row += 1
            self._last = str(error)
            if self._in_a_row >= self.failures:
                self._open_until = self.now() + self.seconds

    def _answered(self) -> None:
        with self._lock:
            self._in_a_row = 0
            self._open_until = None
