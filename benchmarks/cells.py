"""How the page of figures writes tables and figures with their intervals. Measures nothing, knows no benchmark.

A value stands before its ends with a dash, "0.066 (0.063–0.069)"; a difference has signs, "+0.005 (-0.001 to +0.011)".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def head(*names: str) -> str:
    """The first two lines of a table."""
    return f"{row(*names)}\n|{'---|' * len(names)}"


def row(*cells: object) -> str:
    """One line of a table."""
    return f"| {' | '.join(map(str, cells))} |"


def ranged(told: Sequence[float], form: str = ".4f") -> str:
    """A mean with the ends of its interval; a difference where `form` has a sign."""
    mean, low, high = (format(value, form) for value in told)
    return f"{mean} ({low} to {high})" if form.startswith("+") else f"{mean} ({low}–{high})"


def percents(told: Sequence[float], form: str = "+.1f") -> str:
    """The same of shares, "-1.6 % (-2.4 to -0.7)"."""
    mean, ends = ranged([100 * value for value in told], form).split(" ", 1)
    return f"{mean} % {ends}"


def ends(found: Mapping[str, Any], mean: str = "mean") -> list[float]:
    """Mean, low and high of a result, for `ranged`."""
    return [found[mean], found["low"], found["high"]]


def of_metric(model: Mapping[str, Any], metric: str) -> str:
    """A metric of a model with its interval, to four digits."""
    return ranged(ends(model["metrics"][metric]))
