"""One side (people or items) of a biased factorisation: means and covariances of its vectors. Knows nothing of fitting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Floats, Numbers, Times
from llm4rec.core.threads import by_blocks

if TYPE_CHECKING:
    from llm4rec.models.mf_kernels import Moments

TINY_VARIANCE = 1e-8


@dataclass(frozen=True, eq=False)
class Ratings:
    """Values by rows: bounds (rows + 1,), places on the other side and values."""

    bounds: Numbers
    places: Numbers
    values: Floats

    @classmethod
    def of(cls, rows: Numbers, places: Numbers, values: Floats, size: int) -> Self:
        """Values in any order, `size` rows."""
        order = np.argsort(rows, kind="stable")
        bounds = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=size))]).astype(np.int64)
        return cls(bounds, places[order].astype(np.int64), values[order].astype(np.float32))

    @property
    def counts(self) -> Numbers:
        """Values a row."""
        return np.diff(self.bounds)


@dataclass(frozen=True, eq=False)
class Side:
    """Normal posteriors of vectors (bias, factors): means (rows, width + 1), covariances (rows, packed triangles)."""

    means: Floats
    covariances: Floats

    @classmethod
    def start(cls, factors: Floats, variance: float) -> Self:
        """No biases, the factors given, one variance for all factors."""
        means = np.hstack([np.zeros((len(factors), 1), np.float32), factors])
        lower, column = np.tril_indices(means.shape[1])
        covariances = np.zeros((len(factors), len(lower)), np.float32)
        covariances[:, (lower == column) & (lower > 0)] = variance
        return cls(means if variance else np.zeros_like(means), covariances)

    def other_side(self, given: Ratings, prior: NDArray[np.float64], noise: float) -> tuple[Side, Times]:
        """The posterior of the rows of `given`, whose places are this side's, and the expected squared errors a row."""
        from llm4rec.models.mf_kernels import Posterior, Values, solve_posteriors

        rows = len(given.bounds) - 1
        found = Posterior(
            np.empty((rows, self.means.shape[1]), np.float32),
            np.empty((rows, self.covariances.shape[1]), np.float32),
            np.empty(rows, np.float64),
        )
        values, moments = Values(given.bounds, given.places, given.values), self._moments()
        by_blocks(lambda a, b: solve_posteriors(values, moments, prior, noise, found, a, b), rows)
        return Side(found.means, found.covariances), found.errors

    def _moments(self) -> Moments:
        from llm4rec.models.mf_kernels import Moments

        biases = self.means[:, :1]
        means = np.hstack([np.ones_like(biases), self.means[:, 1:]])
        lower, column = np.tril_indices(means.shape[1])
        products = means[:, lower] * means[:, column]
        products[:, column > 0] += self.covariances[:, column > 0]
        crossed = means * biases
        crossed[:, 1:] += self.covariances[:, (column == 0) & (lower > 0)]
        return Moments(means, products, crossed, biases[:, 0] ** 2 + self.covariances[:, 0])

    def precisions(self, rows: NDArray[np.bool_]) -> NDArray[np.float64]:
        """1 / E[w_k^2] over some rows, (width + 1,)."""
        lower, column = np.tril_indices(self.means.shape[1])
        squares = self.means[rows] ** 2 + self.covariances[rows][:, lower == column]
        variances = np.maximum(squares.mean(axis=0, dtype=np.float64), TINY_VARIANCE)
        return np.asarray(1.0 / variances, dtype=np.float64)

    def is_finite(self) -> bool:
        """Whether every number is."""
        return bool(np.isfinite(self.means).all() and np.isfinite(self.covariances).all())
