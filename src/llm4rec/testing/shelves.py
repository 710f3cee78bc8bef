"""Tiny data sets whose right answers are obvious, and the two calls a model's test needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from llm4rec.core import (
    Catalog,
    Column,
    ColumnType,
    Dataset,
    EventContexts,
    FitContext,
    History,
    Interactions,
    Model,
    Request,
    Users,
    Vocabulary,
)
from llm4rec.testing.fakes import WordEncoder, WordFeatures
from llm4rec.testing.reading import WordReader

M = TypeVar("M", bound=Model)
DAY = 86_400.0
TITLES = ("space robots", "robots and peace", "garden soil", "roses and soil")


def _catalog(titles: Sequence[str]) -> Catalog:
    column = Column(ColumnType.TEXT, np.array(list(titles), dtype=object))
    return Catalog(Vocabulary([f"item-{n}" for n in range(len(titles))]), {"title": column})


def _dataset(rows: Sequence[Sequence[int]], titles: Sequence[str], name: str) -> Dataset:
    users = [user for user, items in enumerate(rows) for _ in items]
    items = [item for row in rows for item in row]
    times = [place * DAY for row in rows for place in range(len(row))]
    interactions = Interactions.of(users, items, timestamps=times)
    return Dataset(
        interactions, _catalog(titles), Users(Vocabulary([f"user-{n}" for n in range(len(rows))])), name
    )


def shelf(*titles: str) -> Dataset:
    """Four titles on two subjects (robots 0 1, gardens 2 3), or your own; two readers a pair of neighbours.

    With own titles, one reader took items 0 and 1, and everything from item 2 on has never been touched.
    """
    if titles:
        return _dataset([[0, 1], [1, 0]], titles, "shelf")
    return _dataset([[0, 1], [1, 0], [2, 3], [3, 2]], TITLES, "shelf")


def checkerboard(size: int = 20) -> Dataset:
    """User u takes every item of its own parity but one, u itself: the right answer for u is u.

    Titles name the parity, so that content alone also tells even from odd.
    """
    rows = [[i for i in range(u % 2, size, 2) if i != u] for u in range(size)]
    titles = [("even number" if i % 2 == 0 else "odd number") for i in range(size)]
    return _dataset(rows, titles, "checkerboard")


def in_a_row(size: int = 12, users: int = 40) -> Dataset:
    """Everyone walks the same circle 0 1 2 … from a place of their own: after i comes i + 1."""
    length = max(3, size // 2)
    rows = [[(u + step) % size for step in range(length)] for u in range(users)]
    return _dataset(rows, [f"stop {n}" for n in range(size)], "in-a-row")


def by_device(steps: int = 6, users: int = 90) -> Dataset:
    """Everyone walks a circle of steps, and takes 2s at step s on the phone, 2s + 1 on the desktop.

    Devices are drawn by event: what comes next is known of somebody who says on what they ask, and of nobody else.
    """
    length = max(3, steps - 1)
    desktop = np.random.default_rng(0).integers(0, 2, (users, length))
    rows = [[2 * ((u + n) % steps) + int(desktop[u, n]) for n in range(length)] for u in range(users)]
    plain = _dataset(rows, [f"stop {n}" for n in range(2 * steps)], "by-device")
    words = np.array(["phone", "desktop"], dtype=object)[desktop.ravel()]
    contexts = EventContexts.of({"device": words.tolist()})
    return replace(plain, interactions=replace(plain.interactions, contexts=contexts))


def context(dataset: Dataset | None = None, **given: object) -> FitContext:
    """A world of fakes: word encoder, word features of the data set, a language model, seeded chance; `given` replaces parts."""
    data = dataset or shelf()
    parts: dict[str, object] = {
        "encoder": WordEncoder(),
        "raw_encoder": WordEncoder(),
        "features": WordFeatures().fit(data.catalog),
        "words": WordFeatures().fit(data.catalog),
        "generator": WordReader(),
        "rng": np.random.default_rng(7),
    }
    return FitContext(**(parts | given))  # type: ignore[arg-type]


def fitted(model: M, dataset: Dataset | None = None) -> M:
    """The model, fitted on the shelf or on `dataset`."""
    return model.fit(dataset or shelf(), context(dataset))


def asking(*items: int, days_ago: Sequence[float] | None = None) -> Request:
    """A request with a bare history of these items, oldest first unless `days_ago` says otherwise."""
    times = [place * DAY for place in range(len(items))]
    if days_ago is not None:
        times = [1_000 * DAY - d * DAY for d in days_ago]
    return Request(History.of(items, times))


def best(model: Model, request: Request) -> int:
    """The item the model puts first among those not in the history."""
    scores = model.score([request])[0].copy()
    scores[request.history.items] = -np.inf
    return int(scores.argmax())
