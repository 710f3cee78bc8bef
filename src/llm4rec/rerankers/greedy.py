"""What rerankers share: relevance by place, and filling a list place by place for many requests at once.

Knows nothing of what a list should be like.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Candidates, ComponentError, Floats, Numbers, Request, RerankContext, SettingsError

CHUNK_BYTES = 32_000_000


@dataclass(frozen=True, eq=False)
class Part:
    """Some of the requests: their candidates (rows, k), relevance by place, and the strength of each row (rows, 1)."""

    requests: Sequence[Request]
    items: Numbers
    relevance: Floats
    strength: Floats
    context: RerankContext

    @property
    def there(self) -> NDArray[np.bool_]:
        """Where a candidate stands, not padding."""
        return np.asarray(self.items >= 0)


class Objective(Protocol):
    """What a place of the list is filled by."""

    def gain(self, slot: int) -> NDArray[Any]:
        """(rows, k): what each candidate is worth at this place; what is taken already is looked over."""
        ...

    def add(self, slot: int, places: Numbers) -> None:
        """Take note of the candidates chosen, one a row."""
        ...


def relevance(candidates: Candidates) -> Floats:
    """How relevant the candidate at each place is, (B, k), from 1 at the best to 0 at the worst of its request.

    The i-th highest score belongs to the i-th place: order is what candidates say, whoever put them into it. Equal scores
    are equally relevant, all 0 where there is one score only. ComponentError where a score is not finite.
    """
    there = candidates.items >= 0
    scores = candidates.scores.astype(np.float32, copy=True)
    if not np.isfinite(scores[there]).all():
        raise ComponentError(
            "candidates hold scores that are NaN or infinite; a reranker needs finite scores, -1 padded items aside"
        )
    scores[~there] = -np.inf
    dealt = -np.sort(-scores, axis=1)
    filled = np.isfinite(dealt)
    if not dealt.shape[1]:
        return dealt
    lowest = np.where(filled, dealt, np.inf).min(axis=1, keepdims=True)
    highest = dealt[:, :1]
    # Halves, so that the spread of the largest floats is still one.
    spread = highest / 2 - lowest / 2
    wide = filled & (spread > 0)
    result = np.zeros_like(dealt)
    np.divide(dealt / 2 - lowest / 2, spread, out=result, where=wide)
    # Padding may stand between items: relevance is dealt to those that are there.
    place = np.cumsum(there, axis=1) - 1
    return np.where(there, np.take_along_axis(result, np.maximum(place, 0), axis=1), np.float32(0))


def strengths(context: RerankContext, rows: int, own: float) -> Floats:
    """The strength of each request, (rows, 1): that of the context, else the reranker's own.

    SettingsError where one is not in 0 to 1.
    """
    if context.strengths is None:
        return np.full((rows, 1), own, dtype=np.float32)
    given = np.asarray(context.strengths, dtype=np.float32).reshape(rows, 1)
    if not ((given >= 0) & (given <= 1)).all():
        raise SettingsError(f"strengths of rerankers are from 0 to 1, not {given.min()} to {given.max()}")
    return given


def parts(
    requests: Sequence[Request],
    candidates: Candidates,
    context: RerankContext,
    own: float,
    row_bytes: int,
) -> list[Part]:
    """The requests in parts of bounded memory, where one takes about `row_bytes`."""
    if len(requests) != len(candidates):
        raise ComponentError(f"{len(requests)} requests for candidates of {len(candidates)}")
    relevant = relevance(candidates)
    strength = strengths(context, len(requests), own)
    step = max(1, CHUNK_BYTES // max(row_bytes, 1))
    slices = [slice(at, min(at + step, len(requests))) for at in range(0, len(requests), step)]
    return [
        Part(requests[one], candidates.items[one], relevant[one], strength[one], context.part(one))
        for one in slices
    ]


def filled(part: Part, objective: Objective, by_relevance: bool = False) -> Numbers:
    """The order of each row, (rows, k): the first `n` places by what is worth most there, the others as they stood.

    Of equally good candidates the one further in front comes first. With `by_relevance` those chosen for the places that go out
    stand as they stood among themselves: the list is the same set, and the most relevant of it is seen first.
    """
    rows, k = part.items.shape
    slots = min(part.context.n, k)
    free = part.there
    order = np.where(free, 2 * k + np.arange(k), 3 * k + np.arange(k))
    row = np.arange(rows)
    ends = np.array([request.n for request in part.requests], dtype=np.int64)
    for slot in range(slots if k else 0):
        worth = np.where(free, objective.gain(slot), -np.inf)
        best = worth.argmax(axis=1)
        live = free[row, best]
        key = np.where(by_relevance & (slot < ends), best, k + slot)
        order[row[live], best[live]] = key[live]
        free[row, best] = False
        objective.add(slot, best)
    return np.argsort(order, axis=1, kind="stable")


@dataclass(frozen=True)
class Greedy:
    """How a list is filled: the reranker's own strength, what a row takes, and whether the chosen stand by relevance."""

    strength: float
    row_bytes: int
    by_relevance: bool = False

    def order(
        self,
        requests: Sequence[Request],
        candidates: Candidates,
        context: RerankContext,
        make: Callable[[Part], Objective],
    ) -> Candidates:
        """The candidates in the order that `make`'s objective gives, part by part."""
        some = parts(requests, candidates, context, self.strength, self.row_bytes)
        orders = [filled(part, make(part), self.by_relevance) for part in some]
        return candidates.reorder(np.concatenate(orders)) if orders else candidates


def by_value(part: Part, value: NDArray[Any]) -> Numbers:
    """The order of each row by a value a candidate, highest first, stable, padding behind."""
    return np.argsort(np.where(part.there, -value, np.inf), axis=1, kind="stable")
