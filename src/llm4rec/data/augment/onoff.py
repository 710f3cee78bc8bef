"""The same figure with and without augmentation, and how sure the difference is. Knows nothing of what is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from llm4rec.core import DataError, SettingsError

Figure = Callable[[NDArray[Any]], float]
RESAMPLES = 2000


@dataclass(frozen=True)
class OnOff:
    """A figure `on` and `off`, their difference and its interval at `level`; `rows` were asked both times."""

    on: float
    off: float
    low: float
    high: float
    rows: int
    level: float

    @property
    def difference(self) -> float:
        """What switching on adds."""
        return self.on - self.off

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out zero: more than the luck of which rows were asked."""
        return self.low > 0 or self.high < 0

    def __str__(self) -> str:
        verdict = "clear" if self.clear else "not clear"
        return (
            f"off {self.off:.4f}, on {self.on:.4f}: {self.difference:+.4f} "
            f"({100 * self.level:g} % interval {self.low:+.4f} to {self.high:+.4f}, {self.rows} rows; {verdict})"
        )


def mean_figure(rows: NDArray[Any]) -> float:
    """The mean of all values."""
    return float(np.mean(rows))


def on_off(
    on: ArrayLike,
    off: ArrayLike,
    rng: np.random.Generator,
    figure: Figure = mean_figure,
    groups: ArrayLike | None = None,
    level: float = 0.95,
    resamples: int = RESAMPLES,
) -> OnOff:
    """Compare a figure with and without, asked of the same rows in the same order (paired bootstrap).

    `on` and `off` are (rows,) or (rows, columns): what `figure` needs of each row, as one hit a question, or truth
    and answer side by side. The same draw of rows serves both (Efron and Tibshirani 1993, percentile interval).
    Rows of one `group` (a person, a text that repeats) are drawn together. The interval tells of the luck of the
    rows, not of the luck of the fit: repeat with other seeds for that. DataError: no rows, rows that do not match,
    values that are not finite.
    """
    if not 0 < level < 1 or resamples < 1:
        raise SettingsError(f"on_off: level {level} lies in (0, 1) and resamples {resamples} is 1 or more")
    first, second = _checked(on, "on"), _checked(off, "off")
    if first.shape != second.shape:
        raise DataError(f"on_off: 'on' is {first.shape} and 'off' is {second.shape}; ask both the same rows")
    members = _members(groups, len(first))
    differences = np.empty(resamples)
    for draw in range(resamples):
        rows = _drawn(members, len(first), rng)
        differences[draw] = figure(first[rows]) - figure(second[rows])
    low, high = np.quantile(differences, [(1 - level) / 2, (1 + level) / 2])
    return OnOff(figure(first), figure(second), float(low), float(high), len(first), level)


def _checked(values: ArrayLike, name: str) -> NDArray[Any]:
    array = np.asarray(values)
    if array.ndim == 0 or len(array) == 0:
        raise DataError(f"on_off: {name!r} has no rows")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise DataError(f"on_off: {name!r} has values that are not finite; leave out the rows of both")
    return array


def _drawn(members: list[NDArray[np.int64]] | None, rows: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Rows of as many groups as there are, drawn with replacement; single rows where there are no groups."""
    if members is None:
        return rng.integers(0, rows, rows)
    return np.concatenate([members[g] for g in rng.integers(0, len(members), len(members))])


def _members(groups: ArrayLike | None, rows: int) -> list[NDArray[np.int64]] | None:
    """The rows of each group; None where there are no groups."""
    if groups is None:
        return None
    names = np.asarray(groups)
    if names.shape != (rows,):
        raise DataError(f"on_off: groups are {names.shape}, but there are {rows} rows")
    _, place = np.unique(names, return_inverse=True)
    order = np.argsort(place, kind="stable").astype(np.int64)
    return np.split(order, np.cumsum(np.bincount(place))[:-1])
