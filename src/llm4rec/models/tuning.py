"""Choosing settings on held-out questions. Never sees a test split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from llm4rec.core import FitContext, Floats, Holdout, Numbers, Request, gains, masked

V = TypeVar("V")
QUESTIONS = 3_000


class _Scores(Protocol):
    def score(self, requests: Sequence[Request], items: Numbers | None = None) -> Floats: ...


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
