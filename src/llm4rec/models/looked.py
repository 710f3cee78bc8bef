"""How near candidates are to histories in texts and attributes, made as it is asked for. Weighs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Floats, Numbers, Request, Sparse
from llm4rec.models.content import CELLS, dense_product
from llm4rec.models.histories import recency_matrix
from llm4rec.models.slates import Slates

LATEST = 10  # latest events whose texts a candidate is compared with
WASTE = 8  # products of all with all that are made for each that is needed, at most
STEP = 200_000


@dataclass(frozen=True, eq=False)
class Looked:
    """Candidates of a batch beside the histories they are for; `text` (items, width) unit rows, `attributes` too.

    Where a batch is of few people, or of one with a little changed, its candidates are mostly the same: then all of them
    are compared with all histories in one product.
    """

    slates: Slates
    requests: Sequence[Request]
    text: Floats
    attributes: Sparse

    @cached_property
    def liked(self) -> list[Numbers]:
        """What each asker liked, oldest first."""
        return [request.history.liked for request in self.requests]

    def _fading(self, decay: float, window: int) -> Sparse:
        return recency_matrix(self.requests, len(self.text), decay, window)

    def text_near(self, decay: float, window: int) -> NDArray[Any]:
        """(candidates,): cosine with the fading mean of the latest texts."""
        profiles = self._fading(decay, window) @ self.text
        lengths = np.linalg.norm(profiles, axis=1, keepdims=True)
        profiles = np.asarray(profiles / np.maximum(lengths, 1e-9), dtype=np.float32)
        slates, (items, places) = self.slates, self.slates.distinct
        if len(profiles) * len(items) <= WASTE * len(slates):
            return np.asarray((profiles @ self.text[items].T)[slates.rows, places])
        parts = [
            np.einsum(
                "ij,ij->i", profiles[slates.rows[at : at + STEP]], self.text[slates.items[at : at + STEP]]
            )
            for at in range(0, len(slates), STEP)
        ]
        return np.concatenate(parts)

    def closest(self) -> NDArray[Any]:
        """(candidates,): the highest cosine with one of the latest texts; 0 where there is none."""
        slates, (items, places) = self.slates, self.slates.distinct
        latest = [liked[-LATEST:] for liked in self.liked]
        others, found = np.unique(np.concatenate([*latest, np.zeros(0, np.int64)]), return_inverse=True)
        if len(items) * len(others) > WASTE * len(slates):
            return self._one_by_one(latest)
        near = np.full((len(others) + 1, len(items)), -np.inf, np.float32)  # the last row is of nothing
        near[:-1] = self.text[others] @ self.text[items].T
        rows = np.full((len(latest), LATEST), len(others), np.int64)
        rows[np.arange(LATEST) < np.array([len(own) for own in latest])[:, None]] = found
        best = near[rows].max(axis=1)[slates.rows, places]
        return np.asarray(np.where(np.isfinite(best), best, 0.0))

    def _one_by_one(self, latest: Sequence[Numbers]) -> NDArray[Any]:
        slates = self.slates
        best = np.zeros(len(slates), np.float32)
        for row, own in enumerate(latest):
            span = slice(slates.bounds[row], slates.bounds[row + 1])
            if len(own) and span.stop > span.start:
                best[span] = (self.text[slates.items[span]] @ self.text[own].T).max(axis=1)
        return best

    def shared(self, decay: float, window: int) -> NDArray[Any]:
        """(candidates,): cosine with the attributes of the fading history."""
        weights, slates, (items, places) = self._fading(decay, window), self.slates, self.slates.distinct
        own = self.attributes
        if WASTE * len(items) < own.shape[0]:
            own = own[items]
        else:  # looking for the rows takes longer than multiplying them all
            items, places = np.arange(own.shape[0]), slates.items
        step = max(1, CELLS // max(self.attributes.shape[1], 1))
        near = np.zeros((len(items), weights.shape[0]), np.float32)
        for at in range(0, weights.shape[0], step):
            taste = dense_product(weights[at : at + step], self.attributes)
            lengths = np.sqrt(np.einsum("ij,ij->i", taste, taste))
            near[:, at : at + step] = (own @ taste.T) / np.maximum(lengths, 1e-9)
        return np.asarray(near[places, slates.rows])
