"""Several rankings of the same items as one (reciprocal rank fusion; Cormack, Clarke and Büttcher, SIGIR 2009)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from llm4rec.core import Floats

DAMPING = 60.0
"""k of the paper: the larger, the less the first places stand out."""


def fused(scores: Sequence[Floats], weights: Sequence[float], damping: float = DAMPING) -> Floats:
    """(items,) the sum of weight / (k + rank) over score rows (items,); equal scores share their mean rank.

    A row that tells no item from another says nothing, and where a row is zero in most places (words that few items
    share), the many at zero share one low rank.
    """
    total = np.zeros(len(scores[0]) if scores else 0, dtype=np.float64)
    for row, weight in zip(scores, weights, strict=True):
        if len(row) and float(np.ptp(row)) > 0:
            total += weight / (damping + _ranks(row))
    return total.astype(np.float32)


def _ranks(row: Floats) -> np.ndarray:
    """Ranks from 1, the highest score first; equal scores get the mean of theirs."""
    values, place, counts = np.unique(-row.astype(np.float64), return_inverse=True, return_counts=True)
    del values
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2.0)[place])
