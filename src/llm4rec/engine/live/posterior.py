"""Bayesian linear regression: what is known of weights, and how sure that is. Knows no items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PRIOR, NOISE = 1.0, 0.25  # variance of the weights before, and of a click that is either 0 or 1
ALPHA = 1.0  # standard deviations above the mean, of LinUCB
Reals = NDArray[np.float64]


@dataclass(eq=False)
class Posterior:
    """Bayesian linear regression: weights are normal with this precision and mean (Bishop 2006, 3.3)."""

    precision: Reals
    rewards: Reals

    @classmethod
    def prior(cls, width: int) -> Posterior:
        """Before anything was shown."""
        return cls(np.eye(width) / PRIOR, np.zeros(width))

    def shown(self, rows: Reals) -> None:
        """Things (n, width) were shown."""
        self.precision = self.precision + rows.T @ rows / NOISE

    def taken(self, row: Reals) -> None:
        """One of them was taken."""
        self.rewards = self.rewards + row / NOISE

    @property
    def mean(self) -> Reals:
        """The most likely weights."""
        return np.asarray(np.linalg.solve(self.precision, self.rewards))

    def drawn(self, rng: np.random.Generator, times: int) -> Reals:
        """Weights (times, width) from the posterior."""
        upper = np.linalg.cholesky(self.precision).T
        noise = rng.standard_normal((len(self.rewards), times))
        return np.asarray(self.mean + np.linalg.solve(upper, noise).T)

    def bound(self, rows: Reals) -> Reals:
        """Mean and ALPHA standard deviations, (n,) (Li et al. 2010)."""
        spread = np.einsum("nw,wn->n", rows, np.linalg.solve(self.precision, rows.T))
        return np.asarray(rows @ self.mean + ALPHA * np.sqrt(np.maximum(spread, 0.0)))
