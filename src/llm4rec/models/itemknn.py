"""Item-kNN: items taken by the same people are neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from scipy import sparse

from llm4rec.core import Config, Dataset, FitContext, History, Sparse
from llm4rec.models.ease import gram_of
from llm4rec.models.itemitem import ItemItem, history_rows
from llm4rec.models.maps import SparseMap


class ItemKnnConfig(Config):
    """`neighbours` kept an item; `shrink` users are added to every denominator; `decay` as in ease."""

    neighbours: PositiveInt = 100
    shrink: NonNegativeFloat = 10.0
    decay: PositiveFloat | None = None


class ItemKnn(ItemItem):
    """Cosine between item columns, shrunk: n_ij / (sqrt(n_i n_j) + shrink), strongest neighbours kept.

    Source: Deshpande & Karypis, TOIS 2004. Counts are kept, so `partial_fit` and `forget` are exact.
    """

    config_type = ItemKnnConfig

    def __init__(self, config: ItemKnnConfig | None = None) -> None:
        self.config = config or ItemKnnConfig()
        self.decay = self.config.decay

    def fit(self, dataset: Dataset, context: FitContext) -> Self:
        """Count and normalise."""
        del context
        return self._from_counts(gram_of(dataset.matrix()))

    def forget(self, histories: Sequence[History]) -> Self:
        """The model as if these training histories had never been seen."""
        return self.partial_fit(histories, [History.of([])] * len(histories))

    def partial_fit(self, before: Sequence[History], after: Sequence[History]) -> Self:
        """The model as if each training history `before[u]` had been `after[u]`."""
        self._need_fit()
        old, new = (gram_of(history_rows(side, self.map_.size)) for side in (before, after))
        gram = (self.gram_ + new - old).tocsr()
        gram.eliminate_zeros()
        return type(self)(self.config)._from_counts(gram)

    def _from_counts(self, gram: Sparse) -> Self:
        self.gram_ = gram
        self.map_ = SparseMap(strongest(shrunk_cosine(gram, self.config.shrink), self.config.neighbours))
        return self


def shrunk_cosine(gram: Sparse, shrink: float) -> Sparse:
    """n_ij / (sqrt(n_i n_j) + shrink) off the diagonal."""
    norms = np.sqrt(gram.diagonal())
    rows = np.repeat(np.arange(gram.shape[0]), np.diff(gram.indptr))
    data = gram.data / (norms[rows] * norms[gram.indices] + shrink + 1e-9)
    result = sparse.csr_matrix((data.astype(np.float32), gram.indices.copy(), gram.indptr.copy()), gram.shape)
    result.setdiag(0)
    result.eliminate_zeros()
    return result


def strongest(matrix: Sparse, keep: int) -> Sparse:
    """Each column with its `keep` largest entries; equal ones by item number."""
    columns = matrix.tocsc()
    columns.sort_indices()
    kept = []
    for start, stop in zip(columns.indptr[:-1], columns.indptr[1:], strict=True):
        order = np.argsort(-columns.data[start:stop], kind="stable")[:keep]
        kept.append(start + np.sort(order))
    places = np.concatenate(kept) if kept else np.zeros(0, np.int64)
    bounds = np.concatenate([[0], np.cumsum([len(k) for k in kept])])
    return sparse.csc_matrix((columns.data[places], columns.indices[places], bounds), matrix.shape).tocsr()
