"""Accounts that took nearly the same things and push one that hardly anybody else took. Knows nothing of models or texts.

Who is like whom is found by MinHash signatures cut into bands (Broder 1997; Indyk and Motwani 1998) and then checked
exactly, so that time grows with the number of events, not with pairs of people.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from llm4rec.core import Interactions, Numbers, Sparse

ALIKE = 0.6  # Jaccard similarity of what two accounts took, from which on they are alike
TOOK = 5  # things that an account took at least; fewer in common are no sign of anything
GROUP = 3  # accounts at least
FEW = 0.05  # of all people at most: what more of them take together is a taste
BANDS, ROWS = 20, 3  # a pair with similarity .6 is met with a chance of 1 - (1 - .6^3)^20 = .99


def echoes(events: Interactions) -> NDArray[np.bool_]:
    """Events that only repeat what an account like theirs says, (events,).

    Where a group of accounts that are alike, at least three and at most a twentieth of all people, are more than half of
    those who took a thing, the first of them counts for that thing and the others do not. Everything else they took counts.
    """
    liked = np.flatnonzero(events.positive)
    people, user = np.unique(events.users[liked], return_inverse=True)
    found = np.zeros(len(events), dtype=bool)
    if len(people) * FEW < GROUP:
        return found
    size = int(events.items.max()) + 1
    once, first = np.unique(user * size + events.items[liked], return_index=True)
    user, item = once // size, once % size
    group = _groups(user, item)[user]
    pushed = _pushed(item, group, len(people))
    late = np.where(pushed, group * size + item, -1)
    order = np.lexsort((events.timestamps[liked][first], late))
    again = np.zeros(len(once), dtype=bool)
    again[order[1:]] = (late[order[1:]] >= 0) & (np.diff(late[order]) == 0)
    found[liked] = np.isin(people.searchsorted(events.users[liked]) * size + events.items[liked], once[again])
    return found


def _pushed(item: Numbers, group: Numbers, people: int) -> NDArray[np.bool_]:
    """Which of these (account, thing) belong to a group that is most of those who took the thing; group -1 is none."""
    takers = np.bincount(item)[item]
    _, place, size = np.unique(group * (int(item.max()) + 1) + item, return_inverse=True, return_counts=True)
    together = size[place]
    few = (together >= GROUP) & (together <= FEW * people)
    return np.asarray((group >= 0) & few & (2 * together > takers))


def _groups(user: Numbers, item: Numbers) -> Numbers:
    """The number of each account's group, -1 for those like nobody; rows are ordered by user."""
    people = int(user.max()) + 1
    taken = sparse.csr_matrix((np.ones(len(user), np.float32), (user, item)))
    sizes = np.diff(taken.indptr)
    able = np.flatnonzero(sizes >= TOOK)
    if len(able) < GROUP:
        return np.full(people, -1, dtype=np.int64)
    links = [_alike(taken, able[one], able[other]) for one, other in _met(taken[able])]
    pairs = np.concatenate(links, axis=1)
    graph = sparse.coo_matrix((np.ones(pairs.shape[1]), (pairs[0], pairs[1])), shape=(people, people))
    labels = connected_components(graph, directed=False)[1].astype(np.int64)
    return np.where(np.bincount(labels)[labels] >= GROUP, labels, -1)


def _met(taken: Sparse) -> Iterator[tuple[Numbers, Numbers]]:
    """Pairs of rows that share a band of their signature, neighbours in order, band by band."""
    rng = np.random.default_rng(0)
    for _ in range(BANDS):
        key = np.zeros(taken.shape[0], dtype=np.uint64)
        for _ in range(ROWS):
            drawn = rng.integers(0, 2**63, taken.shape[1], dtype=np.uint64)
            key = key * np.uint64(0x9E3779B97F4A7C15) + np.minimum.reduceat(
                drawn[taken.indices], taken.indptr[:-1]
            )
        order = np.argsort(key, kind="stable")
        same = np.flatnonzero(key[order[1:]] == key[order[:-1]])
        yield order[same], order[same + 1]


def _alike(taken: Sparse, one: Numbers, other: Numbers) -> Numbers:
    """Those of these pairs that are alike, (2, pairs)."""
    sizes = np.diff(taken.indptr)
    both = np.asarray(taken[one].multiply(taken[other]).sum(axis=1)).ravel() if len(one) else np.zeros(0)
    kept = both >= ALIKE * (sizes[one] + sizes[other] - both)
    return np.stack([one[kept], other[kept]]).astype(np.int64)
