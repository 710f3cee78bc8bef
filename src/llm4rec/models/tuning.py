"""Choosing settings on held-out questions. Never sees a test split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from llm4rec.core import FitContext, Floats, Holdout, Numbers, Request

V = TypeVar("V")
QUESTIONS = 3_000


class _Scores(Protocol):
    def score(self, requests: Sequence[Request], items: Numbers | None = None) -> Floats: ...


def masked(scores: Floats, requests: Sequence[Request]) -> Floats:
    """The scores with everything that may not be recommended at -inf, in place."""
    for row, request in zip(scores, requests, strict=True):
        if request.seen == "exclude":
            row[request.history.items] = -np.inf
        if request.excluded is not None:
            row[request.excluded] = -np.inf
        if request.allowed is not None:
            keep = row[request.allowed].copy()
            row[:] = -np.inf
            row[request.allowed] = keep
    return scores


def gains(scores: Floats, targets: Sequence[Numbers], k: int = 10) -> Floats:
    """NDCG@k a question, (questions,), equal scores at their mean rank; `scores` are masked already."""
    owner = np.repeat(np.arange(len(targets)), [len(t) for t in targets])
    flat = np.concatenate([np.asarray(t) for t in targets]) if len(targets) else np.zeros(0, np.int64)
    result = np.zeros(len(targets), dtype=np.float32)
    for row, target in zip(owner, flat, strict=True):
        value = scores[row, target]
        if np.isfinite(value):
            above = np.count_nonzero(scores[row] > value)
            rank = above + 0.5 * (np.count_nonzero(scores[row] == value) - 1)
            if rank < k:
                result[row] += 1.0 / np.log2(rank + 2.0)
    ideal = np.cumsum(1.0 / np.log2(np.arange(k) + 2.0))
    sizes = np.array([min(max(len(t), 1), k) for t in targets], dtype=np.int64)
    return np.asarray(result / ideal[sizes - 1] if len(targets) else result, dtype=np.float32)


def quality(model: _Scores, holdout: Holdout, k: int = 10, chunk: int = 256) -> float:
    """Mean NDCG@k of a fitted model on held-out questions."""
    parts = []
    for start in range(0, len(holdout), chunk):
        requests = holdout.requests[start : start + chunk]
        scores = masked(model.score(requests), requests)
        parts.append(gains(scores, holdout.targets[start : start + chunk], k))
    return float(np.concatenate(parts).mean()) if parts else 0.0


def best_of(model: Any, name: str, values: Sequence[V], context: FitContext) -> V:
    """The value of attribute `name` with the best NDCG@10 on (a sample of) the holdout; the first wins ties.

    Only for attributes that are read at scoring time; the model is left with the value it came with.
    """
    assert context.holdout is not None
    questions = context.holdout.sample(QUESTIONS, np.random.default_rng(0))
    came_with = getattr(model, name)
    results = []
    for value in context.progress(values, f"choosing {name}", len(values)):
        setattr(model, name, value)
        results.append(quality(model, questions))
    setattr(model, name, came_with)
    return values[int(np.argmax(results))]
