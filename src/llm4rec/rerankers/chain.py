"""Several rerankers, one behind the other. Knows nothing of what they do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from llm4rec.core import Candidates, ComponentError, Config, Prepares, Request, RerankContext, Reranker


class ChainConfig(Config):
    """A chain has no settings of its own."""


class Chain:
    """Each reranker starts from the order of the one before; the items stay the same, whatever the order of rerankers.

    ComponentError names a reranker that lost or invented an item.
    """

    def __init__(self, rerankers: Sequence[Reranker]) -> None:
        self.config = ChainConfig()
        self.rerankers = tuple(rerankers)

    def rerank(
        self, requests: Sequence[Request], candidates: Candidates, context: RerankContext
    ) -> Candidates:
        """The candidates in the order of the last reranker."""
        for reranker in self.rerankers:
            before, candidates = candidates, reranker.rerank(requests, candidates, context)
            same = before.items.shape == candidates.items.shape and np.array_equal(
                np.sort(before.items, axis=1), np.sort(candidates.items, axis=1)
            )
            if not same:
                raise ComponentError(f"reranker {type(reranker).__name__!r} lost or invented items")
        return candidates

    def prepare(self, requests: Sequence[Request], candidates: Candidates, context: RerankContext) -> Chain:
        """The chain with every part that learns from lists prepared on what it would be given."""
        ready: list[Reranker] = []
        for reranker in self.rerankers:
            learnt = (
                reranker.prepare(requests, candidates, context)
                if isinstance(reranker, Prepares)
                else reranker
            )
            candidates = learnt.rerank(requests, candidates, context)
            ready.append(learnt)
        return Chain(ready)
