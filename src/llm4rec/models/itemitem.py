"""What all item-to-item models share: scoring, exact contributions, saving. Knows nothing of how a map is fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import FitContext, Floats, LightPart, NotFittedError, Numbers, Request, Sparse
from llm4rec.models.histories import recency_matrix
from llm4rec.models.light_items import LightItems
from llm4rec.models.light_maps import LightMaps
from llm4rec.models.maps import ItemMap, part, read_map, read_sparse, sparse_state, under
from llm4rec.models.propensity import scaled


class ItemItem:
    """Scores = weighted history @ map. A request without positive events is declined.

    `scale_`: what an event with each item weighs, where that is not the same for all. `trust_`: the share of its score that
    an item keeps, where that is not all of it.
    """

    decay: float | None = None
    window: int | None = None
    map_: ItemMap
    gram_: Sparse
    scale_: Floats | None = None
    trust_: Floats | None = None

    def score(self, requests: Sequence[Request], items: Numbers | None = None) -> Floats:
        """(requests, items) float32; -inf rows for histories without a positive event."""
        self._need_fit()
        weights = self._weights(requests)
        scores = self.map_.apply(weights)
        if self.trust_ is not None:
            scores *= self.trust_
        scores[np.diff(weights.indptr) == 0] = -np.inf
        return scores if items is None else scores[:, items]

    def contributions(self, request: Request, items: Numbers) -> list[dict[int, float]]:
        """What each history item gave to each score; the parts sum to the score."""
        self._need_fit()
        weights = self._weights([request])
        weights.sum_duplicates()
        trusted = self.map_ if self.trust_ is None else _Trusted(self.map_, self.trust_)
        block = weights.data[:, None] * trusted.entries(weights.indices.astype(np.int64), items)
        return [
            {int(i): float(v) for i, v in zip(weights.indices, column, strict=True)} for column in block.T
        ]

    def lighter(self, memory: int) -> LightPart:
        """The same with each item's strongest entries of the map."""
        self._need_fit()
        trusted = self.map_ if self.trust_ is None else _Trusted(self.map_, self.trust_)
        maps = LightMaps.of([(trusted, memory)])
        return LightItems(maps if self.scale_ is None else maps.louder(self.scale_), self.decay, self.window)

    def lighter_from(self, state: Mapping[str, NDArray[Any]]) -> LightPart:
        """The inverse of its `state`."""
        return LightItems.from_state(state)

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays for an engine folder."""
        self._need_fit()
        scale = {} if self.scale_ is None else {"scale": self.scale_}
        return under("map", self.map_.state()) | under("gram", sparse_state(self.gram_)) | scale

    def restore(self, state: Mapping[str, NDArray[Any]], context: FitContext) -> Self:
        """The inverse of `state`."""
        del context
        self.map_, self.gram_ = read_map(part("map", state)), read_sparse(part("gram", state))
        self.scale_ = state.get("scale")
        return self

    def _weights(self, requests: Sequence[Request]) -> Sparse:
        return scaled(recency_matrix(requests, self.map_.size, self.decay, self.window), self.scale_)

    def _need_fit(self) -> None:
        if not hasattr(self, "map_"):
            raise NotFittedError(f"{type(self).__name__} needs fit first")


@dataclass(frozen=True, eq=False)
class _Trusted:
    """Entries of a map times what is kept of each column."""

    whole: ItemMap
    kept: Floats

    @property
    def size(self) -> int:
        return self.whole.size

    def entries(self, rows: Numbers, columns: Numbers) -> Floats:
        return self.whole.entries(rows, columns) * self.kept[columns]


def history_rows(histories: Sequence[Any], items: int) -> Sparse:
    """Histories as binary rows (histories, items)."""
    return recency_matrix([Request(h) for h in histories], items, None)
