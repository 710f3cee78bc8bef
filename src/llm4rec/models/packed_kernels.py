"""Weighted sums of rows of whole numbers, compiled. Knows nothing of items and histories."""

from __future__ import annotations

from typing import Any

import numpy as np

from llm4rec.models.numba_kernels import compiled

BLOCK = 4_096  # columns summed at once: a block of sums stays in the fastest cache


@compiled
def weighted_rows(bounds: Any, rows: Any, weights: Any, codes: Any, sums: Any) -> None:
    """sums[r] += weights[k] codes[rows[k]] over k from bounds[r] to bounds[r + 1]; in place, float32."""
    width = codes.shape[1]
    for first in range(0, width, BLOCK):
        last = min(first + BLOCK, width)
        for r in range(len(bounds) - 1):
            total = sums[r, first:last]
            for k in range(bounds[r], bounds[r + 1]):
                weight, line = weights[k], codes[rows[k], first:last]
                for column in range(last - first):
                    total[column] += weight * np.float32(line[column])
