"""The words of the grammar, read from one file a language and put together. Knows no catalog."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Generic, TypeVar

from llm4rec.core.texts import Phrase, cleaned, phrase, stem, tokens

T = TypeVar("T")
LANGUAGES = ("en", "zh")
TAGS = (
    *(
        "not",
        "brief",
        "hate",
        "neutral",
        "positive",
        "like",
        "by",
        "about",
        "or",
        "and",
        "more",
        "less",
        "than",
    ),
    *("item", "degree", "plain", "kind", "fill"),
)
"""What a cue can be. A phrase that stands in several lists is the first of these."""


class Phrases(Generic[T]):
    """Phrases with a value each; the longest that begins at a place is found."""

    def __init__(self, entries: Iterable[tuple[Phrase, T]] = (), stemmed: bool = False) -> None:
        self.entries: dict[Phrase, T] = {}
        self.stemmed = stemmed
        for words, value in entries:
            if words:
                self.entries.setdefault(words, value)
        self.most = max(map(len, self.entries), default=0)

    def longest(self, words: Sequence[str], at: int) -> tuple[int, T] | None:
        """Where the longest phrase that begins at `at` ends, and its value; None where none does."""
        most = min(self.most, len(words) - at)
        part = [stem(word) if self.stemmed else word for word in words[at : at + most]]
        for length in range(most, 0, -1):
            found = self.entries.get(tuple(part[:length]))
            if found is not None:
                return at + length, found
        return None

    def __contains__(self, words: object) -> bool:
        return words in self.entries

    def __iter__(self) -> Iterator[Phrase]:
        return iter(self.entries)


@dataclass(frozen=True)
class Measure:
    """A kind of number that catalogs have: what its column is called, its units, and what praises or compares it."""

    name: str
    columns: frozenset[Phrase]
    units: Phrases[float] = field(default_factory=Phrases)
    names: Phrases[bool] = field(default_factory=Phrases)
    compares: Phrases[bool] = field(default_factory=Phrases)  # more: true, less: false
    leans: Phrases[bool] = field(default_factory=Phrases)


@dataclass(frozen=True)
class Wordlists:
    """All words of the grammar, of all its languages: scripts differ, so that they do not meet."""

    cues: Phrases[str]
    bounds: Mapping[str, Phrases[bool]]
    numbers: Phrases[float]
    ordinals: Phrases[float]
    decades: Phrases[float]
    measures: tuple[Measure, ...]
    values: Mapping[Phrase, tuple[str, ...]]
    names: Mapping[Phrase, tuple[str, ...]]
    people: frozenset[Phrase]
    things: frozenset[Phrase]


@cache
def wordlists() -> Wordlists:
    """The words of all languages."""
    folder = resources.files("llm4rec.writers.asking") / "words"
    trees = [tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8")) for name in LANGUAGES]
    cues = [(words, tag) for tag in TAGS for tree in trees for words in _raw(tree["cues"].get(tag, ""))]
    bounds = sorted({key for tree in trees for key in tree["bounds"]})
    return Wordlists(
        cues=Phrases(cues),
        bounds={
            key: Phrases((words, True) for tree in trees for words in _raw(tree["bounds"].get(key, "")))
            for key in bounds
        },
        numbers=Phrases(_pairs(trees, "words")),
        ordinals=Phrases(_pairs(trees, "ordinals")),
        decades=Phrases(_pairs(trees, "decades")),
        measures=tuple(_measure(name, trees) for name in trees[0]["measures"]),
        values=_meant(trees, "values"),
        names=_meant(trees, "names"),
        people=frozenset(words for tree in trees for words in _stemmed(tree["people"]["columns"])),
        things=frozenset(words for tree in trees for words in _stemmed(tree["cues"].get("thing", ""))),
    )


def _meant(trees: Sequence[Mapping[str, Any]], key: str) -> dict[Phrase, tuple[str, ...]]:
    """Other words for values, or for names of people, and what each stands for."""
    return {
        phrase(words): tuple(part.strip() for part in told.split(","))
        for tree in trees
        for words, told in tree.get(key, {}).items()
    }


def _parts(listed: str) -> list[str]:
    return [" ".join(part.split()) for part in listed.split(",") if part.strip()]


def _raw(listed: str) -> list[Phrase]:
    """Phrases as they stand, signs kept."""
    return [tuple(token.word for token in tokens(cleaned(part)[0])) for part in _parts(listed)]


def _stemmed(listed: str) -> list[Phrase]:
    return [phrase(part) for part in _parts(listed)]


def _numbered(listed: str) -> list[tuple[Phrase, float]]:
    """ "page 1, hours 60" as phrases and numbers."""
    pairs = [part.rpartition(" ") for part in _parts(listed)]
    return [(tuple(t.word for t in tokens(cleaned(words)[0])), float(number)) for words, _, number in pairs]


def _pairs(trees: Sequence[Mapping[str, Any]], key: str) -> list[tuple[Phrase, float]]:
    return [pair for tree in trees for pair in _numbered(tree["numbers"].get(key, ""))]


def _measure(name: str, trees: Sequence[Mapping[str, Any]]) -> Measure:
    told = [tree["measures"].get(name, {}) for tree in trees]

    def listed(key: str, value: bool) -> list[tuple[Phrase, bool]]:
        return [(words, value) for tree in told for words in _raw(tree.get(key, ""))]

    return Measure(
        name=name,
        columns=frozenset(words for tree in told for words in _stemmed(tree.get("columns", ""))),
        units=Phrases(pair for tree in told for pair in _numbered(tree.get("units", ""))),
        names=Phrases(listed("names", True)),
        compares=Phrases([*listed("more", True), *listed("less", False)]),
        leans=Phrases([*listed("high", True), *listed("low", False)]),
    )
