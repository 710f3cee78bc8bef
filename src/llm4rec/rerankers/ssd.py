"""SSD: a feed whose neighbours span a large volume, window by window. Knows nothing of people."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field, PositiveInt

from llm4rec.core import Candidates, Config, Floats, Numbers, Request, RerankContext
from llm4rec.rerankers.greedy import Greedy, Part
from llm4rec.rerankers.similarity import Kernel
from llm4rec.rerankers.volume import FLOOR, Spans


class SsdConfig(Config):
    """`strength` weighs the volume of the last `window` items against relevance."""

    strength: float = Field(0.2, ge=0.0, le=1.0)
    window: PositiveInt = 5
    kernel: dict[str, float] = Field({}, description="empty: texts, else tastes, else categories")
    field: str = ""


class Ssd:
    """Sliding spectrum decomposition, greedy: argmax (1 - s) rel(i) + s V |i outside the window| (Huang et al., KDD 2021).

    V is the volume that the last `window` - 1 items span, the product of their own lengths outside the others. A window
    longer than the vectors are wide spans nothing: hence vectors of texts or tastes before categories.
    """

    config_type = SsdConfig

    def __init__(self, config: SsdConfig | None = None) -> None:
        self.config = config or SsdConfig()

    def rerank(
        self, requests: Sequence[Request], candidates: Candidates, context: RerankContext
    ) -> Candidates:
        """The first n places anew, the others as they stood."""
        kernel = Kernel(context, self.config.kernel or _usual(context), self.config.field)
        size = candidates.items.shape[1] * (kernel.row_bytes + 8 * self.config.window)
        how = Greedy(self.config.strength, size)
        return how.order(
            requests, candidates, context, lambda part: _Sliding(part, kernel, self.config.window)
        )


def _usual(context: RerankContext) -> dict[str, float]:
    given = {"text": context.vectors, "taste": context.tastes, "picture": context.pictures}
    name = next((name for name, vectors in given.items() if vectors is not None), "")
    return {name: 1.0} if name else {}


class _Sliding:
    def __init__(self, part: Part, kernel: Kernel, window: int) -> None:
        self._worth = (1.0 - part.strength) * part.relevance
        self._strength = part.strength
        self._window = window
        self._spans = Spans(kernel.among(part.items), window)
        self._lengths: list[Floats] = []

    def gain(self, slot: int) -> Floats:
        del slot
        outside = np.sqrt(np.maximum(self._spans.left, np.float32(FLOOR)))
        volume = np.prod(self._lengths, axis=0)[:, None] if self._lengths else np.float32(1.0)
        return np.asarray(self._worth + self._strength * volume * outside)

    def add(self, slot: int, places: Numbers) -> None:
        del slot
        left = np.maximum(self._spans.left[np.arange(len(places)), places], np.float32(FLOOR))
        self._lengths = [*self._lengths, np.sqrt(left)][-max(self._window - 1, 1) :]
        self._spans.add(places)
