"""Requests answered from the vectors of people and items. Knows nothing of fitting, ids or files."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from llm4rec.core import Embeds, Floats, KnownUsers, Numbers, Request
from llm4rec.engine.byte_index import ByteIndex
from llm4rec.engine.index import Index
from llm4rec.engine.products import Hidden, best_products

MOST = 2_000  # items that an index is asked for at most


def by_products(model: Embeds, requests: Sequence[Request], lists: tuple[Numbers, Floats]) -> Numbers:
    """Fill `lists`, items and scores (requests, k), and give the rows left out.

    Left out are requests that are limited to some items or tilted towards some, and those whose vector is not finite or all zero: whether
    the model declines them is for its scores to say.
    """
    people = model.user_vectors(requests)
    served = np.isfinite(people).all(axis=1) & people.any(axis=1) & ~limited(requests)
    rows = np.flatnonzero(served)
    whole = len(rows) == len(people)
    some, hidden = (people if whole else people[rows]), hidden_of(requests)
    items, scores = lists
    items[rows], scores[rows] = best_products(
        some, model.item_vectors(), hidden if whole else hidden.take(rows), items.shape[1]
    )
    return np.flatnonzero(~served)


def by_index(
    model: Embeds,
    index: Index | ByteIndex,
    requests: Sequence[Request],
    lists: tuple[Numbers, Floats],
    depth: int = 0,
) -> Numbers:
    """`by_products` from an index, which is asked for as many more items as a request rules out.

    Left out are also requests that rule out too many, and those for which too little was found: less than they ask for,
    or than `depth`.
    """
    items, scores = lists
    hidden = hidden_of(requests)
    wanted = np.maximum(_sizes(requests), depth) + np.diff(hidden.bounds)
    people = model.user_vectors(requests)
    served = np.isfinite(people).all(axis=1) & people.any(axis=1) & ~limited(requests) & (wanted <= MOST)
    rows = np.flatnonzero(served)
    if not len(rows):
        return np.arange(len(people))
    found, products = index.search(people[rows], int(wanted[rows].max()))
    for row, numbers, values in zip(rows, found, products, strict=True):
        ruled_out = hidden.items[hidden.bounds[row] : hidden.bounds[row + 1]]
        kept = np.flatnonzero((numbers >= 0) & ~np.isin(numbers, ruled_out))[: items.shape[1]]
        items[row, : len(kept)], scores[row, : len(kept)] = numbers[kept], values[kept]
        served[row] = len(kept) >= wanted[row] - len(ruled_out)
    return np.flatnonzero(~served)


def _sizes(requests: Sequence[Request]) -> Numbers:
    """How many items each request asks for, (requests,)."""
    if isinstance(requests, KnownUsers):
        return np.full(len(requests), requests.n, dtype=np.int64)
    return np.array([r.n for r in requests], dtype=np.int64)


def limited(requests: Sequence[Request]) -> np.ndarray:
    """Which requests allow only some items, or want more or less of some, (requests,)."""
    if isinstance(requests, KnownUsers):
        return np.zeros(len(requests), dtype=bool)
    return np.array([r.allowed is not None or r.tilt is not None for r in requests], dtype=bool)


def hidden_of(requests: Sequence[Request]) -> Hidden:
    """What each request rules out: items of its history unless they may come back, and excluded ones."""
    if isinstance(requests, KnownUsers):
        events, bounds = requests.events
        items = events.items
        if requests.seen == "include":
            items, bounds = items[:0], np.zeros_like(bounds)
        if requests.excluded is not None:
            items, bounds = _with_each(items, bounds, requests.excluded)
    else:
        rows = [_ruled_out(request) for request in requests]
        bounds = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
        items = np.concatenate(rows) if rows else np.zeros(0, np.int64)
    size = int(items.max(initial=-1)) + 1
    matrix = sparse.csr_matrix((np.zeros(len(items), np.int8), items, bounds), (len(bounds) - 1, size))
    matrix.sort_indices()
    return Hidden(bounds, matrix.indices.astype(np.int64))


def _with_each(items: Numbers, bounds: Numbers, more: Numbers) -> tuple[Numbers, Numbers]:
    """The rows with `more` behind each."""
    sizes = np.diff(bounds)
    wider = bounds + len(more) * np.arange(len(bounds))
    result = np.empty(int(wider[-1]), dtype=np.int64)
    own = np.arange(len(items)) + len(more) * np.repeat(np.arange(len(sizes)), sizes)
    result[own] = items
    result[(wider[1:, None] - len(more) + np.arange(len(more))).ravel()] = np.tile(more, len(sizes))
    return result, wider


def _ruled_out(request: Request) -> Numbers:
    seen = request.history.items if request.seen == "exclude" else request.history.items[:0]
    return seen if request.excluded is None else np.concatenate([seen, request.excluded])
