"""What an engine may know of people, and what a few can do to everybody: held back, swapped, removed, attacked.

Fits the engine of some settings on a data set, then asks it again after each change. Judges no accuracy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from llm4rec.core import (
    Column,
    Dataset,
    Forgets,
    Numbers,
    Progress,
    Request,
    Times,
    Users,
    Vocabulary,
    silent,
)
from llm4rec.engine import Engine, Settings
from llm4rec.engine.fitting import fit_again
from llm4rec.engine.shield import Shield, protected
from llm4rec.evaluation.manipulation import KINDS, Attack, attacked, lists_of, reached, unpopular

PEOPLE = 300  # asked for swapped attributes
PERSISTENCE = 0.9  # of rank-biased overlap
LIMIT = 0.01  # share of lists that a pushed item may reach


@dataclass(frozen=True)
class Plan:
    """What to try: the share of fake profiles, how many items are pushed, and how many of the busiest users are removed."""

    share: float = 0.01
    targets: int = 2
    removed: int = 5
    seed: int = 0


def audit(
    dataset: Dataset, settings: Settings, plan: Plan = Plan(), progress: Progress = silent
) -> dict[str, Any]:
    """All four looks as plain values: `protected`, `counterfactual`, `influence`, `manipulation`."""
    rng = np.random.default_rng(plan.seed)
    hidden = protected(dataset.users.columns, settings.fit.protected)
    asked_for = protected(dataset.users.columns, Settings().fit.protected)
    twins = _twins(dataset, tuple(dict.fromkeys((*asked_for, *hidden))), rng)
    engine = Engine(settings).fit(twins.dataset)
    people = np.flatnonzero(np.diff(dataset.offsets) > 0)
    requests = [Request(dataset.history(int(u)), user=int(u)) for u in people]
    before = lists_of(engine, requests, len(dataset.catalog))
    again = _Again(engine, settings, dataset)
    return {
        "protected": {
            "held_back": list(hidden),
            "seen": [name for name in asked_for if name not in hidden],
            "notes": list(engine.fitted.notes),
        },
        "counterfactual": twins.compared(engine),
        "influence": again.influence(requests, before, plan.removed),
        "manipulation": again.manipulation(requests, before, plan, rng, progress),
    }


@dataclass(frozen=True, eq=False)
class _Twins:
    """Data with two further users a person asked and attribute, without events: as they are, and with it swapped."""

    dataset: Dataset
    people: Numbers
    attributes: tuple[str, ...]

    def compared(self, engine: Engine) -> dict[str, Any]:
        """How like the lists of both are, by attribute: shared items, rank-biased overlap, share of equal lists."""
        first = len(self.dataset.users) - len(self.people) * (1 + len(self.attributes))
        histories = [self.dataset.history(int(u)) for u in self.people]

        def lists(place: int) -> Numbers:
            start = first + place * len(self.people)
            asked = [Request(h, user=start + n) for n, h in enumerate(histories)]
            return lists_of(engine, asked, len(self.dataset.catalog))

        own = lists(0)
        return {
            name: _alike(own, lists(place)) | {"people": len(self.people)}
            for place, name in enumerate(self.attributes, 1)
            if len(self.people)
        }


def _twins(dataset: Dataset, attributes: tuple[str, ...], rng: np.random.Generator) -> _Twins:
    """Twins of people with a history; a swapped value is that of somebody else who has another."""
    known = np.flatnonzero(np.diff(dataset.offsets) > 0)
    people = np.sort(rng.choice(known, min(PEOPLE, len(known)), replace=False)) if attributes else known[:0]
    users = dataset.users
    for place in range(1 + len(attributes) if len(people) else 0):
        columns = {name: column.take(people) for name, column in dataset.users.columns.items()}
        if place:
            name = attributes[place - 1]
            columns[name] = _swapped(dataset.users.columns[name], people, rng)
        users = users.extended(Users(_ids(users.ids, len(people), place), columns))
    return _Twins(replace(dataset, users=users), people.astype(np.int64), attributes)


def _swapped(column: Column, people: Numbers, rng: np.random.Generator) -> Column:
    """For each person the value of another one who has a different one; the own value where all have it."""
    told = np.flatnonzero(~column.missing())
    words = np.array([str(value) for value in column.values[told]])
    donors = people.copy()
    for row, person in enumerate(people):
        others = told[words != str(column.values[person])]
        donors[row] = rng.choice(others) if len(others) else person
    return column.take(donors)


def _ids(known: Vocabulary, size: int, place: int) -> Vocabulary:
    if known.numeric:
        first = max((int(name) for name in known.ids), default=0) + 1
        return Vocabulary(list(range(first, first + size)))
    return Vocabulary([f"\x00twin-{place}-{n}" for n in range(size)])


@dataclass(frozen=True, eq=False)
class _Again:
    """A fitted engine whose model is fitted again on other data, with the settings as chosen."""

    engine: Engine
    settings: Settings
    dataset: Dataset

    def influence(self, requests: Sequence[Request], before: Numbers, removed: int) -> dict[str, Any]:
        """The largest change that removing one of the busiest users makes to the lists of all others."""
        sizes = np.diff(self.dataset.offsets)
        shield, model = Shield.of(self.settings.fit), self.engine.model
        found = []
        for user in np.argsort(-sizes, kind="stable")[:removed].tolist():
            counted = shield.history(self.dataset, user)
            if isinstance(model, Forgets) and counted is not None:
                left = model.forget([counted])
            else:
                rows = self.dataset.interactions.users != user
                left = self._fitted(self.dataset.only(rows))
            others = [row for row, request in enumerate(requests) if request.user != user]
            lists = lists_of(left, [requests[row] for row in others], len(self.dataset.catalog))
            found.append({"events": int(sizes[user]), **_alike(before[others], lists)})
        worst = min(found, key=lambda one: one["overlap"]) if found else {}
        return {"removed": found, "worst": worst}

    def manipulation(
        self,
        requests: Sequence[Request],
        before: Numbers,
        plan: Plan,
        rng: np.random.Generator,
        progress: Progress,
    ) -> dict[str, Any]:
        """Share of genuine people's lists that show a pushed item, before and after each attack; the worst item of each."""
        targets = unpopular(self.dataset, plan.targets, rng)
        profiles = max(1, int(np.ceil(plan.share * len(requests))))
        table = {}
        for kind in progress(list(KINDS), "attacks", len(KINDS)):
            shares = []
            for target in targets.tolist():
                data = attacked(self.dataset, Attack(kind, target, profiles), rng)
                lists = lists_of(self._fitted(data), requests, len(self.dataset.catalog))
                shares.append((reached(lists, target, requests), reached(before, target, requests)))
            after, prior = max(shares)
            table[kind] = {"before": prior, "after": after}
        most = max((row["after"] for row in table.values()), default=0.0)
        return {"profiles": profiles, "attacks": table, "limit": LIMIT, "held": most <= LIMIT}

    def _fitted(self, dataset: Dataset) -> Any:
        """The model with what it chose, on what it may see of these data."""
        seen = Shield.of(self.settings.fit).data(dataset)
        return fit_again(self.engine.model, seen, self.engine.fitted.context(self.settings))


def _alike(one: Numbers, other: Numbers) -> dict[str, float]:
    """Mean share of items in both lists, mean rank-biased overlap, and share of lists that are equal; 1 without lists."""
    if not len(one):
        return {"overlap": 1.0, "rbo": 1.0, "equal": 1.0}
    both = ((one[:, :, None] == other[:, None, :]) & (one >= 0)[:, :, None]).any(axis=2).sum(axis=1)
    overlap = both / np.maximum((one >= 0).sum(axis=1), 1)
    return {
        "overlap": float(overlap.mean()),
        "rbo": float(rank_biased_overlap(one, other).mean()),
        "equal": float((one == other).all(axis=1).mean()),
    }


def rank_biased_overlap(one: Numbers, other: Numbers, p: float = PERSISTENCE) -> Times:
    """Rank-biased overlap of two lists, (rows,): the mean of the share of items that the first d have in common, d weighing p^(d - 1).

    Webber, Moffat and Zobel, TOIS 2010, cut at the length of the lists and scaled so that equal lists have 1.
    """
    size = one.shape[1]
    same = (one[:, :, None] == other[:, None, :]) & (one >= 0)[:, :, None]
    agreed = np.stack([same[:, :d, :d].sum(axis=(1, 2)) / d for d in range(1, size + 1)], axis=1)
    weights = p ** np.arange(size)
    return np.asarray(agreed @ (weights / weights.sum()), dtype=np.float64)
