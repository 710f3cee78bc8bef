"""Ask again after an outage: a bounded number of times, in a bounded time, with waits that vary at random."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from llm4rec.core import GeneratorTimeoutError, GeneratorUnavailableError

T = TypeVar("T")


@dataclass(frozen=True)
class Clock:
    """Time and chance as a caller sees them; tests pass their own.

    `chance` is a number of [0, 1). It is not seeded: many callers must not come back in step.
    """

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = field(default_factory=lambda: random.Random().random)


@dataclass(frozen=True)
class Patience:
    """`attempts` of at most `timeout` seconds, waits of at most `max_wait`, all within `deadline` seconds."""

    attempts: int
    timeout: float
    max_wait: float
    deadline: float
    first_wait: float = 0.5


def patiently(call: Callable[[float], T], patience: Patience, clock: Clock) -> T:
    """What `call(seconds it may take)` gives; outages are tried again as long as patience allows.

    A wait doubles with each attempt and varies by half, so that callers do not come back together (full story:
    Brooker 2015, "Exponential backoff and jitter"). Where the server says how long it wants to be left alone, that is
    the least; a wait that is longer than allowed is not begun.
    """
    start = clock.now()
    attempt = 0
    while True:
        attempt += 1
        left = patience.deadline - (clock.now() - start)
        try:
            return call(min(patience.timeout, left))
        except (GeneratorTimeoutError, GeneratorUnavailableError) as error:
            asked_for = getattr(error, "retry_after", None) or 0.0
            wait = _wait(attempt, asked_for, patience, clock.chance())
            left = patience.deadline - (clock.now() - start)
            if attempt >= patience.attempts or asked_for > patience.max_wait or wait >= left:
                raise _summed_up(error, attempt, asked_for) from error
        clock.sleep(wait)


def _wait(attempt: int, asked_for: float, patience: Patience, chance: float) -> float:
    backoff = min(patience.max_wait, patience.first_wait * 2.0 ** (attempt - 1))
    return asked_for + backoff * (0.5 + 0.5 * chance) if asked_for else backoff * (0.5 + 0.5 * chance)


def _summed_up(error: Exception, attempt: int, asked_for: float) -> Exception:
    times = f"asked {attempt} time{'s' if attempt > 1 else ''}"
    text = f"{error} ({times})"
    if asked_for:
        text = f"{error} ({times}; it asks to be left alone for {asked_for:.0f} seconds)"
    if isinstance(error, GeneratorUnavailableError):
        return GeneratorUnavailableError(text, error.retry_after)
    return GeneratorTimeoutError(text)
