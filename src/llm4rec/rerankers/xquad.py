"""xQuAD: cover the aspects a person cares for, those first that the list lacks. Knows nothing of vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field, PositiveFloat, PositiveInt

from llm4rec.core import Candidates, Config, Floats, Numbers, Request, RerankContext, labels
from llm4rec.rerankers.aspects import aspects
from llm4rec.rerankers.greedy import Greedy, Part


class XquadConfig(Config):
    """`strength` is lambda; aspects are the `most` largest categories of a history that fades by `half_life` events."""

    strength: float = Field(0.7, ge=0.0, le=1.0)
    by_relevance: bool = Field(True, description="the chosen stand in the order of relevance")
    even: float = Field(
        0.0, ge=0.0, le=1.0, description="share of the weight spread over all categories alike"
    )
    field: str = ""
    half_life: PositiveFloat = 50.0
    most: PositiveInt = 64


class Xquad:
    """argmax (1 - s) rel(i) + s sum_a P(a|u) P(i|a) prod_{j above} (1 - P(j|a)) (Santos, Macdonald and Ounis 2010).

    P(a|u) is the share of category a in the history, mixed with `even` shares of all, P(i|a) the relevance of the item where it has the category and 0 where
    not. Without a history the order stays, unless shares are even.
    """

    config_type = XquadConfig

    def __init__(self, config: XquadConfig | None = None) -> None:
        self.config = config or XquadConfig()

    def rerank(
        self, requests: Sequence[Request], candidates: Candidates, context: RerankContext
    ) -> Candidates:
        """The first n places anew, the others as they stood."""
        width = min(labels(context.catalog, self.config.field).matrix.shape[1], self.config.most)
        how = Greedy(
            self.config.strength, 16 * candidates.items.shape[1] * (width + 4), self.config.by_relevance
        )
        return how.order(requests, candidates, context, lambda part: _Coverage(part, self.config))


class _Coverage:
    def __init__(self, part: Part, config: XquadConfig) -> None:
        known = labels(part.context.catalog, config.field)
        found = aspects(part, known, config.half_life, config.most)
        self._fits = (found.shares > 0) * part.relevance[:, :, None]
        width = found.wanted.shape[1]
        self._lacking = (1.0 - config.even) * found.wanted + np.float32(config.even / width)
        self._worth = (1.0 - part.strength) * part.relevance
        self._strength = part.strength

    def gain(self, slot: int) -> Floats:
        del slot
        covered = np.matmul(self._fits, self._lacking[:, :, None])[:, :, 0]
        return np.asarray(self._worth + self._strength * covered)

    def add(self, slot: int, places: Numbers) -> None:
        del slot
        self._lacking *= 1.0 - self._fits[np.arange(len(places)), places]
