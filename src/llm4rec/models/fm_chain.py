"""The Gibbs chain of a Bayesian factorisation machine over blocks. Knows nothing of users, items or likelihoods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from llm4rec.models.fm_blocks import Block

Array: TypeAlias = NDArray[np.float64]
# Priors of the priors: gamma(1/2, 1/2) for every precision, one pseudo-feature of value 0 for every mean.
SHAPE, RATE, PSEUDO = 1.0, 1.0, 1.0
START = 0.1  # spread of the first factors


class Member:
    """A block inside a chain: its weights, (1 + factors, features) with the linear ones first, and their priors."""

    def __init__(self, block: Block, factors: int, rng: np.random.Generator) -> None:
        from llm4rec.models import fm_kernels as kernels

        columns = sparse.csc_matrix(block.design)
        columns.sort_indices()
        self.block = block
        self.design = (
            columns.indptr.astype(np.int64),
            columns.indices.astype(np.int32),
            columns.data.astype(np.float64),
        )
        self.sizes = np.array(block.groups, dtype=np.int64)
        self.starts = np.cumsum(self.sizes) - self.sizes
        self.group = np.repeat(np.arange(len(self.sizes)), self.sizes)
        depth = 0 if block.flat else factors
        self.weights = np.zeros((1 + depth, block.design.shape[1]))
        self.weights[1:] = rng.normal(0.0, START, self.weights[1:].shape)
        self.means = np.zeros((1 + depth, len(self.sizes)))
        self.precisions = np.ones((1 + depth, len(self.sizes)))
        self.sums = np.zeros((block.design.shape[0], kernels.SUMS))

    def draw_priors(self, rng: np.random.Generator) -> None:
        """Means and precisions of each group, from their normal-gamma posterior (Freudenthaler et al. 2011)."""
        away = self.weights - self.means[:, self.group]
        spread = np.add.reduceat(away**2, self.starts, axis=1) + PSEUDO * self.means**2
        self.precisions = rng.gamma((SHAPE + self.sizes + 1.0) / 2.0, size=spread.shape) / (
            (RATE + spread) / 2.0
        )
        totals = np.add.reduceat(self.weights, self.starts, axis=1)
        errors = rng.standard_normal(totals.shape) / np.sqrt((self.sizes + PSEUDO) * self.precisions)
        self.means = totals / (self.sizes + PSEUDO) + errors

    def prior(self, factor: int, precision: float) -> Array:
        """(2, features): mean, and precision in units of that of the events."""
        return np.stack([self.means[factor], self.precisions[factor] / precision])[:, self.group]

    def stretch(self, by: float) -> None:
        """Multiply what the weights give by a positive number; their priors follow."""
        powers = self._powers(by)
        self.weights *= powers
        self.means *= powers
        self.precisions /= powers**2

    def stretched_prior(self, by: float) -> float:
        """By how much `stretch` changes the log density of the precisions, as seen by a draw of `by`."""
        squares = self._powers(by) ** 2
        change = self.precisions * (1.0 / squares - 1.0)
        return float(-0.5 * (SHAPE * np.log(squares) + RATE * change).sum())

    def _powers(self, by: float) -> Array:
        """(1 + factors, 1): a product of two factors grows as a linear weight does."""
        return np.where(np.arange(len(self.weights)) > 0, np.sqrt(by), by)[:, None]

    def parts(self) -> Array:
        """(rows, 1 + factors): what the linear weights of a row add up to, and those of each factor."""
        return np.asarray(self.block.design @ self.weights.T)


class Chain:
    """y = b + sum of linear weights + sum over pairs of features of different blocks of their factors' product + noise.

    Noise has the precision `precision` × `weights` of the event. One `sweep` draws every unknown but those two once,
    given the others (Freudenthaler, Schmidt-Thieme & Rendle 2011), by blocks (Rendle, VLDB 2013). What the ids of a
    block and its other features have in common is drawn once more along the line on which they replace each other,
    where the events have no say and a plain Gibbs sampler hardly moves (interweaving; Yu & Meng, JCGS 2011).
    """

    def __init__(self, blocks: Sequence[Block], factors: int, rng: np.random.Generator) -> None:
        self.members = [Member(block, factors, rng) for block in blocks]
        self.deep = [m for m in self.members if not m.block.flat]
        self.factors = factors
        self.bias = 0.0
        self.precision = 1.0
        self.weights = np.ones(len(blocks[0].index))

    def predictions(self) -> Array:
        """What the present draw says of every event."""
        result = np.full(len(self.weights), self.bias)
        for member in self.members:
            result += member.parts()[member.block.index, 0]
        total = np.zeros((len(result), self.factors))
        for member in self.deep:
            part = member.parts()[member.block.index, 1:]
            result -= 0.5 * (part**2).sum(axis=1)
            total += part
        return np.asarray(result + 0.5 * (total**2).sum(axis=1))

    def stretch(self, by: float) -> None:
        """Multiply every prediction by a positive number."""
        self.bias *= by
        for member in self.members:
            member.stretch(by)

    def sweep(self, errors: Array, rng: np.random.Generator) -> None:
        """Draw everything once; `errors` (values − predictions) are kept up to date."""
        for member in self.members:
            member.draw_priors(rng)
        self._bias(errors, rng)
        shapes = [(2, *m.weights.shape) for m in self.members]
        noise = [rng.standard_normal(shape) / np.sqrt(self.precision) for shape in shapes]
        for member, one in zip(self.members, noise, strict=True):
            self._linear(member, errors, one[:, 0])
        deep = [one for one in noise if one.shape[1] > 1]
        for factor in range(1, self.factors + 1):
            self._factor(factor, errors, [one[:, factor] for one in deep])

    def _bias(self, errors: Array, rng: np.random.Generator) -> None:
        total = float(self.weights.sum())
        step = float(self.weights @ errors) / total + rng.standard_normal() / np.sqrt(self.precision * total)
        self.bias += step
        errors -= step

    def _linear(self, member: Member, errors: Array, noise: Array) -> None:
        from llm4rec.models import fm_kernels as kernels

        index, sums = member.block.index, member.sums
        sums[:] = 0.0
        kernels.gather_linear(errors, self.weights, index, sums)
        self._draw(member, 0, noise)
        kernels.scatter_linear(errors, index, sums)

    def _factor(self, factor: int, errors: Array, noise: Sequence[Array]) -> None:
        from llm4rec.models import fm_kernels as kernels

        totals = np.zeros(len(errors))
        for member in self.deep:
            member.sums[:] = 0.0
            own = member.block.design @ member.weights[factor]
            member.sums[:, kernels.OWN] = member.sums[:, kernels.BEFORE] = own
            kernels.add_part(totals, member.block.index, own)
        drawn = None
        for member, one in zip(self.deep, noise, strict=True):
            place = (member.block.index, member.sums)
            if drawn is None:
                kernels.gather(errors, totals, self.weights, *place)
            else:
                kernels.hand_over(errors, totals, self.weights, drawn, place)
            self._draw(member, factor, one)
            drawn = place
        if drawn is not None:
            kernels.scatter(errors, totals, *drawn)

    def _draw(self, member: Member, factor: int, noise: Array) -> None:
        """Draw one factor of a block given its sums, then what ids and other features have in common."""
        from llm4rec.models import fm_kernels as kernels

        prior, weights = member.prior(factor, self.precision), member.weights[factor]
        kernels.draw(member.design, member.sums, weights, prior, noise[0])
        kernels.recentre(member.design, member.block.groups[0], weights, prior, noise[1])
