"""Accounts that push a thing together: they took the same right before it. Knows no models and no texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Interactions, Numbers, Times

GROUP = 4  # accounts at least
FEW = 0.05  # of all people at most: what more of them take together is a taste
BEFORE = 3  # places before a thing: from there sequence models learn most
ENDS = 0.005  # of all histories have one of the things before among their last: otherwise nobody is reached by it
MOST, SOME = 0.4, 0.2  # of those who took a thing, with one thing before it in common, or with two


def echoes(events: Interactions) -> NDArray[np.bool_]:
    """Events that only repeat what another account said together with theirs, (events,); rows stand by user and time.

    A group is at least four accounts and at most a twentieth of all people: more than two fifths of those who took a
    thing, with the same other one among the three taken right before it, or more than a fifth with the same two, where
    many histories end with these. The first of a group counts for that thing and the others do not. Everything else
    they took counts.
    """
    liked = np.flatnonzero(events.positive)
    found = np.zeros(len(events), dtype=bool)
    takings = _Takings.of(events.users[liked], events.items[liked], events.timestamps[liked])
    if takings.people * FEW >= GROUP:
        found[liked] = takings.late(*takings.led())[takings.of_event]
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
