"""Ratios of sums with intervals that hold where values are skewed. Knows nothing of what is counted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import stats

from llm4rec.core import Numbers, Times
from llm4rec.core.errors import CannotSayError
from llm4rec.evaluation.samples import people
from llm4rec.evaluation.significance import LEVEL

LEAST = 20
"""Independent people, and rows that are not zero, below which no interval is given."""


@dataclass(frozen=True, eq=False)
class Ratio:
    """A sum of ratios of sums, and how much each person moves it: `influence` (people,), as people times what it is without them."""

    value: float
    influence: Times

    @cached_property
    def error(self) -> float:
        """Standard error."""
        n = len(self.influence)
        return float(self.influence.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Two-sided interval, corrected for skewness (Hall 1992, "On the removal of skewness by transformation").

        Off-policy values are a few large ones among many zeros; there the plain interval covers too seldom and a bound
        by Bernstein's inequality nearly always. Needs no resampling. Where few people make most of the spread, the spread
        itself is known as well as from few: degrees of freedom follow the kurtosis (Satterthwaite 1946, "An approximate
        distribution of estimates of variance components"; people less one where values are normal).
        """
        n = len(self.influence)
        if n < 2 or self.error == 0.0:
            return self.value, self.value
        apart = self.influence - self.influence.mean()
        apart /= apart.std()
        skew = float(np.mean(apart**3)) / np.sqrt(n)
        freedom = min(n - 1.0, 2.0 * n / max(float(np.mean(apart**4)) - 1.0, 1e-9))
        z = float(stats.t.ppf((1.0 + level) / 2.0, max(freedom, 1.0)))
        return self.value - self.error * _straight(z, skew), self.value - self.error * _straight(-z, skew)

    def less(self, other: Ratio) -> Ratio:
        """The difference of two ratios over the same people."""
        return Ratio(self.value - other.value, self.influence - other.influence)


def _straight(z: float, skew: float) -> float:
    """The quantile of a studentised mean whose summands have this skewness (over the root of their number)."""
    if abs(skew) < 1e-6:
        return z
    return float(3.0 / skew * (np.cbrt(1.0 + skew * (z - skew / 6.0)) - 1.0))


def ratio(above: Times, below: Times, users: Numbers) -> Ratio:
    """Σ_s Σ above[:, s] / Σ below[:, s] with the influence of each person; (rows,) or (rows, s), users (rows,) or -1.

    Rows of one person count as one draw, so that people who come often do not make it look surer than it is. Influence is
    that of the jackknife (Efron and Stein 1981): where few people hold much of the divisor, the usual linearised one is too
    small, as each of them draws the ratio towards themselves. CannotSayError with fewer than `LEAST` people, nothing to
    divide by, or one person who holds all of it.
    """
    who = people(users)
    size = int(who.max(initial=-1)) + 1
    if size < LEAST:
        raise CannotSayError(f"{size} people are too few for an interval; it takes {LEAST} or more")
    tops, bottoms = _by_person(above, who, size), _by_person(below, who, size)
    total = bottoms.sum(axis=0)
    if (total <= 0).any():
        raise CannotSayError("there is nothing to divide by: no row counts")
    parts = tops.sum(axis=0) / total
    without = total - bottoms
    if (without <= 0).any():
        raise CannotSayError("one person holds all that is divided by: no interval can be given")
    influence = ((tops - parts * bottoms) * (size / without)).sum(axis=1)
    return Ratio(float(parts.sum()), influence)


def _by_person(values: Times, who: Numbers, size: int) -> Times:
    columns = values.reshape(len(values), -1)
    summed = [np.bincount(who, weights=column, minlength=size) for column in columns.T]
    return np.stack(summed, axis=1).astype(np.float64)
