"""How varied, how new, how fitting a list is: formulas that metrics and rerankers share. Knows no model.

Lists are item numbers (rows, n), best first, -1 padded. A metric and the objective a reranker works for are the same
function here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from llm4rec.core.arrays import Floats, Numbers, Sparse, Times
from llm4rec.core.history import History

SMALL = 1e-6
HEAD, MIDDLE, TAIL = 0, 1, 2


def rarity(counts: Numbers, users: int, items: int) -> Times:
    """Self-information of each item, -log2 p with p = (users who took it + 1) / (users + 1), (items,).

    The one added is the smoothing: an item nobody took has finite novelty, one that everybody took none. Items behind
    the counts (newcomers) were taken by nobody (Zhou et al. 2010; Vargas and Castells 2011).
    """
    taken = np.zeros(items)
    taken[: len(counts)] = counts[:items]
    return np.asarray(-np.log2((taken + 1.0) / (users + 1.0)))


def popularity_groups(counts: Numbers, head: float = 0.2, tail: float = 0.2) -> Numbers:
    """The group of each item: head, middle or tail, (items,) of 0, 1, 2.

    The most taken items that together have `head` of all events; the least taken that have at most `tail`; the others
    between (Abdollahpouri et al. 2021). Equally often taken items stand in the order of their numbers.
    """
    order = np.argsort(-counts, kind="stable")
    before = np.cumsum(counts[order]) - counts[order]
    total = float(counts.sum())
    groups = np.full(len(counts), MIDDLE, dtype=np.int64)
    groups[order] = np.where(
        before < head * total, HEAD, np.where(before >= (1 - tail) * total, TAIL, MIDDLE)
    )
    return groups


def shares(labels: Sparse) -> Sparse:
    """Each row divided by its sum: an item with three categories is a third of each (Steck 2018, p(g|i))."""
    sums = np.asarray(labels.sum(axis=1)).ravel()
    return sparse.csr_matrix(sparse.diags(1.0 / np.where(sums > 0, sums, 1.0)) @ labels, dtype=np.float32)


def interest_shares(histories: Sequence[History], item_shares: Sparse, half_life: float) -> Sparse:
    """What each person's history is made of, (people, labels), rows that sum to one, or to zero without any label.

    The p(g|u) of Steck (2018); an event counts half as much for every `half_life` later ones.
    """
    liked = [history.liked for history in histories]
    liked = [items[items < item_shares.shape[0]] for items in liked]
    sizes = np.array([len(items) for items in liked], dtype=np.int64)
    rows = np.repeat(np.arange(len(liked)), sizes)
    ages = np.concatenate([np.arange(size - 1, -1, -1) for size in sizes] or [np.zeros(0)])
    columns = np.concatenate(liked) if liked else np.zeros(0, dtype=np.int64)
    weights = np.exp2(-ages / half_life).astype(np.float32)
    events = sparse.csr_matrix((weights, (rows, columns)), shape=(len(liked), item_shares.shape[0]))
    return shares(sparse.csr_matrix(events @ item_shares))


def divergence(wanted: Floats, found: Floats, alpha: float = 0.01) -> NDArray[np.floating]:
    """KL(p, q') in nats over the last axis, q' = (1 - alpha) q + alpha p (Steck, RecSys 2018, eq. 3 and 4).

    0 where the list is made as the history is; a wanted label that the list lacks costs p log(1 / alpha) at most.
    """
    mixed = (1.0 - alpha) * found + alpha * wanted
    ratio = np.where(wanted > 0, wanted, 1.0) / np.where(wanted > 0, np.maximum(mixed, 1e-12), 1.0)
    return np.asarray((wanted * np.log(ratio)).sum(axis=-1))


def entropy(parts: NDArray[np.floating]) -> Times:
    """Shannon entropy in bits of shares along the last axis (Jost 2006: 2 to its power counts equal kinds)."""
    total = parts.sum(axis=-1, keepdims=True)
    p = parts / np.where(total > 0, total, 1.0)
    return np.asarray(-(p * np.log2(np.where(p > 0, p, 1.0))).sum(axis=-1), dtype=np.float64)


def mean_distance(similar: Floats, there: NDArray[np.bool_]) -> Times:
    """Mean of 1 - similarity over pairs, (rows,) from (rows, n, n); 0 below two items (Ziegler et al. 2005)."""
    pairs = there[:, :, None] & there[:, None, :] & ~np.eye(there.shape[1], dtype=bool)
    count = pairs.sum(axis=(1, 2))
    return np.asarray(((1.0 - similar) * pairs).sum(axis=(1, 2)) / np.maximum(count, 1), dtype=np.float64)


def log_volume(similar: Floats, there: NDArray[np.bool_], ridge: float = 1e-3) -> Times:
    """log det(S + ridge) of the similarities of a list, (rows,); 0 is as varied as can be.

    The squared volume that the items span, which determinantal point processes weigh sets by (Kulesza and Taskar 2012).
    Divided by 1 + ridge, so that items unlike each other have 0 and equal ones something finite.
    """
    size = similar.shape[1]
    both = there[:, :, None] & there[:, None, :]
    matrix = np.where(both, similar, 0.0).astype(np.float64)
    place = np.arange(size)
    matrix[:, place, place] = 1.0 + ridge
    return np.asarray(np.linalg.slogdet(matrix / (1.0 + ridge))[1])


def effective_number(similar: Floats, there: NDArray[np.bool_]) -> Times:
    """How many different items a list is worth, (rows,): exp of the entropy of the eigenvalues of S / n.

    The Vendi score (Friedman and Dieng 2023): n where all are unlike, 1 where all are alike, 0 for an empty list.
    """
    both = there[:, :, None] & there[:, None, :]
    count = np.maximum(there.sum(axis=1), 1)
    matrix = np.where(both, similar, 0.0).astype(np.float64) / count[:, None, None]
    values = np.maximum(np.linalg.eigvalsh(matrix), 0.0)
    spread = -(values * np.log(np.where(values > 0, values, 1.0))).sum(axis=1)
    return np.where(there.any(axis=1), np.exp(spread), 0.0)


def unmet(matrix: Sparse, histories: Sequence[History], items: Numbers, neighbours: int = 50) -> Floats:
    """Share of the people most like this one who never met each item, (rows, k); 1 where nobody is like them.

    The popularity complement of Vargas and Castells (2011) among `neighbours` instead of everybody. `matrix` is people
    x items of ones; alike is the cosine of histories, and weighs. The person's own row, if it is among them, counts for
    what it holds.
    """
    width = matrix.shape[1]
    liked = [np.unique(h.liked[h.liked < width]) for h in histories]
    rows = np.repeat(np.arange(len(liked)), [len(one) for one in liked])
    columns = np.concatenate(liked) if liked else np.zeros(0, dtype=np.int64)
    past = sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(len(liked), width))
    sizes = np.sqrt(np.maximum(np.asarray(matrix.sum(axis=1)).ravel(), 1.0))
    likeness = np.asarray((past @ matrix.T).todense(), dtype=np.float32) / sizes
    most = min(neighbours, matrix.shape[0])
    best = np.argpartition(-likeness, most - 1, axis=1)[:, :most]
    weight = np.take_along_axis(likeness, best, axis=1)
    at = np.repeat(np.arange(len(liked)), most)
    around = sparse.csr_matrix((weight.ravel(), (at, best.ravel())), shape=likeness.shape)
    met = np.asarray((around @ matrix).todense(), dtype=np.float32)
    total = np.maximum(weight.sum(axis=1, keepdims=True), 1e-12)
    known = np.where(items < width, items, 0)
    result = 1.0 - np.take_along_axis(met / total, np.maximum(known, 0), axis=1)
    return np.where((items >= width) | (items < 0), np.float32(1.0), result.astype(np.float32))


def primitive_lists(counts: Numbers, matrix: Sparse, histories: Sequence[History], n: int) -> Numbers:
    """What anybody would expect to be shown, (rows, 2n): the n most taken items and the n nearest to the history.

    The primitive recommender that unexpectedness is measured against (Ge et al. 2010): popularity, and item-kNN by
    cosine of who took what. Items of the history are no part of it; -1 padded.
    """
    width = matrix.shape[1]
    sizes = np.sqrt(np.maximum(np.asarray(matrix.sum(axis=0)).ravel(), 1.0))
    units = sparse.csr_matrix(matrix @ sparse.diags(1.0 / sizes))
    result = np.full((len(histories), 2 * n), -1, dtype=np.int64)
    popular = np.argsort(-counts[:width], kind="stable")
    for row, history in enumerate(histories):
        past = np.unique(history.items[history.items < width])
        common = popular[: n + len(past)]
        common = common[~np.isin(common, past)][:n]
        result[row, : len(common)] = common
        liked = np.unique(history.liked[history.liked < width])
        together = np.asarray(units.T @ units[:, liked].sum(axis=1)).ravel()
        together[past] = 0.0
        near = np.argsort(-together, kind="stable")[:n]
        near = near[together[near] > 0]
        result[row, n : n + len(near)] = near
    return result


def unexpected(lists: Numbers, primitive: Numbers) -> NDArray[np.bool_]:
    """Which items of each list the primitive list lacks, (rows, n) (Ge et al. 2010; Murakami et al. 2008)."""
    expected = (lists[:, :, None] == primitive[:, None, :]).any(axis=2)
    return np.asarray((lists >= 0) & ~expected)


def discount(n: int) -> Times:
    """How much a place is looked at, 1 / log2(1 + rank), (n,): exposure (Singh and Joachims 2018)."""
    return np.asarray(1.0 / np.log2(np.arange(n) + 2.0))
