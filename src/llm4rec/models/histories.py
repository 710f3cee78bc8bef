"""Histories of a batch of requests as one sparse matrix. Knows nothing of how scores are made from it."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from functools import lru_cache

import numpy as np
from scipy import sparse

from llm4rec.core import KnownUsers, Numbers, Request, Sparse, Times
from llm4rec.core.known import joined_ranges


def liked_items(requests: Sequence[Request], window: int | None = None) -> tuple[Numbers, Numbers]:
    """Item numbers of all positive events of all requests, one behind the other, and where each row begins.

    Shapes (events,) and (requests + 1,). With `window`, only the latest so many of each request.
    """
    if isinstance(requests, KnownUsers):
        return _liked_of_known(requests, window)
    rows = [r.history.liked if window is None else r.history.liked[-window:] for r in requests]
    bounds = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum([len(row) for row in rows], out=bounds[1:])
    return (np.concatenate(rows) if rows else np.zeros(0, dtype=np.int64)), bounds


def liked_times(requests: Sequence[Request]) -> Times:
    """When the events of `liked_items` were, (events,)."""
    if isinstance(requests, KnownUsers):
        events, _ = requests.events
        return events.timestamps[events.positive]
    rows = [r.history.timestamps[r.history.positive] for r in requests]
    return np.concatenate(rows) if rows else np.zeros(0)


def _liked_of_known(requests: KnownUsers, window: int | None) -> tuple[Numbers, Numbers]:
    """`liked_items` without an object a user."""
    events, bounds = requests.events
    before = np.concatenate([[0], np.cumsum(events.positive)])
    starts, stops = before[bounds[:-1]], before[bounds[1:]]
    if window is not None:
        starts = np.maximum(starts, stops - window)
    rows, kept = joined_ranges(starts, stops)
    return events.liked[rows], kept


def recency_matrix(
    requests: Sequence[Request], items: int, decay: float | None, window: int | None = None
) -> Sparse:
    """(requests, items) float32: exp(-age / decay) at each positive event, age = 0 for the latest.

    Age counts events, not days. `decay` None weighs all alike, and then a repeated item counts once;
    with a decay, repeats add up.
    """
    columns, bounds = liked_items(requests, window)
    lengths = np.diff(bounds)
    age = np.repeat(bounds[1:], lengths) - 1 - np.arange(len(columns))
    data = np.ones(len(columns), np.float32) if decay is None else np.exp(-age / decay).astype(np.float32)
    # A blank matrix is copied and filled: making one costs more than all the rest for a single request.
    matrix = copy(_blank(len(requests), items))
    matrix.data, matrix.indices, matrix.indptr = data, columns.astype(np.int32), bounds.astype(np.int32)
    if decay is None:
        matrix.sum_duplicates()
        matrix.data[:] = 1.0
    return matrix


@lru_cache(maxsize=64)
def _blank(rows: int, columns: int) -> Sparse:
    """A matrix of zeros with 32-bit indices; its parts are replaced, never written to."""
    bounds = np.zeros(rows + 1, dtype=np.int32)
    return sparse.csr_matrix((np.zeros(0, np.float32), np.zeros(0, np.int32), bounds), shape=(rows, columns))
