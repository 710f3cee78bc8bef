"""How values arise from the sums of a factorisation machine: normal noise, or ordered levels with cut points."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from scipy.special import ndtr, ndtri

from llm4rec.core import Numbers
from llm4rec.models.fm_chain import Array, Chain

FREEDOM = 20.0
"""Degrees of freedom of the noise of a user and of an item: the smaller, the more they may differ."""
STEPS = 3  # draws of the cut points a sweep
LEAST = 1e-300


class Noise(Protocol):
    """What stands between the sums of the model and the values that were seen."""

    target: Array
    """What the sums are to be near: the values, or latent values, (events,)."""

    def start(self, chain: Chain) -> Array:
        """Residuals of the chain before its first sweep, (events,)."""
        ...

    def draw(self, chain: Chain, errors: Array, rng: np.random.Generator, settled: bool) -> None:
        """Draw what belongs to the noise, given the chain; `errors` are kept up to date."""
        ...


class Normal:
    """Normal noise whose precision is a common one × one of the user × one of the item.

    The last two are gamma with mean 1 and `FREEDOM` degrees of freedom, which makes the noise heavy-tailed
    (Lakshminarayanan, Bouchard & Archambeau, AISTATS 2011).
    """

    def __init__(self, values: Array, users: Numbers, items: Numbers, shape: tuple[int, int]) -> None:
        self.target, self.users, self.items = values, users, items
        self.user_noise, self.item_noise = (np.ones(size) for size in shape)

    def start(self, chain: Chain) -> Array:
        return np.asarray(self.target - chain.predictions())

    def draw(self, chain: Chain, errors: Array, rng: np.random.Generator, settled: bool) -> None:
        del settled
        squares = errors**2
        chain.precision = float(
            rng.gamma((1.0 + len(errors)) / 2.0) / ((1.0 + float(chain.weights @ squares)) / 2.0)
        )
        squares *= chain.precision
        self.user_noise = _scales(self.users, self.item_noise[self.items] * squares, self.user_noise, rng)
        self.item_noise = _scales(self.items, self.user_noise[self.users] * squares, self.item_noise, rng)
        chain.weights = self.user_noise[self.users] * self.item_noise[self.items]


def _scales(owners: Numbers, squares: Array, old: Array, rng: np.random.Generator) -> Array:
    """One draw of the relative precision of each owner."""
    events = np.bincount(owners, minlength=len(old))
    totals = np.bincount(owners, squares, len(old))
    return np.asarray(rng.gamma((FREEDOM + events) / 2.0) / ((FREEDOM + totals) / 2.0))


class Ordered:
    """Level k is seen where the sum plus standard normal noise falls between the cut points k - 1 and k.

    Latent values as in Albert & Chib (JASA 1993); the cut points are drawn with the latent values integrated out,
    because given those they hardly move (Cowles, Statistics and Computing 1996).
    """

    def __init__(self, levels: Numbers, count: int) -> None:
        self.levels = levels
        shares = np.cumsum(np.bincount(levels, minlength=count))[:-1] / len(levels)
        self.cuts: Array = ndtri(shares)
        self.target = np.zeros(len(levels))
        self.root: Array = np.eye(count - 1)

    def start(self, chain: Chain) -> Array:
        chain.precision = 1.0
        # The middle of the probability of a level: where a standard normal variable would stand.
        edges = np.concatenate([[0.0], ndtr(self.cuts), [1.0]])
        self.target = ndtri(0.5 * (edges[self.levels] + edges[self.levels + 1]))
        self.root = self._root(np.zeros(len(self.levels)))
        return np.asarray(self.target - chain.predictions())

    def draw(self, chain: Chain, errors: Array, rng: np.random.Generator, settled: bool) -> None:
        sums = self.target - errors
        if not settled:
            self.root = self._root(sums)
        self._move_cuts(sums, rng)
        low, high = self._edges(self.cuts, sums)
        self.target = sums + between(low, high, rng.random(len(sums)))
        errors[:] = self.target - sums

    def _edges(self, cuts: Array, sums: Array) -> tuple[Array, Array]:
        bounds = np.concatenate([[-np.inf], cuts, [np.inf]])
        return bounds[self.levels] - sums, bounds[self.levels + 1] - sums

    def _fit(self, cuts: Array, sums: Array) -> float:
        """Log likelihood of the levels."""
        return float(np.log(np.maximum(mass(*self._edges(cuts, sums)), LEAST)).sum())

    def _move_cuts(self, sums: Array, rng: np.random.Generator) -> None:
        now = self._fit(self.cuts, sums)
        for _ in range(STEPS):
            tried = self.cuts + self.root @ rng.standard_normal(len(self.cuts))
            limit = np.log(rng.random())
            if (np.diff(tried) <= 0).any():
                continue
            then = self._fit(tried, sums)
            if then - now > limit:
                self.cuts, now = tried, then

    def _root(self, sums: Array) -> Array:
        """A root of the covariance of the cut points, at the scale that suits random walks (Gelman et al. 1996)."""
        low, high = self._edges(self.cuts, sums)
        chance = np.maximum(mass(low, high), 1e-12)
        below, above = density(low) / chance, density(high) / chance
        size = len(self.cuts)
        slopes = np.bincount(self.levels, above * (above + np.where(np.isfinite(high), high, 0.0)), size + 1)
        falls = np.bincount(self.levels, below * (below - np.where(np.isfinite(low), low, 0.0)), size + 1)
        cross = np.bincount(self.levels, below * above, size + 1)[1:-1]
        information = np.diag(slopes[:-1] + falls[1:]) - np.diag(cross, 1) - np.diag(cross, -1)
        return np.asarray(np.linalg.cholesky(np.linalg.inv(information)) * 2.38 / np.sqrt(size))


def density(at: Array) -> Array:
    """Standard normal density."""
    return np.asarray(np.exp(-0.5 * at**2) / np.sqrt(2.0 * np.pi))


def mass(low: Array, high: Array) -> Array:
    """Standard normal probability between two bounds, exact in both tails."""
    turned = low > 0
    return np.asarray(ndtr(np.where(turned, -low, high)) - ndtr(np.where(turned, -high, low)))


def between(low: Array, high: Array, uniform: Array) -> Array:
    """Standard normal draws between two bounds, by inversion of `uniform`, exact in both tails."""
    turned = low > 0
    first, last = np.where(turned, -high, low), np.where(turned, -low, high)
    start = ndtr(first)
    # Beyond 37 spreads there is no probability left to divide: the bound itself.
    drawn = ndtri(np.clip(start + uniform * (ndtr(last) - start), 1e-300, 1.0 - 1e-16))
    drawn = np.clip(drawn, first, last)
    return np.asarray(np.where(turned, -drawn, drawn))
