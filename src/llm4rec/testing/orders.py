"""The contract check of every reranker, and a small world to reorder in. Plain asserts with reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from llm4rec.core import (
    Candidates,
    Catalog,
    Column,
    ColumnType,
    ComponentError,
    History,
    Request,
    RerankContext,
    Reranker,
    Vocabulary,
    as_csr,
)

LABELS = ("red", "green", "blue")


def rerank_world(items: int = 30, users: int = 6, seed: int = 0) -> tuple[list[Request], RerankContext]:
    """People with histories of different lengths (the last has none), and all that a context can hold."""
    rng = np.random.default_rng(seed)
    tags = np.empty(items, dtype=object)
    for item in range(items):
        tags[item] = tuple(LABELS[place] for place in range(3) if (item >> place) % 2) if item % 5 else ()
    titles = np.array([f"item {item} of {' '.join(tags[item])}" for item in range(items)], dtype=object)
    columns = {"title": Column(ColumnType.TEXT, titles), "categories": Column(ColumnType.TAGS, tags)}
    catalog = Catalog(Vocabulary([f"item-{item}" for item in range(items)]), columns)
    histories = [History.of(rng.choice(items, min(2 * user, items), replace=False)) for user in range(users)][
        ::-1
    ]
    taken = np.zeros((users, items), dtype=np.float32)
    for user, history in enumerate(histories):
        taken[user, history.items] = 1.0
    requests = [Request(history, user=user, n=5) for user, history in enumerate(histories)]
    context = RerankContext(
        catalog,
        n=5,
        vectors=rng.standard_normal((items, 8)).astype(np.float32),
        tastes=rng.standard_normal((items, 4)).astype(np.float32),
        counts=taken.sum(axis=0).astype(np.int64),
        users=users,
        sentiment=rng.uniform(-1, 1, items).astype(np.float32),
        matrix=as_csr(taken),
        rng=rng,
    )
    return requests, context


def some_candidates(rows: int, items: int, k: int = 12, seed: int = 0) -> Candidates:
    """The k best of random scores; the last row has half as many."""
    rng = np.random.default_rng(seed)
    k = min(k, items)
    numbers = np.stack([rng.permutation(items)[:k] for _ in range(rows)])
    scores = -np.sort(-rng.standard_normal((rows, k)).astype(np.float32), axis=1)
    if rows:
        numbers[-1, k // 2 :], scores[-1, k // 2 :] = -1, -np.inf
    return Candidates(numbers, scores)


def check_reranker(
    reranker: Reranker,
    requests: Sequence[Request] | None = None,
    candidates: Candidates | None = None,
    context: RerankContext | None = None,
) -> Candidates:
    """A reranker that passes can be plugged into any engine: it loses none and invents none.

    Without candidates it is asked in a small world of fakes, in which NaN, single candidates and none at all come up too.
    """
    if requests is None or candidates is None or context is None:
        requests, context = rerank_world()
        candidates = some_candidates(len(requests), len(context.catalog))
        _odd_ends(reranker, requests, candidates, context)
    return _only_reordered(reranker, requests, candidates, context)


def _only_reordered(
    reranker: Reranker, requests: Sequence[Request], candidates: Candidates, context: RerankContext
) -> Candidates:
    before, scores = candidates.items.copy(), candidates.scores.copy()
    after = reranker.rerank(requests, candidates, context)
    np.testing.assert_array_equal(candidates.items, before, "the input is left alone")
    np.testing.assert_array_equal(candidates.scores, scores, "the input is left alone")
    assert after.items.shape == before.shape, "nothing lost, nothing invented: as many candidates as before"
    for row, (old, new) in enumerate(zip(before, after.items, strict=True)):
        assert sorted(old) == sorted(new), "nothing lost, nothing invented"
        known = dict(zip(old[old >= 0], scores[row][old >= 0], strict=True))
        kept = [known[item] for item in new[new >= 0]]
        np.testing.assert_array_equal(after.scores[row][new >= 0], kept, "scores travel with their items")
        assert (np.diff((new < 0).astype(int)) >= 0).all() or (np.diff((old < 0).astype(int)) < 0).any(), (
            "padding stays behind"
        )
    return after


def _odd_ends(
    reranker: Reranker, requests: Sequence[Request], candidates: Candidates, context: RerankContext
) -> None:
    none = Candidates(np.zeros((0, 3), np.int64), np.zeros((0, 3), np.float32))
    _only_reordered(reranker, [], none, context)
    for k in (0, 1, 2):
        few = Candidates(candidates.items[:, :k], candidates.scores[:, :k])
        _only_reordered(reranker, requests, few, context)
    flat = Candidates(candidates.items, np.where(candidates.items >= 0, np.float32(1.0), -np.inf))
    _only_reordered(reranker, requests, flat, context)
    _only_reordered(reranker, requests, candidates, replace(context, n=100))
    broken = candidates.scores.copy()
    broken[0, 1] = np.nan
    refused = ""
    try:
        reranker.rerank(requests, Candidates(candidates.items, broken), context)
    except ComponentError as error:
        refused = str(error)
    assert "NaN" in refused, "scores that are NaN raise ComponentError, which says so"
