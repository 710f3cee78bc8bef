"""Small tasks for learning how to answer after a few events: people held out whole, asked from their first ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from llm4rec.core import Dataset, Holdout, Numbers, Request

LENGTHS = (1, 3, 5, 10)
SHARE = 0.2  # of the people, held out
MOST = 500  # people held out at most
FEWEST = 20  # people held out below which nothing is learnt from them
NEXT = 10  # positive events that are to be foretold


@dataclass(frozen=True, eq=False)
class Episodes:
    """`left` is the data without the people held out; `asked` are questions by how many events they begin with."""

    left: Dataset
    asked: Mapping[int, Holdout]

    def __len__(self) -> int:
        return min((len(holdout) for holdout in self.asked.values()), default=0)

    @classmethod
    def drawn(cls, dataset: Dataset, rng: np.random.Generator, lengths: Sequence[int] = LENGTHS) -> Episodes:
        """Some of the people who have an event behind the shortest length; lengths that nobody outlasts are left out."""
        events = dataset.interactions
        counts = np.bincount(events.users[events.positive], minlength=len(dataset.users))
        able = np.flatnonzero(counts > min(lengths))
        size = min(MOST, round(SHARE * len(able)))
        people = np.sort(rng.choice(able, size, replace=False)) if size else able[:0]
        left = dataset.only(~np.isin(events.users, people))
        found = {k: first_events(dataset, people, k) for k in lengths}
        return cls(left, {k: holdout for k, holdout in found.items() if len(holdout) >= FEWEST})


def first_events(dataset: Dataset, people: Numbers, k: int, following: int = NEXT) -> Holdout:
    """A question a person: after the first `k` positive events, which items do the next `following` ones take?

    Asked as a stranger is, with a bare history. Who has nothing new behind the k-th event is not asked.
    """
    requests, targets = [], []
    for user in people.tolist():
        history = dataset.history(user)
        places = np.flatnonzero(history.positive)
        if len(places) <= k:
            continue
        known = history.take(slice(0, int(places[k - 1]) + 1))
        later = history.items[places[k : k + following]]
        new = later[~np.isin(later, known.items)]
        if len(new):
            requests.append(Request(known))
            targets.append(np.unique(new))
    return Holdout(requests, targets)
