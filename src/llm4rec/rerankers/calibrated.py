"""Calibrated: the list is made of what the history is made of, in the same shares. Knows nothing of vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field, PositiveFloat, PositiveInt
from scipy import sparse

from llm4rec.core import (
    Candidates,
    ComponentError,
    Config,
    Floats,
    Labels,
    Numbers,
    Request,
    RerankContext,
    labels,
)
from llm4rec.core.labels import padded
from llm4rec.core.sets import divergence, popularity_groups
from llm4rec.rerankers.aspects import aspects
from llm4rec.rerankers.greedy import Greedy, Part


class CalibratedConfig(Config):
    """`by` categories, or by popularity (head, middle, tail); the history fades by `half_life` events."""

    strength: float = Field(0.3, ge=0.0, le=1.0)
    by_relevance: bool = Field(True, description="the chosen stand in the order of relevance")
    by: Literal["categories", "popularity"] = "categories"
    field: str = ""
    half_life: PositiveFloat = 50.0
    alpha: float = Field(0.01, gt=0.0, lt=1.0, description="smoothing of the shares of a list")
    most: PositiveInt = Field(64, description="categories of a history that are looked at")


class Calibrated:
    """argmax (1 - s) rel(i) - s KL(p, q(list and i)) (Steck, RecSys 2018; greedy, submodular).

    p are the shares of categories in the history, an item with three counting a third for each; or, for popularity, the
    shares of what most take, of the middle and of the tail (Abdollahpouri et al. 2021). A person without a history, or
    whose history has no category, keeps the order.
    """

    config_type = CalibratedConfig

    def __init__(self, config: CalibratedConfig | None = None) -> None:
        self.config = config or CalibratedConfig()

    def rerank(
        self, requests: Sequence[Request], candidates: Candidates, context: RerankContext
    ) -> Candidates:
        """The first n places anew, the others as they stood. ComponentError where popularity is asked for and unknown."""
        known = self._labels(context)
        width = min(known.matrix.shape[1], self.config.most)
        size = 24 * candidates.items.shape[1] * (width + 4)
        how = Greedy(self.config.strength, size, self.config.by_relevance)
        return how.order(requests, candidates, context, lambda part: _Shares(part, self.config, known))

    def _labels(self, context: RerankContext) -> Labels:
        if self.config.by == "categories":
            return labels(context.catalog, self.config.field)
        if context.counts is None:
            raise ComponentError("reranker 'calibrated' by popularity needs counts of items in its context")
        groups = popularity_groups(context.counts)
        place = (np.ones(len(groups), np.float32), (np.arange(len(groups)), groups))
        matrix = sparse.csr_matrix(place, shape=(len(groups), 3))
        return Labels(matrix, ("head", "middle", "tail"), matrix, padded(matrix))


class _Shares:
    def __init__(self, part: Part, config: CalibratedConfig, known: Labels) -> None:
        found = aspects(part, known, config.half_life, config.most)
        # A history without a category wants nothing: its divergence is 0 for any list.
        self._wanted, self._shares = found.wanted[:, None, :], found.shares
        self._sum: Floats = np.zeros_like(found.wanted)
        self._worth = (1.0 - part.strength) * part.relevance
        self._strength, self._alpha = part.strength, config.alpha

    def gain(self, slot: int) -> Floats:
        made = (self._sum[:, None, :] + self._shares) / np.float32(slot + 1)
        return np.asarray(self._worth - self._strength * divergence(self._wanted, made, self._alpha))

    def add(self, slot: int, places: Numbers) -> None:
        del slot
        self._sum += self._shares[np.arange(len(places)), places]
