"""Has something changed: means of a stream (Page-Hinkley), scores and categories (population stability). Acts on nothing.

Limits follow from how often a false alarm may come, which is a setting, not from taste.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from pydantic import Field, PositiveFloat, PositiveInt
from scipy.optimize import brentq
from scipy.stats import chi2

from llm4rec.core import Config, Numbers, Times
from llm4rec.core.errors import CannotSayError

LARGE = 0.2
"""A population stability index of more is a shift that matters (a rule of thumb of credit scoring)."""
FEW = 100
BINS = 10
OVERSHOOT = 1.166  # of the limit at an alarm, in spreads (Siegmund 1985)


class DriftConfig(Config):
    """When a mean counts as changed: `shift` is what is worth finding, in spreads of a value."""

    reference: int = Field(500, ge=100, description="values from which mean and spread are learnt first")
    shift: PositiveFloat = 0.3
    every: PositiveInt = Field(
        20_000, description="values from one false alarm to the next, on average, or more"
    )


@dataclass(frozen=True)
class Alarm:
    """The mean has changed: noticed `at` this value (counted from 0), which way, and since about when."""

    at: int
    way: Literal["up", "down"]
    since: int
    before: float
    after: float

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return dict(vars(self))


@dataclass
class PageHinkley:
    """Watches the mean of a stream, value by value, both ways (Page 1954, Hinkley 1971).

    Sums of values beyond the reference mean and half the shift are held above 0; a sum over the limit is an alarm, after
    which everything is learnt anew. The limit is the one at which false alarms come every `every` values (Siegmund 1985),
    for a reference mean that is off by a standard error. Holds for values that do not depend on each other.
    """

    config: DriftConfig = field(default_factory=DriftConfig)
    seen: int = 0
    _learnt: list[float] = field(default_factory=list)
    _sums: list[float] = field(default_factory=lambda: [0.0, 0.0])
    _since: list[int] = field(default_factory=lambda: [0, 0])
    _above: list[float] = field(default_factory=lambda: [0.0, 0.0])
    _mean: float = 0.0
    _spread: float = 1.0
    _limit: float = 0.0

    def update(self, value: float) -> Alarm | None:
        """Take a value; the alarm, if this one raises it."""
        at, self.seen = self.seen, self.seen + 1
        if len(self._learnt) < self.config.reference:
            self._learnt.append(float(value))
            if len(self._learnt) == self.config.reference:
                self._start(at)
            return None
        off = (value - self._mean) / self._spread
        for side, sign in enumerate((1.0, -1.0)):
            if self._sums[side] == 0.0:
                self._since[side], self._above[side] = at, 0.0
            self._sums[side] = max(0.0, self._sums[side] + sign * off - self.config.shift / 2)
            self._above[side] += value
            if self._sums[side] > self._limit:
                return self._alarm(side, at)
        return None

    def _start(self, at: int) -> None:
        self._mean = float(np.mean(self._learnt))
        self._spread = max(float(np.std(self._learnt)), 1e-12)
        self._sums, self._since = [0.0, 0.0], [at + 1, at + 1]
        self._limit = limit_of(self.config)

    def _alarm(self, side: int, at: int) -> Alarm:
        since = self._since[side]
        after = self._above[side] / (at - since + 1)
        found = Alarm(at, "down" if side else "up", since, self._mean, after)
        self._learnt = []
        return found


def limit_of(config: DriftConfig) -> float:
    """The limit, in spreads, at which false alarms of both sides together come every `every` values."""
    slack = max(config.shift / 2 - 1.0 / np.sqrt(config.reference), config.shift / 8)
    wanted = np.log(4.0 * slack**2 * config.every)  # of one side: half as often

    def off(far: float) -> float:
        return float(np.log(max(np.expm1(2 * slack * far) - 2 * slack * far, 1e-300)) - wanted)

    return max(1.0, float(brentq(off, 1e-6, 350.0 / slack)) - OVERSHOOT)


def alarms(values: Times | Sequence[float], config: DriftConfig | None = None) -> list[Alarm]:
    """All alarms of a stream."""
    watch = PageHinkley(config or DriftConfig())
    found = [watch.update(float(value)) for value in values]
    return [one for one in found if one is not None]


@dataclass(frozen=True)
class Shift:
    """How far shares have moved: the population stability index, and the most it reaches by chance.

    `alarm`: beyond chance (p < alpha) and large enough to matter.
    """

    index: float
    by_chance: float
    p: float
    alarm: bool

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return dict(vars(self))


def shares_shift(before: Numbers, now: Numbers, alpha: float = 0.001, large: float = LARGE) -> Shift:
    """Whether counts by category have shifted; `before` and `now` count the same categories, in the same order.

    Without a shift the index times n m / (n + m) is chi-squared with one degree less than there are categories (Yurdakul
    and Naranjo 2020), so that false alarms come once in 1 / `alpha` looks at most. CannotSayError with fewer than 100 on a side.
    """
    n, m = float(np.sum(before)), float(np.sum(now))
    if min(n, m) < FEW:
        raise CannotSayError(f"{int(min(n, m))} values are too few to see a shift; it takes {FEW}")
    used = (np.asarray(before) + np.asarray(now)) > 0
    # Half a count more each, so that a new category is a large shift and not an infinite one.
    old, new = (np.asarray(c)[used] + 0.5 for c in (before, now))
    p, q = old / old.sum(), new / new.sum()
    index = float(((q - p) * np.log(q / p)).sum())
    freedom = max(int(used.sum()) - 1, 1)
    scale = 1.0 / n + 1.0 / m
    chance = float(chi2.isf(alpha, freedom)) * scale
    return Shift(index, chance, float(chi2.sf(index / scale, freedom)), index > max(chance, large))


def scores_shift(before: Times, now: Times, alpha: float = 0.001, large: float = LARGE) -> Shift:
    """Whether scores have shifted, in tenths of what they were before."""
    if min(len(before), len(now)) < FEW:
        raise CannotSayError(
            f"{min(len(before), len(now))} scores are too few to see a shift; it takes {FEW}"
        )
    edges = np.unique(np.quantile(before, np.arange(1, BINS) / BINS))
    counts = [np.bincount(np.searchsorted(edges, x), minlength=len(edges) + 1) for x in (before, now)]
    return shares_shift(counts[0], counts[1], alpha, large)
