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
    scales: Scales
    """How precise the events of a user and of an item are, relative to others."""

    def start(self, chain: Chain) -> Array:
        """Residuals of the chain before its first sweep, (events,)."""
        ...

    def draw(self, chain: Chain, errors: Array, rng: np.random.Generator, settled: bool) -> None:
        """Draw what belongs to the noise, given the chain; `errors` are kept up to date."""
        ...


class Scales:
    """The precision of an event is a common one × one of its user × one of its item.

    The last two are gamma with mean 1 and `FREEDOM` degrees of freedom, which makes the noise heavy-tailed
    (Lakshminarayanan, Bouchard & Archambeau, AISTATS 2011).
    """

    def __init__(self, users: Numbers, items: Numbers, shape: tuple[int, int]) -> None:
        self.owners = users, items
        self.precisions = [np.ones(size) for size in shape]
        self.events = [np.bincount(who, minlength=size) for who, size in zip(self.owners, shape, strict=True)]

    def draw(self, squares: Array, rng: np.random.Generator) -> Array:
        """The relative precision of each event, (events,), from squared residuals in units of the common one."""
        for one, other in ((0, 1), (1, 0)):
            known = self.precisions[other][self.owners[other]] * squares
            events = self.events[one]
            totals = np.bincount(self.owners[one], known, len(events))
            self.precisions[one] = rng.gamma((FREEDOM + events) / 2.0) / ((FREEDOM + totals) / 2.0)
        return np.asarray(self.precisions[0][self.owners[0]] * self.precisions[1][self.owners[1]])


class Normal:
    """Normal noise around the sum."""

    def __init__(self, values: Array, scales: Scales) -> None:
        self.target, self.scales = values, scales

    def start(self, chain: Chain) -> Array:
        return np.asarray(self.target - chain.predictions())

    def draw(self, chain: Chain, errors: Array, rng: np.random.Generator, settled: bool) -> None:
        del settled
        squares = errors**2
        shape, rate = 1.0 + len(errors), 1.0 + float(chain.weights @ squares)
        chain.precision = float(rng.gamma(shape / 2.0) / (rate / 2.0))
        chain.weights = self.scales.draw(chain.precision * squares, rng)


class Ordered:
    """Level k is seen where the sum plus normal noise, of spread 1 on the whole, falls between cut points k - 1 and k.

    Latent values as in Albert & Chib (JASA 1993); the cut points are drawn with the latent values integrated out,
    because given those they hardly move (Cowles, Statistics and Computing 1996).
    """

    def __init__(self, levels: Numbers, count: int, scales: Scales) -> None:
        self.levels, self.scales = levels, scales
        shares = np.cumsum(np.bincount(levels, minlength=count))[:-1] / len(levels)
        self.cuts: Array = ndtri(shares)
        self.target: Array = np.zeros(len(levels))
        self.sharpness: Array = np.ones(len(levels))  # one over the spread of the noise of each event
        self.root: Array = np.eye(count - 1)

    def start(self, chain: Chain) -> Array:
        chain.precision = 1.0
        # The middle of the probability of a level: where a standard normal variable would stand.
        edges = np.concatenate([[0.0], ndtr(self.cuts), [1.0]])
        self.target = ndtri(0.5 * (edges[self.levels] + edges[self.levels + 1]))
        self.root = self._root(np.zeros(len(self.levels)))
        return np.asarray(self.target - chain.predictions())

    def draw(self, chain: Chain, errors: Array, rng: np.random.Generator, settled: bool) -> None:
        chain.weights = self.scales.draw(errors**2, rng)
        self.sharpness = np.sqrt(chain.weights)
        sums = self.target - errors
        if not settled:
            by = self._scale(chain, sums)
            chain.stretch(by)
            sums *= by
            self.cuts = self.cuts * by
            self.root = self._root(sums)
        self._move_cuts(sums, rng)
        low, high = self._edges(self.cuts, sums)
        errors[:] = between(low, high, rng.random(len(sums))) / self.sharpness
        self.target = sums + errors

    def _edges(self, cuts: Array, sums: Array) -> tuple[Array, Array]:
        """The bounds of each event's level around its sum, in spreads of its noise."""
        bounds = np.concatenate([[-np.inf], cuts, [np.inf]])
        away = bounds[self.levels] - sums, bounds[self.levels + 1] - sums
        return away[0] * self.sharpness, away[1] * self.sharpness

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

    def _scale(self, chain: Chain, sums: Array) -> float:
        """The most likely scale of sums and cut points together, given all else.

        With latent values the scale hardly moves from where it began; during the burn-in it is put into place.
        """
        from scipy.optimize import minimize_scalar

        def surprise(power: float) -> float:
            by = float(np.exp(power))
            prior = sum(member.stretched_prior(by) for member in chain.members)
            return -self._fit(self.cuts * by, sums * by) - prior

        return float(np.exp(minimize_scalar(surprise, bounds=(-0.3, 0.3), options={"xatol": 1e-2}).x))

    def _root(self, sums: Array) -> Array:
        """A root of the covariance of the cut points, at the scale that suits random walks (Gelman et al. 1996)."""
        low, high = self._edges(self.cuts, sums)
        chance = np.maximum(mass(low, high), 1e-12)
        below, above = (self.sharpness * density(edge) / chance for edge in (low, high))
        size = len(self.cuts)
        inner = [np.where(np.isfinite(edge), self.sharpness * edge, 0.0) for edge in (low, high)]
        falls = np.bincount(self.levels, below * (below - inner[0]), size + 1)
        slopes = np.bincount(self.levels, above * (above + inner[1]), size + 1)
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
