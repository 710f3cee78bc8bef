"""Ordered items inside (candidates) and outside (recommendations)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from llm4rec.core.arrays import Floats, Numbers
from llm4rec.core.explanation import Explanation
from llm4rec.core.vocabulary import Id


@dataclass(frozen=True, eq=False)
class Candidates:
    """For a batch of requests: item numbers (B, k), best first, -1 padded, and their scores (B, k).

    `propensities`, where a draw made the order, are the chance that each item came to its place, given the places
    before it; any other order forgets them. `notes` say by request what could not be done as asked.
    """

    items: Numbers
    scores: Floats
    source: str = ""
    propensities: Floats | None = None
    notes: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        if self.items.shape != self.scores.shape or self.items.ndim != 2:
            raise ValueError(
                f"items {self.items.shape} and scores {self.scores.shape} are not one (B, k) pair"
            )

    def __len__(self) -> int:
        return len(self.items)

    def take(self, rows: slice) -> Candidates:
        """The candidates of some of the requests."""
        drawn = None if self.propensities is None else self.propensities[rows]
        return Candidates(self.items[rows], self.scores[rows], self.source, drawn, self.notes[rows])

    def reorder(self, orders: Sequence[Numbers] | Numbers) -> Candidates:
        """Each row in the order given; scores travel with their items, padding stays behind."""
        if isinstance(orders, np.ndarray) and orders.shape == self.items.shape:
            return self._permuted(orders)
        items, scores = np.full_like(self.items, -1), np.full_like(self.scores, -np.inf)
        for row, order in enumerate(orders):
            items[row, : len(order)] = self.items[row][order]
            scores[row, : len(order)] = self.scores[row][order]
        return Candidates(items, scores, self.source, notes=self.notes)

    def _permuted(self, orders: Numbers) -> Candidates:
        items = np.take_along_axis(self.items, orders, axis=1)
        scores = np.take_along_axis(self.scores, orders, axis=1)
        kept = self.propensities if np.array_equal(items, self.items) else None
        return Candidates(items, scores, self.source, kept, self.notes)

    def noted(self, notes: Sequence[tuple[str, ...]]) -> Candidates:
        """The same with further notes, one tuple a request."""
        before = self.notes or ((),) * len(self)
        both = tuple((*old, *new) for old, new in zip(before, notes, strict=True))
        return replace(self, notes=both if any(both) else ())


@dataclass(frozen=True)
class Reason:
    """One piece of evidence for an item: a history item, an attribute or a text, and how much it gave."""

    kind: str
    evidence: str
    contribution: float


@dataclass(frozen=True)
class Trade:
    """What reranking cost and gained for one list, against the ranker's own: shares and differences.

    `relevance` is the price, in `unit`: the share of NDCG@10 that such lists lost on held-out events; `low` and `high` are
    its 95 % interval. Where it is not known these are NaN, and `unpriced` says why. `diversity` is how much the mean
    distance of pairs rose, `novelty` how much the mean self-information in bits; NaN where items have nothing to compare
    them by. `score` is the share of this list's relevance that was lost in the ranker's own terms (discounted by place;
    relevance runs from 0 to 1 over the candidates): no promise of what people take.
    """

    relevance: float
    diversity: float
    novelty: float
    low: float = math.nan
    high: float = math.nan
    unit: str = ""
    score: float = math.nan
    unpriced: str = ""


@dataclass(frozen=True)
class Recommendations:
    """What goes out for one request: ids, best first, with their scores, reasons and, where asked for, explanations.

    `chances`, where asked for, is how likely each is to be taken next; `unsure` is then not empty where the data
    do not say yet. `degraded` says in plain words what could not be done as asked; empty when nothing was. A live
    service fills `impression`, the id that feedback quotes, `policy`, the rule that chose, and `experiment` and `variant`.
    """

    items: tuple[Id, ...]
    scores: tuple[float, ...]
    titles: tuple[str, ...] = ()
    reasons: tuple[tuple[Reason, ...], ...] = ()
    explanations: tuple[Explanation, ...] = ()
    chances: tuple[float, ...] = ()
    unsure: str = ""
    propensities: tuple[float, ...] = ()
    trade: Trade | None = None
    impression: str = ""
    version: str = ""
    degraded: tuple[str, ...] = field(default=())
    policy: str = ""
    experiment: str = ""
    variant: str = ""

    def __len__(self) -> int:
        return len(self.items)
