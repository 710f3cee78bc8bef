"""Tiny splits and fake engines whose figures are known by construction."""

import numpy as np

from llm4rec.core import (
    Catalog,
    Column,
    ColumnType,
    Dataset,
    History,
    Holdout,
    Interactions,
    Request,
    Users,
    Vocabulary,
)
from llm4rec.data.folds import Fold, Pairs, Split

REAL = 1.6e9


def catalog(size, first=0):
    names = [f"thing-{n}" for n in range(first, first + size)]
    colours = np.array(["red" if n % 2 else "blue" for n in range(first, first + size)], dtype=object)
    return Catalog(Vocabulary(names), {"colour": Column(ColumnType.CATEGORY, colours)})


def dataset(rows, items, name="tiny", times=None):
    """A list of items a user, in the order taken, a second apart unless told."""
    users = [u for u, row in enumerate(rows) for _ in row]
    taken = [i for row in rows for i in row]
    moments = (
        [REAL + 10 * p + u for u, row in enumerate(rows) for p in range(len(row))] if times is None else times
    )
    people = Users(Vocabulary([f"person-{n}" for n in range(len(rows))]))
    return Dataset(Interactions.of(users, taken, timestamps=moments), catalog(items), people, name)


def last_out(data, name="last-out", facts=None, pairs=None, validation=None):
    """The last event of everyone is the question."""
    ends = data.offsets[1:] - 1
    keep = np.ones(len(data.interactions), dtype=bool)
    keep[ends] = False
    train = data.only(keep)
    requests = [Request(train.history(u), user=u) for u in range(len(data.users))]
    test = Holdout(requests, [data.interactions.items[e : e + 1] for e in ends])
    return Split(
        name, (Fold(train, {"": test}, pairs=pairs, validation=validation),), facts or {"ties": "stable"}
    )


def random_rows(people=30, items=20, length=6, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.choice(items, length, replace=False).tolist() for _ in range(people)]


class FakeEngine:
    """Scores by a rule (request, items) -> row; remembers what it was given."""

    def __init__(self, rule):
        self.rule = rule
        self.items = 0
        self.fits = []

    def fit(self, dataset, *, holdout=None, refit=None):
        self.fits.append((dataset, holdout, refit))
        self.items = len(dataset.catalog)
        return self

    def add_items(self, catalog):
        self.items += len(catalog)
        return self

    def score(self, requests):
        rows = [self.rule(request, self.items) for request in requests]
        return np.array(rows, dtype=np.float32).reshape(len(requests), self.items)


class FixedScores:
    """Row n of a matrix for the request of user n."""

    def __init__(self, matrix):
        self.matrix = np.asarray(matrix, dtype=np.float32)

    def score(self, requests):
        return self.matrix[[r.user for r in requests]]


class FakeRater(FakeEngine):
    def rate(self, requests, items):
        return np.array(
            [self.rule(r, self.items)[i] for r, i in zip(requests, items, strict=True)], dtype=np.float32
        )


def constant(_, items):
    return np.zeros(items)


def noise(request, items):
    return np.random.default_rng(1000 + max(request.user, 0)).random(items)


def knows(split):
    """A rule that gives everyone their own answer."""
    answers = {
        r.user: t for f in split.folds for r, t in zip(f.tests[""].requests, f.tests[""].targets, strict=True)
    }

    def rule(request, items):
        row = np.zeros(items)
        row[answers[request.user]] = 1.0
        return row

    return rule


def asks(users, targets, histories=None, **limits):
    """A holdout with these targets."""
    histories = histories or [[] for _ in users]
    requests = [Request(History.of(h), user=u, **limits) for u, h in zip(users, histories, strict=True)]
    return Holdout(requests, [np.array(t) for t in targets])


def clicks(requests, items, values, groups=None):
    users = np.array([r.user for r in requests])
    return Pairs(
        requests, np.array(items), np.array(values, np.float32), users if groups is None else np.array(groups)
    )
