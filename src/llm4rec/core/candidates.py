"""Ordered items inside (candidates) and outside (recommendations)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from llm4rec.core.arrays import Floats, Numbers
from llm4rec.core.explanation import Explanation
from llm4rec.core.vocabulary import Id


@dataclass(frozen=True, eq=False)
class Candidates:
    """For a batch of requests: item numbers (B, k), best first, -1 padded, and their scores (B, k)."""

    items: Numbers
    scores: Floats
    source: str = ""

    def __post_init__(self) -> None:
        if self.items.shape != self.scores.shape or self.items.ndim != 2:
            raise ValueError(
                f"items {self.items.shape} and scores {self.scores.shape} are not one (B, k) pair"
            )

    def __len__(self) -> int:
        return len(self.items)

    def reorder(self, orders: Sequence[Numbers]) -> Candidates:
        """Each row in the order given; scores travel with their items, padding stays behind."""
        items, scores = np.full_like(self.items, -1), np.full_like(self.scores, -np.inf)
        for row, order in enumerate(orders):
            items[row, : len(order)] = self.items[row][order]
            scores[row, : len(order)] = self.scores[row][order]
        return Candidates(items, scores, self.source)


@dataclass(frozen=True)
class Reason:
    """One piece of evidence for an item: a history item, an attribute or a text, and how much it gave."""

    kind: str
    evidence: str
    contribution: float


@dataclass(frozen=True)
class Recommendations:
    """What goes out for one request: ids, best first, with their scores, reasons and, where asked for, explanations.

    `chances`, where asked for, is how likely each is to be taken next; `unsure` is then not empty where the data
    do not say yet. `degraded` says in plain words what could not be done as asked; empty when nothing was.
    """

    items: tuple[Id, ...]
    scores: tuple[float, ...]
    titles: tuple[str, ...] = ()
    reasons: tuple[tuple[Reason, ...], ...] = ()
    explanations: tuple[Explanation, ...] = ()
    chances: tuple[float, ...] = ()
    unsure: str = ""
    impression: str = ""
    version: str = ""
    degraded: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.items)
