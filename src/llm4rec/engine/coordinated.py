"""Accounts that push a thing together: alike in all they took, or in what they took right before. Knows no models, no texts.

Who is like whom is found by MinHash signatures cut into bands (Broder 1997; Indyk and Motwani 1998) and then checked
exactly, so that time grows with the number of events, not with pairs of people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from llm4rec.core import Interactions, Numbers, Sparse, Times

ALIKE = 0.6  # Jaccard similarity of what two accounts took, from which on they are alike
TOOK = 5  # things that an account took at least; fewer in common are no sign of anything
GROUP = 4  # accounts at least
FEW = 0.05  # of all people at most: what more of them take together is a taste
BANDS, ROWS = 20, 3  # a pair with similarity .6 is met with a chance of 1 - (1 - .6^3)^20 = .99
BEFORE = 3  # places before a thing: from there sequence models learn most
ENDS = 0.005  # of all histories have one of the things before among their last: otherwise nobody is reached by it
MOST, SOME = 0.4, 0.2  # of those who took a thing, with one thing before it in common, or with two


def echoes(events: Interactions) -> NDArray[np.bool_]:
    """Events that only repeat what another account said together with theirs, (events,); rows stand by user and time.

    A group is at least four accounts, at most a twentieth of all people: accounts that are alike in all they took and more
    than two fifths of those who took a thing; or more than two fifths of them with the same thing among the three taken
    right before it, or a fifth with the same two, where many histories end with these. The first of a group counts
    for that thing and the others do not. Everything else they took counts.
    """
    liked = np.flatnonzero(events.positive)
    found = np.zeros(len(events), dtype=bool)
    takings = _Takings.of(events.users[liked], events.items[liked], events.timestamps[liked])
    if takings.people * FEW >= GROUP:
        found[liked] = (takings.late(*takings.alike()) | takings.late(*takings.led()))[takings.of_event]
    return found


@dataclass(frozen=True, eq=False)
class _Takings:
    """Who took what, once each, by user and item; `of_event`: the taking of each event, in the order of user and time."""

    user: Numbers
    item: Numbers
    times: Times
    of_event: Numbers

    @classmethod
    def of(cls, users: Numbers, items: Numbers, times: Times) -> _Takings:
        """From events by user and time; people are numbered without gaps."""
        user = np.unique(users, return_inverse=True)[1]
        size = int(items.max(initial=0)) + 1
        once, first, of_event = np.unique(user * size + items, return_index=True, return_inverse=True)
        return cls(once // size, once % size, times[first], of_event)

    @property
    def people(self) -> int:
        """How many took anything."""
        return int(self.user.max(initial=-1)) + 1

    def late(self, group: Numbers, taking: Numbers, share: Times) -> NDArray[np.bool_]:
        """Takings that are not the first of a group that is more than such a share of those who took the thing.

        A row says that a taking belongs to a group, whose members all took the same thing.
        """
        rows = np.unique(np.stack([group, taking]), axis=1, return_index=True)[1]
        group, taking, share = group[rows], taking[rows], share[rows]
        size = np.bincount(group)[group]
        takers = np.bincount(self.item)[self.item[taking]]
        kept = (size >= GROUP) & (size <= FEW * self.people) & (size > share * takers)
        group, taking = group[kept], taking[kept]
        order = np.lexsort((taking, self.times[taking], group))
        found = np.zeros(len(self.user), dtype=bool)
        found[taking[order[1:]][np.diff(group[order]) == 0]] = True
        return found

    def alike(self) -> tuple[Numbers, Numbers, Times]:
        """Groups of accounts that took nearly the same, by thing; as `late` reads them."""
        group = _groups(self.user, self.item)[self.user]
        taking = np.flatnonzero(group >= 0)
        return _numbered(group[taking], self.item[taking]), taking, np.full(len(taking), MOST)

    def led(self) -> tuple[Numbers, Numbers, Times]:
        """Groups of accounts that took one or two things in common right before a thing."""
        user, item = self.user[self.of_event], self.item[self.of_event]
        left = np.searchsorted(user, user, side="right") - np.arange(len(user))
        last = np.unique(self.of_event[left <= BEFORE])
        often = np.bincount(self.item[last], minlength=int(item.max()) + 1) >= max(ENDS * self.people, GROUP)
        parts = []
        for far in range(1, BEFORE + 1):
            at = np.flatnonzero(user[far:] == user[:-far]) + far
            for near in range(1, far + 1):
                one, other, thing = item[at - far], item[at - near], item[at]
                real = (one != thing) & (other != thing) & (often[one] | often[other])
                real &= (one != other) | (near == far)
                parts.append(np.stack([one, other, self.of_event[at]])[:, real])
        one, other, taking = np.concatenate(parts, axis=1)
        group = _numbered(_numbered(np.minimum(one, other), np.maximum(one, other)), self.item[taking])
        return group, taking, np.where(one == other, MOST, SOME)


def _numbered(one: Numbers, other: Numbers) -> Numbers:
    """A number without gaps for each pair."""
    key = one * (int(other.max(initial=0)) + 1) + other
    return np.asarray(np.unique(key, return_inverse=True)[1], dtype=np.int64)


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
