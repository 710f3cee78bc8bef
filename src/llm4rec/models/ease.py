"""EASE: the closed-form linear autoencoder, with a history that fades at scoring time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt

from llm4rec.core import Config, Dataset, FitContext, Floats, History, Progress, Sparse, as_csr, silent
from llm4rec.models.itemitem import ItemItem, history_rows
from llm4rec.models.maps import InverseMap, ItemMap, SparseMap
from llm4rec.models.propensity import inverse_propensity, note, scaled
from llm4rec.models.solve import DENSE_LIMIT, inverse, neighbourhood_solve
from llm4rec.models.tuning import best_of


class EaseConfig(Config):
    """`reg` shrinks the map; `decay` is the number of events after which one counts 1/e (None: all alike).

    `propensity`: interactions weigh 1 / popularity to this power, which lifts what few took; 0: all the same. `support`: of its
    score an item that n people took keeps n / (n + support), so that few accounts can push nothing far; 0: all of it.
    """

    reg: PositiveFloat = 100.0
    decay: PositiveFloat | None = 20.0
    decays: tuple[float | None, ...] = Field((2.0, 5.0, 20.0, None), description="tried on validation")
    tune: bool = True
    propensity: float = Field(0.0, ge=0.0, le=1.0)
    support: float = Field(0.0, ge=0.0)
    dense_limit: PositiveInt = DENSE_LIMIT
    neighbours: PositiveInt = 100


class Ease(ItemItem):
    """B = I - P / diag(P), P = (X'X + reg I)^-1 over binary interactions (Steck, WWW 2019).

    The same B serves a history weighted by exp(-age / decay): on ordered data that is worth more than any
    setting of `reg`. With a holdout, `decay` is chosen on it. Above `dense_limit` items every column is
    solved on its `neighbours` most co-occurring items instead. Exact `partial_fit` and `forget` by
    low-rank updates of P (Woodbury), or by re-solving from the exact counts in the sparse form. With a
    `propensity`, columns of X are divided by its square root, in fitting and in scoring, and stay so scaled: the squared
    error of an interaction weighs 1 / propensity. `forget` keeps the weights of the first fit.
    """

    config_type = EaseConfig

    def __init__(self, config: EaseConfig | None = None) -> None:
        self.config = config or EaseConfig()
        self.decay = self.config.decay
        self.notes_ = note("ease", self.config.propensity)

    def fit(self, dataset: Dataset, context: FitContext) -> Self:
        """Learn the map; choose the decay where there is a holdout."""
        matrix = dataset.matrix()
        weights = inverse_propensity(matrix, self.config.propensity)
        self.scale_ = None if weights is None else np.sqrt(weights)
        matrix = scaled(matrix, self.scale_)
        self.gram_ = gram_of(matrix)
        self.trust_ = trust(self.gram_, self.config.support)
        self.map_ = ease_map(self.gram_, self.config, context.progress)
        if self.config.tune and context.holdout is not None and len(context.holdout):
            self.decay = best_of(self, "decay", self.config.decays, context)
        return self

    @property
    def chosen(self) -> EaseConfig:
        """The config with the decay chosen."""
        return self.config.model_copy(update={"decay": self.decay, "tune": False})

    def forget(self, histories: Sequence[History]) -> Self:
        """The model as if these training histories had never been seen."""
        return self.partial_fit(histories, [History.of([])] * len(histories))

    def partial_fit(self, before: Sequence[History], after: Sequence[History]) -> Self:
        """The model as if each training history `before[u]` had been `after[u]`."""
        self._need_fit()
        old, new = (scaled(history_rows(side, self.map_.size), self.scale_) for side in (before, after))
        changed = type(self)(self.config)
        changed.scale_ = self.scale_
        changed.decay = self.decay
        changed.gram_ = (self.gram_ + gram_of(new) - gram_of(old)).tocsr()
        changed.gram_.eliminate_zeros()
        changed.trust_ = trust(changed.gram_, self.config.support)
        if isinstance(self.map_, InverseMap):
            changed.map_ = InverseMap(woodbury(self.map_.inverse, new, old))
        else:
            changed.map_ = ease_map(changed.gram_, self.config, silent)
        return changed

    def restore(self, state: Mapping[str, NDArray[Any]], context: FitContext) -> Self:
        """The inverse of `state`."""
        super().restore(state, context)
        self.trust_ = trust(self.gram_, self.config.support)
        return self


def trust(gram: Sparse, support: float) -> Floats | None:
    """(items,): n / (n + support) of the n people that took each, weighted as in the counts; None where all is kept.

    The mean of n opinions and `support` more that the item is nothing: a Bayesian average.
    """
    if not support:
        return None
    taken = gram.diagonal()
    return np.asarray(taken / (taken + support), np.float32)


def gram_of(matrix: Sparse) -> Sparse:
    """X'X of a sparse matrix, CSR float32 with sorted columns."""
    gram = as_csr(matrix.T @ matrix)
    gram.sort_indices()
    return gram


def ease_map(gram: Sparse, config: EaseConfig, progress: Progress) -> ItemMap:
    """The fitted map of counts: dense while items are few, neighbourhoods above `dense_limit`."""
    if gram.shape[0] <= config.dense_limit:
        return InverseMap(inverse(gram, config.reg))
    target = gram.copy()
    target.setdiag(0)
    target.eliminate_zeros()
    return SparseMap(neighbourhood_solve(gram, target, config.reg, config.neighbours, progress))


def woodbury(inverse: Floats, added: Sparse, removed: Sparse) -> Floats:
    """(A + added' added - removed' removed)^-1 from A^-1 = `inverse`, exact up to float32; a new array."""
    signs = np.concatenate([np.ones(added.shape[0]), -np.ones(removed.shape[0])])
    through = np.concatenate([added @ inverse, removed @ inverse]).astype(np.float64)  # (m, items)
    small = np.concatenate([added @ through.T, removed @ through.T]) + np.diag(signs)
    return (inverse - through.T @ np.linalg.solve(small, through)).astype(np.float32)
