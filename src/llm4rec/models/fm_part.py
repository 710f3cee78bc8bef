"""One fitted chain as a predictor of values: from a batch of histories to means, variances and levels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from llm4rec.core import Numbers
from llm4rec.models.fm_chain import Array
from llm4rec.models.fm_draws import Draw, Draws
from llm4rec.models.fm_noise import FREEDOM
from llm4rec.models.fm_requests import NO_VISIT, Batch


@dataclass(frozen=True)
class Values:
    """What is predicted of each pair: its mean, its variance and, with ordered levels, their probabilities."""

    means: Array
    variances: Array
    levels: Array  # (pairs, levels), or (pairs, 0)


@dataclass(frozen=True)
class Folded:
    """What one draw makes of each history: `parts` of set and attributes, own weights and their covariance
    (`solutions`), relative precision (`scales`), and mean and variance of the shift of each visit, of some visit of
    each history, and of none (`shifts`)."""

    parts: Array
    solutions: Array
    scales: Array
    shifts: Array

    @classmethod
    def blank(cls, batch: Batch, draw: Draw) -> Self:
        """Before the fold-in: only parts and the shift of no visit are known."""
        size = len(draw.prior[0])
        shifts = np.zeros((batch.visited + batch.histories + 1, 2))
        mean, precision = draw.visit
        shifts[NO_VISIT] = mean, 1.0 / precision if precision else 0.0
        solutions = np.zeros((batch.histories, size + 1, size))
        parts = np.asarray(batch.design @ draw.features, dtype=np.float64)
        return cls(parts, solutions, np.ones(batch.histories), shifts)


@dataclass(frozen=True)
class Part:
    """Draws and the scale of their values: `levels` where they are ordered, else a centre and a unit."""

    draws: Draws
    levels: Array
    centre: float = 0.0
    unit: float = 1.0

    def expect(self, batch: Batch, items: Numbers) -> Values:
        """What request n of the batch gives items[n], averaged over draws."""
        from llm4rec.models import fm_fold_kernels as kernels

        total, square = np.zeros(len(items)), np.zeros(len(items))
        chances = np.zeros((len(items), len(self.levels)))
        sums, wide = np.empty(len(items)), np.empty(len(items))
        for draw, who in self._folded(batch):
            folded = (who.parts, who.solutions)
            kernels.pair_sums((batch.owners, items), draw.items, draw.bias, folded, (sums, wide))
            today = who.shifts[batch.today]
            sums += today[:, 0]
            wide += today[:, 1] + 1.0 / (draw.precision * who.scales[batch.owners] * draw.item_noise[items])
            if len(self.levels):
                chances += self._chances(sums, wide, draw.cuts)
            else:
                total += sums
                square += sums**2 + wide
        if len(self.levels):
            chances /= len(self.draws)
            means = chances @ self.levels
            away = self.levels - means[:, None]
            return Values(means, (chances * away**2).sum(axis=1), chances)
        mean, second = total / len(self.draws), square / len(self.draws)
        variance = np.maximum(second - mean**2, 0.0)
        return Values(self.centre + self.unit * mean, self.unit**2 * variance, chances)

    def score(self, batch: Batch) -> NDArray[np.float32]:
        """(requests, items): the expected value of every item."""
        result = np.zeros((len(batch.owners), self.draws.items.shape[1]))
        for draw, who in self._folded(batch):
            users = (who.parts + who.solutions[:, 0])[batch.owners]
            today = who.shifts[batch.today]
            sums = users[:, 1:] @ draw.items[:, 1:].T + draw.items[:, 0]
            sums += (draw.bias + users[:, 0] + today[:, 0])[:, None]
            if len(self.levels):
                wide = _variances(draw.items, who.solutions[batch.owners, 1:]) + today[:, 1:]
                wide += 1.0 / (draw.precision * who.scales[batch.owners, None] * draw.item_noise)
                result += self._chances(sums, wide, draw.cuts) @ self.levels
            else:
                result += sums * self.unit + self.centre
        return np.asarray(result / len(self.draws), dtype=np.float32)

    def _chances(self, sums: Array, variances: Array, cuts: Array) -> Array:
        """(…, levels) probabilities from sums and variances around them, noise included."""
        below = ndtr((cuts - sums[..., None]) / np.sqrt(variances)[..., None])
        edges = np.zeros((*below.shape[:-1], len(cuts) + 2))
        edges[..., 1:-1], edges[..., -1] = below, 1.0
        return np.diff(edges, axis=-1)

    def _folded(self, batch: Batch) -> Iterator[tuple[Draw, Folded]]:
        """The histories of a batch under each draw."""
        from llm4rec.models import fm_fold_kernels as kernels

        if len(self.levels):
            values = np.abs(batch.values[:, None] - self.levels).argmin(axis=1).astype(np.float64)
        else:
            values = (batch.values - self.centre) / self.unit
        events = (batch.bounds, batch.items, values, batch.visits)
        for number in range(len(self.draws)):
            draw = self.draws.draw(number)
            who = Folded.blank(batch, draw)
            known = (
                draw.bias,
                draw.precision,
                draw.items,
                draw.item_noise,
                draw.prior,
                draw.visit,
                draw.cuts,
            )
            kernels.fold(events, who.parts, known, FREEDOM, (who.solutions, who.scales, who.shifts))
            who.shifts[batch.visited : NO_VISIT] = _some_visit(batch, who.shifts[: batch.visited])
            yield draw, who

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays by name."""
        scale = {"levels": self.levels, "scale": np.array([self.centre, self.unit])}
        return self.draws.state() | scale

    @classmethod
    def of(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """The inverse of `state`."""
        centre, unit = state["scale"].tolist()
        return cls(Draws.of(state), state["levels"], centre, unit)


def _some_visit(batch: Batch, shifts: Array) -> Array:
    """Mean and variance of the shift of a visit of each history that is not known closer, (histories, 2)."""
    mean = batch.shares @ shifts[:, 0]
    second = batch.shares @ (shifts[:, 0] ** 2 + shifts[:, 1])
    return np.stack([mean, second - mean**2], axis=1)


def _variances(items: Array, covariances: Array) -> Array:
    """The variance that the uncertainty of θ gives each sum, (users, items)."""
    x = items.copy()
    x[:, 0] = 1.0
    squares = (x[:, :, None] * x[:, None, :]).reshape(len(x), -1)
    return np.asarray(covariances.reshape(len(covariances), -1) @ squares.T)
