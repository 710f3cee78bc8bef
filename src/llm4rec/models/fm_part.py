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
from llm4rec.models.fm_draws import Draws
from llm4rec.models.fm_noise import FREEDOM
from llm4rec.models.fm_requests import NO_VISIT, Batch


@dataclass(frozen=True)
class Values:
    """What is predicted of each pair: its mean, its variance and, with ordered levels, their probabilities."""

    means: Array
    variances: Array
    levels: Array  # (pairs, levels), or (pairs, 0)


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
        for draw, (parts, solutions, scales, shifts) in self._folded(batch):
            kernels.pair_sums(batch.owners, items, draw[2], draw[0], (parts, solutions), (sums, wide))
            today = shifts[batch.today]
            sums += today[:, 0]
            wide += today[:, 1] + 1.0 / (draw[1] * scales[batch.owners] * draw[3][items])
            if len(self.levels):
                chances += self._chances(sums, wide, draw[7])
            else:
                total += sums
                square += sums**2 + wide
        if len(self.levels):
            chances /= len(self.draws)
            means = chances @ self.levels
            away = self.levels - means[:, None]
            return Values(means, (chances * away**2).sum(axis=1), chances)
        mean, second = total / len(self.draws), square / len(self.draws)
        return Values(
            self.centre + self.unit * mean, self.unit**2 * np.maximum(second - mean**2, 0.0), chances
        )

    def score(self, batch: Batch) -> NDArray[np.float32]:
        """(requests, items): the expected value of every item; with levels, by the mean uncertainty of a user."""
        result = np.zeros((len(batch.owners), self.draws.items.shape[1]))
        for draw, (parts, solutions, scales, shifts) in self._folded(batch):
            users = parts.copy()
            users[:, 1:] += solutions[:, 0, 1:]
            users[:, 0] += draw[0] + (parts[:, 1:] * solutions[:, 0, 1:]).sum(axis=1) + solutions[:, 0, 0]
            sums = users[batch.owners, 1:] @ draw[2][:, 1:].T + draw[2][:, 0]
            sums += (users[batch.owners, 0] + shifts[batch.today, 0])[:, None]
            if len(self.levels):
                wide = _mean_variance(draw[2], parts, solutions)[batch.owners] + shifts[batch.today, 1]
                noise = 1.0 / (draw[1] * scales[batch.owners, None] * draw[3])
                result += self._chances(sums, wide[:, None] + noise, draw[7]) @ self.levels
            else:
                result += sums * self.unit + self.centre
        return np.asarray(result / len(self.draws), dtype=np.float32)

    def _chances(self, sums: Array, variances: Array, cuts: Array) -> Array:
        """(…, levels) probabilities from sums and variances around them, noise included."""
        below = ndtr((cuts - sums[..., None]) / np.sqrt(variances)[..., None])
        edges = np.zeros((*below.shape[:-1], len(cuts) + 2))
        edges[..., 1:-1], edges[..., -1] = below, 1.0
        return np.diff(edges, axis=-1)

    def _folded(self, batch: Batch) -> Iterator[tuple[tuple[Any, ...], tuple[Array, Array, Array, Array]]]:
        """Each draw with parts, solutions, relative precisions and shifts; behind the shifts of visits those of
        some visit of each history, and of none."""
        from llm4rec.models import fm_fold_kernels as kernels

        if len(self.levels):
            values = np.abs(batch.values[:, None] - self.levels).argmin(axis=1).astype(np.float64)
        else:
            values = (batch.values - self.centre) / self.unit
        design = batch.design
        given = (
            *(batch.bounds, batch.items, values, batch.visits),
            *(design.indptr.astype(np.int64), design.indices.astype(np.int64), design.data),
        )
        size = self.draws.items.shape[2]
        for number in range(len(self.draws)):
            draw = self.draws.draw(number)
            out = (
                np.zeros((batch.histories, size)),
                np.zeros((batch.histories, size + 1, size)),
                np.ones(batch.histories),
                np.zeros((batch.visited + batch.histories + 1, 2)),
            )
            out[3][NO_VISIT] = draw[6][0], 1.0 / draw[6][1] if draw[6][1] else 0.0
            kernels.fold(given, draw, FREEDOM, out)
            out[3][batch.visited : NO_VISIT] = _some_visit(batch, out[3][: batch.visited])
            yield draw, out

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


def _mean_variance(items: Array, parts: Array, solutions: Array) -> Array:
    """The variance that the uncertainty of θ gives a sum, averaged over items, (histories,)."""
    ones = np.concatenate([np.ones((len(items), 1)), items[:, 1:]], axis=1)
    second, mean = ones.T @ ones / len(items), ones.mean(axis=0)
    shift = parts.copy()
    shift[:, 0] = 0.0
    cross = shift[:, :, None] * mean
    moments = second + cross + cross.transpose(0, 2, 1) + shift[:, :, None] * shift[:, None, :]
    return np.asarray((moments * solutions[:, 1:]).sum(axis=(1, 2)))
