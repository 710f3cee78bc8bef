"""What a request rules out, and how good an order of what is left is. Knows nothing of models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from llm4rec.core.arrays import Floats, Numbers
from llm4rec.core.request import Request


def masked(scores: Floats, requests: Sequence[Request]) -> Floats:
    """The scores with everything that may not be recommended at -inf, in place: (requests, items).

    Ruled out are items of the history (unless `seen` is "include"), `excluded` ones and those not `allowed`.
    """
    for row, request in zip(scores, requests, strict=True):
        if request.allowed is not None:
            kept = row[request.allowed].copy()
            row[:] = -np.inf
            row[request.allowed] = kept
        if request.excluded is not None:
            row[request.excluded] = -np.inf
        if request.seen == "exclude":
            row[request.history.items] = -np.inf
    return scores


def surely_better(found: Floats, best: Floats, caution: float = 1.0) -> bool:
    """Whether the mean gain of the same questions exceeds `caution` standard errors of its own difference."""
    difference = found - best
    error = float(difference.std()) / max(len(difference), 1) ** 0.5
    return bool(float(difference.mean()) > caution * error and difference.any())


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
