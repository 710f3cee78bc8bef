"""Which items to ask a newcomer about: known to many, unlike each other, liked by some and not by all. Asks nothing.

Greedy: the next item has the greatest spread p (1 - p) of being taken, times how unlike it is to those chosen (one less its
greatest cosine of takers). Popular items alone tell little, because they are liked together; items that few know get no
answer (Rashid et al. 2002, "Getting to know you").
"""

from __future__ import annotations

import numpy as np

from llm4rec.core import Numbers, Sparse

POOL = 200
"""So many of the items that most people took are looked at."""


def splitting_items(taken: Sparse, n: int, free: Numbers) -> Numbers:
    """(n,) numbers of items to ask about, from (users, items) of ones; only those in `free`, ascending."""
    counts = np.asarray(taken.sum(axis=0)).ravel()
    pool = free[np.argsort(-counts[free], kind="stable")[:POOL]]
    columns = taken[:, pool].astype(np.float32)
    share = counts[pool] / max(taken.shape[0], 1)
    together = np.asarray((columns.T @ columns).todense(), dtype=np.float32)
    lengths = np.sqrt(np.maximum(np.diag(together), 1e-9))
    alike = together / np.outer(lengths, lengths)
    nearest = np.zeros(len(pool), dtype=np.float32)
    chosen: list[int] = []
    for _ in range(min(n, len(pool))):
        worth = share * (1 - share) * (1 - nearest)
        worth[chosen] = -1.0
        best = int(np.argmax(worth))
        chosen.append(best)
        nearest = np.maximum(nearest, alike[best])
    return np.asarray(pool[chosen], dtype=np.int64)
