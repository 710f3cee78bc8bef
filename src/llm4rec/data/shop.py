"""The sample shop: 340 real books out of copyright, with readers who are made up. Works offline, at once.

Books are facts (title, author, year, language, form); categories and descriptions were written for llm4rec. What
readers did comes from `llm4rec.data.simulator`, which knows themes that the catalog does not show.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Catalog, Column, ColumnType, Dataset, Numbers, Vocabulary
from llm4rec.data.simulator import FEATURES, Simulation, Traits, WorldConfig, simulate

NAME = "sample-shop"
BOOKS_NOTE = "the books are real and out of copyright; their descriptions were written for llm4rec"
COLUMNS = {
    "title": ColumnType.TEXT,
    "author": ColumnType.CATEGORY,
    "year": ColumnType.NUMBER,
    "language": ColumnType.CATEGORY,
    "form": ColumnType.CATEGORY,
    "categories": ColumnType.TAGS,
    "description": ColumnType.TEXT,
}
SHORT_FORMS = frozenset({"stories", "novella", "poetry", "essay", "play", "children"})
# Which themes suit an evening, a morning, a journey.
SUITS: Mapping[str, frozenset[str]] = {
    "evening": frozenset({"ghosts", "gothic", "crime", "courtship", "magic", "fairy-tale"}),
    "morning": frozenset({"ideas", "nature", "philosophy", "science", "politics"}),
    "away": frozenset({"travel", "humour", "adventure", "sea"}),
}
Book = Mapping[str, Any]


def sample_shop(seed: int = 0, readers: int = 1200, days: int = 730) -> Dataset:
    """The data set of the sample shop; the same seed gives the same shop on every machine."""
    return shop_simulation(WorldConfig(readers=readers, days=days), np.random.default_rng(seed)).dataset


def shop_simulation(config: WorldConfig, rng: np.random.Generator) -> Simulation:
    """The sample shop with its truth, for tests of what learns from it."""
    books = _books()
    made = simulate(_catalog(books), _traits(books), config, rng, NAME)
    return replace(made, dataset=replace(made.dataset, notes=(*made.dataset.notes, BOOKS_NOTE)))


def sample_books() -> Catalog:
    """The books alone."""
    return _catalog(_books())


def shop_traits() -> Traits:
    """The hidden side of the books, in the order of `sample_books`."""
    return _traits(_books())


def _file(name: str) -> str:
    return (resources.files("llm4rec.data") / "books" / name).read_text(encoding="utf-8")


def _books() -> list[Book]:
    return [json.loads(line) for line in _file("books.jsonl").splitlines()]


def _catalog(books: Sequence[Book]) -> Catalog:
    columns = {name: Column(kind, _values(kind, [b[name] for b in books])) for name, kind in COLUMNS.items()}
    return Catalog(Vocabulary([b["item_id"] for b in books]), columns)


def _values(kind: ColumnType, given: Sequence[Any]) -> NDArray[Any]:
    if kind is ColumnType.NUMBER:
        return np.array(given, dtype=np.float64)
    values = np.empty(len(given), dtype=object)
    values[:] = [tuple(v) for v in given] if kind is ColumnType.TAGS else list(given)
    return values


def _traits(books: Sequence[Book]) -> Traits:
    names = sorted({theme for book in books for theme in book["themes"]})
    themes = np.array([[book["themes"].get(name, 0.0) for name in names] for book in books])
    groups, follows = _works(books)
    famous = _file("famous.txt").split()
    rank = {name: len(famous) - place for place, name in enumerate(famous)}
    fame = np.sqrt([rank.get(book["item_id"], 0) for book in books])
    return Traits.of(themes, names, groups=groups, follows=follows, fame=fame, loadings=_loadings(books))


def _works(books: Sequence[Book]) -> tuple[Numbers, Numbers]:
    """A number for each known author, and the next work of the same author by year."""
    works: dict[str, list[int]] = {}
    for number, book in enumerate(books):
        if book["author"] != "Anonymous":
            works.setdefault(book["author"], []).append(number)
    groups, follows = np.full(len(books), -1), np.full(len(books), -1)
    for group, numbers in enumerate(works.values()):
        in_time = sorted(numbers, key=lambda number: (books[number]["year"], number))
        groups[in_time] = group
        follows[in_time[:-1]] = in_time[1:]
    return groups, follows


def _loadings(books: Sequence[Book]) -> NDArray[np.float64]:
    """How well each book suits each context, (books, FEATURES)."""
    suits = np.zeros((len(books), len(FEATURES)))
    for row, book in zip(suits, books, strict=True):
        for place, feature in enumerate(FEATURES):
            themes = sum(weight for name, weight in book["themes"].items() if name in SUITS.get(feature, ()))
            row[place] = themes / 2.0
        short = 1.0 if book["form"] in SHORT_FORMS else -0.5
        row[FEATURES.index("weekend")] -= short
        row[FEATURES.index("phone")] += short
        row[FEATURES.index("away")] += short
    return np.asarray(suits - suits.mean(axis=0))
