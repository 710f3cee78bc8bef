"""Explore: draw the order, and say with which chance each item came to its place. Learns nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from pydantic import Field, PositiveFloat

from llm4rec.core import Candidates, Config, Floats, Numbers, Request, RerankContext
from llm4rec.core.plackett import next_chances
from llm4rec.rerankers.greedy import Part, parts


class ExploreConfig(Config):
    """`how` it is drawn; `strength` is the share of chance: epsilon, or how warm the draw is."""

    strength: float = Field(0.1, ge=0.0, le=1.0)
    how: Literal["plackett-luce", "epsilon"] = "plackett-luce"
    temperature: PositiveFloat = Field(1.0, description="of Plackett-Luce at strength 1")


class Explore:
    """The order drawn: by Plackett-Luce, or the next best but at random with chance epsilon, place by place.

    Plackett-Luce (Plackett 1975) draws each place with chances proportional to exp(rel / (s temperature)) among what is left;
    epsilon takes the best that is left with chance 1 - s, else any that is left alike. `propensities` of the candidates are
    the chances with which each came to its place given those above, 1 where nothing was drawn: what off-policy
    estimates divide by. They hold for the list as it stands, so explore last.
    """

    config_type = ExploreConfig

    def __init__(self, config: ExploreConfig | None = None) -> None:
        self.config = config or ExploreConfig()

    def rerank(
        self, requests: Sequence[Request], candidates: Candidates, context: RerankContext
    ) -> Candidates:
        """The first n places drawn, the others as they stood; draws come from the context's `rng`."""
        orders, chances = [], []
        for part in parts(
            requests, candidates, context, self.config.strength, 64 * candidates.items.shape[1]
        ):
            order, chance = self._drawn(part)
            orders.append(order)
            chances.append(chance)
        if not orders:
            return candidates
        return replace(candidates.reorder(np.concatenate(orders)), propensities=np.concatenate(chances))

    def _drawn(self, part: Part) -> tuple[Numbers, Floats]:
        rows, k = part.items.shape
        slots = min(part.context.n, k)
        free, row = part.there, np.arange(rows)
        rank = np.where(free, slots + np.arange(k), slots + k + np.arange(k))
        chances = np.ones((rows, k), dtype=np.float32)
        weights = self._weights(part)
        for slot in range(slots):
            chance = self._chances(part, weights, free)
            total = np.cumsum(chance, axis=1)
            drawn = part.context.rng.random((rows, 1)) * total[:, -1:]
            best = np.minimum((total <= drawn).sum(axis=1), k - 1)
            live = free[row, best] & (total[:, -1] > 0)
            rank[row[live], best[live]] = slot
            chances[live, slot] = (chance[row, best] / np.maximum(total[:, -1], 1e-30))[live]
            free[row[live], best[live]] = False
        return np.argsort(rank, axis=1, kind="stable"), chances

    def _weights(self, part: Part) -> Floats:
        """What Plackett-Luce draws in proportion to; at strength 0 only the best counts."""
        warm = np.maximum(part.strength * np.float32(self.config.temperature), 1e-6)
        return np.asarray((part.relevance - 1.0) / warm, dtype=np.float64)

    def _chances(self, part: Part, weights: Floats, free: np.ndarray) -> np.ndarray:
        """The chance of each candidate at the next place, (rows, k), among what is left."""
        left = free.sum(axis=1, keepdims=True)
        top = np.zeros(free.shape)
        first = free.argmax(axis=1)
        top[np.arange(len(free)), first] = free.any(axis=1)
        if self.config.how == "epsilon":
            return np.asarray((1.0 - part.strength) * top + part.strength * free / np.maximum(left, 1))
        return np.where(part.strength > 0, next_chances(weights, free), top)
