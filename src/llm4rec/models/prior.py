"""A normal prior over people's vectors, learnt from many people, and what a few events make of it. Knows no requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import ComponentError, Sparse

Reals = NDArray[np.float64]
LEAST = 1e-6  # noise is never thought smaller


@dataclass(frozen=True, eq=False)
class Prior:
    """u ~ N(mean (width,), covariance (width, width)); what is observed of an item v is v u + N(0, noise / precision)."""

    mean: Reals
    covariance: Reals
    noise: float

    @classmethod
    def learn(cls, vectors: Reals, matrix: Sparse, unobserved: float, sweeps: int) -> Self:
        """Empirical Bayes: mean, covariance and noise of highest marginal likelihood, by EM.

        Rows of `matrix` (people, items) are small tasks; its entries are observed with precision 1, all else as 0 with
        precision `unobserved` (0: says nothing). Random-coefficient model: Laird & Ware, Biometrics 1982; priors of
        hierarchical recommenders: Zigoris & Zhang, CIKM 2006. ComponentError where what is learnt is not finite.
        """
        width = vectors.shape[1]
        people = matrix[np.diff(matrix.indptr) > 0]
        prior = cls(np.zeros(width), np.eye(width), 1.0)
        for _ in range(sweeps if people.shape[0] else 0):
            prior = prior._swept(vectors, people, unobserved)
            if not (np.isfinite(prior.covariance).all() and np.isfinite(prior.noise)):
                raise ComponentError(
                    "fold-in: the prior is not finite; look for item vectors that are too large"
                )
        return prior

    def _swept(self, vectors: Reals, people: Sparse, unobserved: float) -> Self:
        """One step of EM: the posteriors of all people, and the prior they suggest."""
        rows, width = people.shape[0], len(self.mean)
        gram = unobserved * (vectors.T @ vectors)
        means, spread, error = np.empty((rows, width)), np.zeros((width, width)), 0.0
        for row, posterior, system, taken in self._tasks(vectors, people, gram, unobserved):
            mean, covariance = posterior
            means[row] = mean
            spread += covariance
            values, given = taken
            # sum precision (x - v u)^2 in expectation, from the sums of a task alone
            error += float(values @ values) - 2.0 * float(mean @ given)
            error += float(mean @ system @ mean) + float((system * covariance).sum())
        centre = means.mean(axis=0)
        away = means - centre
        pairs = rows * len(vectors) if unobserved else people.nnz
        return type(self)(centre, (spread + away.T @ away) / rows, max(error / pairs, LEAST))

    def _tasks(
        self, vectors: Reals, people: Sparse, gram: Reals, unobserved: float
    ) -> Iterator[tuple[int, tuple[Reals, Reals], Reals, tuple[Reals, Reals]]]:
        """Of each person: row, posterior mean and covariance, sum of precision v v', and values with their sum of v."""
        inverse = np.linalg.inv(self.covariance)
        start = inverse @ self.mean
        for row in range(people.shape[0]):
            span = slice(people.indptr[row], people.indptr[row + 1])
            own, values = vectors[people.indices[span]], people.data[span].astype(np.float64)
            system, given = gram + (1.0 - unobserved) * (own.T @ own), values @ own
            covariance: Reals = np.asarray(np.linalg.inv(inverse + system / self.noise), dtype=np.float64)
            mean = covariance @ (start + given / self.noise)
            yield row, (mean, covariance), system, (values, given)

    def begun(self, rows: int) -> Posterior:
        """What is known of `rows` people before their first event."""
        return Posterior(
            np.tile(self.mean, (rows, 1)), np.tile(self.covariance, (rows, 1, 1)), np.full(rows, self.noise)
        )


@dataclass(frozen=True, eq=False)
class Posterior:
    """What is known of some people: means (rows, width), covariances (rows, width, width), noise (rows,)."""

    means: Reals
    covariances: Reals
    noise: Reals

    def after(self, vectors: Reals, precisions: Reals, values: Reals | float = 1.0) -> Posterior:
        """One more observation a person: `values` of the items `vectors` (rows, width), in O(width^2) each.

        An observation of precision 0 changes nothing. Rank-one update of Sherman & Morrison (Ann. Math. Stat. 1950),
        which is the exact posterior: the order of events does not matter.
        """
        through = (self.covariances @ vectors[:, :, None])[:, :, 0]
        spread = np.einsum("ij,ij->i", vectors, through)
        gain = precisions / (self.noise + precisions * spread)
        surprise = gain * (values - np.einsum("ij,ij->i", vectors, self.means))
        means = self.means + surprise[:, None] * through
        covariances = self.covariances - (gain[:, None] * through)[:, :, None] * through[:, None, :]
        return Posterior(means, covariances, self.noise)

    def spread(self, vectors: Reals) -> Reals:
        """(rows, items): standard deviations of the scores of items (items, width)."""
        variances = [np.einsum("ij,ij->i", vectors @ own, vectors) for own in self.covariances]
        whole = np.array(variances, dtype=np.float64).reshape(len(self.means), len(vectors))
        return np.asarray(np.sqrt(np.maximum(whole, 0.0)), dtype=np.float64)
