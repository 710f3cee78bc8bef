"""MMR: the next item is relevant and unlike the nearest of those above it. Knows nothing of people."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from llm4rec.core import Candidates, Config, Floats, Numbers, Request, RerankContext
from llm4rec.rerankers.greedy import Greedy, Part
from llm4rec.rerankers.similarity import Kernel


class MmrConfig(Config):
    """`strength` is 1 - lambda; `kernel` weighs similarities by name, `field` is the column of categories."""

    strength: float = Field(0.35, ge=0.0, le=1.0)
    by_relevance: bool = Field(True, description="the chosen stand in the order of relevance")
    kernel: dict[str, float] = Field({}, description="empty: categories, else texts, else tastes")
    field: str = ""


class Mmr:
    """Maximal marginal relevance: argmax (1 - s) rel(i) - s max_{j above} sim(i, j) (Carbonell and Goldstein 1998).

    Relevance runs from 0 to 1 over the candidates of a request. A list of n from k costs n k similarities.
    """

    config_type = MmrConfig

    def __init__(self, config: MmrConfig | None = None) -> None:
        self.config = config or MmrConfig()

    def rerank(
        self, requests: Sequence[Request], candidates: Candidates, context: RerankContext
    ) -> Candidates:
        """The first n places anew, the others as they stood."""
        kernel = Kernel(context, self.config.kernel, self.config.field)
        size = candidates.items.shape[1] * kernel.row_bytes
        how = Greedy(self.config.strength, size, self.config.by_relevance)
        return how.order(requests, candidates, context, lambda part: _Marginal(part, kernel))


class _Marginal:
    def __init__(self, part: Part, kernel: Kernel) -> None:
        self._near = kernel.among(part.items)
        self._worth = (1.0 - part.strength) * part.relevance
        self._strength = part.strength
        self._nearest: Floats = np.zeros_like(part.relevance)

    def gain(self, slot: int) -> Floats:
        del slot
        return np.asarray(self._worth - self._strength * self._nearest)

    def add(self, slot: int, places: Numbers) -> None:
        del slot
        np.maximum(self._nearest, self._near.to(places), out=self._nearest)
