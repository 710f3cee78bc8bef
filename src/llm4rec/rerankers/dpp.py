"""DPP: relevant items that span a large volume together. Knows nothing of people."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field, PositiveInt

from llm4rec.core import Candidates, Config, Floats, Numbers, Request, RerankContext
from llm4rec.rerankers.greedy import Greedy, Part
from llm4rec.rerankers.similarity import Kernel
from llm4rec.rerankers.volume import FLOOR, Spans


class DppConfig(Config):
    """`strength` weighs volume against relevance; `window`: only so many neighbours in a feed must differ."""

    strength: float = Field(0.08, ge=0.0, le=1.0)
    by_relevance: bool = Field(True, description="the chosen stand in the order of relevance")
    window: PositiveInt | None = Field(None, description="places that must differ; none: the whole list")
    kernel: dict[str, float] = Field({}, description="empty: categories, else texts, else tastes")
    field: str = ""


class Dpp:
    """Greedy MAP of a determinantal point process with kernel L = diag(q) S diag(q) (Chen, Zhang and Zhou 2018).

    With q = exp(a rel) the marginal gain of log det L is 2 a rel(i) + log d_i^2; divided by 2 a + 2 it is
    (1 - s) rel(i) + s log d_i with strength s = 1 / (1 + a). Where all that is left lies in the span of the list
    (d^2 < 1e-6), relevance decides.
    """

    config_type = DppConfig

    def __init__(self, config: DppConfig | None = None) -> None:
        self.config = config or DppConfig()

    def rerank(
        self, requests: Sequence[Request], candidates: Candidates, context: RerankContext
    ) -> Candidates:
        """The first n places anew, the others as they stood."""
        kernel = Kernel(context, self.config.kernel, self.config.field)
        size = candidates.items.shape[1] * (kernel.row_bytes + 8 * context.n)
        how = Greedy(self.config.strength, size, self.config.by_relevance and self.config.window is None)
        return how.order(
            requests, candidates, context, lambda part: _Determinant(part, kernel, self.config.window)
        )


class _Determinant:
    def __init__(self, part: Part, kernel: Kernel, window: int | None) -> None:
        self._worth = (1.0 - part.strength) * part.relevance
        self._strength = part.strength
        self._spans = Spans(kernel.among(part.items), window)

    def gain(self, slot: int) -> Floats:
        del slot
        length = 0.5 * np.log(np.maximum(self._spans.left, np.float32(FLOOR)))
        return np.asarray(self._worth + self._strength * length)

    def add(self, slot: int, places: Numbers) -> None:
        del slot
        self._spans.add(places)
