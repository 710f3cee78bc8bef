"""What items say: text vectors, attributes and words as unit rows, and models that compare a history with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, PositiveFloat
from scipy import sparse

from llm4rec.core import (
    Catalog,
    Config,
    Dataset,
    Encoder,
    Features,
    FitContext,
    Floats,
    NotFittedError,
    Numbers,
    Request,
    Sparse,
    as_csr,
    no_entries,
    unit_rows,
    zscore_rows,
)
from llm4rec.models.fields import field_vectors, fullness
from llm4rec.models.histories import recency_matrix
from llm4rec.models.maps import part, read_sparse, shared_columns, sparse_state, under

CELLS = 20_000_000  # of dense tastes held at once
PARTS = ("text", "attributes", "words")


@dataclass(frozen=True, eq=False)
class ItemContent:
    """Unit rows by item: `text` (whitened) and `raw` (field by field, not whitened), dense; `attributes` and
    `words`, sparse; and `fullness`, how much is said.

    A part that the data set does not have has no columns; an item without a part has a row of zeros there.
    """

    text: Floats
    raw: Floats
    fullness: Floats
    attributes: Sparse
    words: Sparse

    @classmethod
    def read(cls, catalog: Catalog, context: FitContext) -> Self:
        """The content of a catalog in the terms of the context's encoders and features."""
        text, raw = _encoded(context.encoder, catalog), field_vectors(context.raw_encoder, catalog)
        return cls(
            text, raw, fullness(catalog), _unit(context.features, catalog), _unit(context.words, catalog)
        )

    def __len__(self) -> int:
        return len(self.text)

    def followed_by(self, other: ItemContent) -> ItemContent:
        """These items with `other` behind them."""
        return ItemContent(
            np.concatenate([self.text, other.text]),
            np.concatenate([self.raw, other.raw]),
            np.concatenate([self.fullness, other.fullness]),
            sparse.vstack([self.attributes, other.attributes]).tocsr(),
            sparse.vstack([self.words, other.words]).tocsr(),
        )

    def take(self, items: Numbers) -> ItemContent:
        """The items asked for, in that order."""
        names = ("text", "raw", "fullness", "attributes", "words")
        return ItemContent(*(getattr(self, name)[items] for name in names))

    def has(self, part_name: str) -> bool:
        """Whether a part has columns at all."""
        return bool(getattr(self, part_name).shape[1])

    def similarity(self, part_name: str, weights: Sparse) -> Floats:
        """(requests, items): cosine of each item with the weighted history, up to a factor a request."""
        if part_name == "text":
            return np.asarray((weights @ self.text) @ self._turned["text"], dtype=np.float32)
        rows = getattr(self, part_name)
        step = max(1, CELLS // max(rows.shape[1], 1))
        if weights.shape[0] <= step:
            return self._compared(part_name, dense_product(weights, rows))
        blocks = (weights[at : at + step] for at in range(0, weights.shape[0], step))
        return np.concatenate([self._compared(part_name, dense_product(block, rows)) for block in blocks])

    def _compared(self, part_name: str, taste: Floats) -> Floats:
        """(requests, items): products of all items with dense tastes (requests, columns)."""
        if (
            len(taste) == 1
        ):  # one request: touch only the items that share a column with its taste, if they are few
            columns, turned = np.flatnonzero(taste[0]), self._turned[part_name]
            if 4 * (turned.indptr[columns + 1] - turned.indptr[columns]).sum() < turned.nnz:
                return scattered(np.zeros_like(columns), columns, taste[0, columns], turned, 1)
            return np.asarray(getattr(self, part_name) @ taste[0], dtype=np.float32)[None, :]
        return np.ascontiguousarray((getattr(self, part_name) @ taste.T).T, dtype=np.float32)

    @cached_property
    def _turned(self) -> dict[str, Any]:
        """Parts turned round, in the order in which a request reads them."""
        return {name: getattr(self, name).T.tocsr() for name in ("attributes", "words")} | {
            "text": np.ascontiguousarray(self.text.T)
        }

    def stacked(self, scales: Mapping[str, float]) -> Sparse:
        """Parts side by side, each times its scale, as one sparse matrix (items, width) for ridge regressions."""
        blocks = [
            as_csr(getattr(self, name)) * np.float32(scale)
            for name, scale in scales.items()
            if self.has(name)
        ]
        return as_csr(sparse.hstack(blocks)) if blocks else no_entries(len(self), 0)

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays for an engine folder."""
        return (
            {"text": self.text, "raw": self.raw, "fullness": self.fullness}
            | under("attributes", sparse_state(self.attributes))
            | under("words", sparse_state(self.words))
        )

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """The inverse of `state`."""
        attributes, words = (read_sparse(part(name, state)) for name in ("attributes", "words"))
        return cls(state["text"], state["raw"], state["fullness"], attributes, words)


def _encoded(encoder: Encoder | None, catalog: Catalog) -> Floats:
    """Unit rows of an encoder; no columns where there is none."""
    if encoder is None:
        return np.zeros((len(catalog), 0), np.float32)
    return unit_rows(encoder.encode(catalog.texts))


def _unit(features: Features | None, catalog: Catalog) -> Sparse:
    """Sparse rows scaled to length one; no columns where there are no features."""
    if features is None:
        return no_entries(len(catalog), 0)
    rows = features.transform(catalog)
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    scale = sparse.diags((1.0 / np.where(lengths > 0, lengths, 1.0)).astype(np.float32))
    return as_csr(scale @ rows)


def dense_product(weights: Sparse, rows: Sparse) -> Floats:
    """weights @ rows as a dense float32 array."""
    among = shared_columns(weights)
    if among is not None:
        return np.asarray((rows[among[0]].T @ among[1].T).T)
    owners = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
    return scattered(owners, weights.indices, weights.data, rows, weights.shape[0])


def scattered(owners: Any, chosen: Any, weights: Any, rows: Sparse, size: int) -> Floats:
    """(size, columns of rows): weights[i] * rows[chosen[i]] summed up by owners[i], dense float32.

    One count over the entries: for one request scipy spends more time on looking at its matrices.
    """
    starts = rows.indptr[chosen]
    lengths = rows.indptr[chosen + 1] - starts
    ends = np.cumsum(lengths)
    entries = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - lengths), lengths)
    cells = np.repeat(owners * rows.shape[1], lengths) + rows.indices[entries]
    total = np.bincount(cells, np.repeat(weights, lengths) * rows.data[entries], size * rows.shape[1])
    return total.reshape(size, rows.shape[1]).astype(np.float32)


class ContentConfig(Config):
    """`decay` as in ease; the weights of the parts; 0 leaves a part out."""

    decay: PositiveFloat | None = 10.0
    text: NonNegativeFloat = 1.0
    attributes: NonNegativeFloat = 1.0
    words: NonNegativeFloat = 0.0


class Content:
    """Items whose text and attributes are like the history: the z-scored cosines of the parts, weighted.

    Needs no interactions, so that new items are found at once. A history without positive events is declined.
    """

    config_type = ContentConfig

    def __init__(self, config: ContentConfig | None = None) -> None:
        self.config = config or ContentConfig()

    def fit(self, dataset: Dataset, context: FitContext) -> Self:
        """Read the catalog."""
        self.content_ = ItemContent.read(dataset.catalog, context)
        return self

    def score(self, requests: Sequence[Request], items: Numbers | None = None) -> Floats:
        """(requests, items) float32."""
        content = self._fitted()
        weights = recency_matrix(requests, len(content), self.config.decay)
        scores = np.zeros((len(requests), len(content)), np.float32)
        for name in PARTS:
            weight = getattr(self.config, name)
            if weight and content.has(name):
                scores += np.float32(weight) * zscore_rows(content.similarity(name, weights))
        scores[np.diff(weights.indptr) == 0] = -np.inf
        return scores if items is None else scores[:, items]

    def grow(self, catalog: Catalog, context: FitContext) -> Self:
        """Read the new items."""
        content = self._fitted()
        new = ItemContent.read(catalog.take(np.arange(len(content), len(catalog))), context)
        grown = type(self)(self.config)
        grown.content_ = content.followed_by(new)
        return grown

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays for an engine folder."""
        return self._fitted().state()

    def restore(self, state: Mapping[str, NDArray[Any]], context: FitContext) -> Self:
        """The inverse of `state`."""
        del context
        self.content_ = ItemContent.from_state(state)
        return self

    def _fitted(self) -> ItemContent:
        if not hasattr(self, "content_"):
            raise NotFittedError("Content needs fit first")
        return self.content_
