"""The words of remarks and of feelings, read from one file a language and put together. Knows no catalog."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from llm4rec.core.texts import Phrase, cleaned, tokens
from llm4rec.writers.asking.wordlists import LANGUAGES, Phrases

TAGS = (
    "undo",
    "restart",
    "others",
    "known",
    "too",
    "more",
    "less",
    "enough",
    "refused",
    "resembles",
    "these",
    "it",
    "already",
    "looks",
    *("not", "hate", "neutral", "positive", "like", "fill"),
)
"""What a cue of a remark can be; the last six are as in requests. A phrase that stands in several lists is the first of these."""


PLACES = ("first", "last", "ordinal", "number", "behind", "not_behind", "alone", "count")


@dataclass(frozen=True)
class Aspect:
    """What items can be more or less of without an attribute that says so: values that carry it and that speak against."""

    name: str
    values: tuple[str, ...]
    against: tuple[str, ...]
    also: tuple[str, ...] = ()  # values wished for beside them: a romantic comedy is both


@dataclass(frozen=True)
class Trait:
    """An attribute that people name by a noun, "this author", and the columns it may stand in, best first."""

    columns: tuple[str, ...]


@dataclass(frozen=True)
class Wordlists:
    """All words of remarks, of all languages: scripts differ, so that they do not meet."""

    cues: Phrases[str]
    aspects: Phrases[tuple[Aspect, bool | None]]  # more: true, less: false, the thing itself: None
    named: Mapping[str, Aspect]
    traits: Phrases[Trait]
    asking: Phrases[Trait]  # "who wrote"
    pointing: Phrases[bool]
    resembling: frozenset[Phrase]
    mild: frozenset[str]
    empty: Phrases[bool]
    faint: frozenset[Phrase]
    contrast: frozenset[Phrase]
    places: Mapping[str, Phrases[float]]


def raw(listed: str) -> list[Phrase]:
    """Phrases parted by commas, as they stand."""
    parts = [" ".join(part.split()) for part in listed.split(",") if part.strip()]
    return [tuple(token.word for token in tokens(cleaned(part)[0])) for part in parts]


def names(listed: str) -> tuple[str, ...]:
    """Names parted by commas."""
    return tuple(" ".join(part.split()) for part in listed.split(",") if part.strip())


@cache
def trees() -> tuple[Mapping[str, Any], ...]:
    """The file of each language."""
    folder = resources.files("llm4rec.writers.remarks") / "words"
    return tuple(tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8")) for name in LANGUAGES)


@cache
def wordlists() -> Wordlists:
    """The words of all languages."""
    told = trees()
    return Wordlists(
        cues=Phrases((w, tag) for tag in TAGS for t in told for w in raw(t["cues"].get(tag, ""))),
        aspects=Phrases(_aspects()),
        named=_named(),
        traits=Phrases(_traits("words")),
        asking=Phrases(_traits("who")),
        pointing=_yes("pointing"),
        resembling=frozenset(w for t in told for w in raw(t["cues"]["resembling"])),
        mild=frozenset(w[0] for t in told for w in raw(t["cues"]["mild"])),
        empty=_yes("empty"),
        faint=frozenset(w for t in told for w in raw(t["cues"].get("faint", ""))),
        contrast=frozenset(w for t in told for w in raw(t["cues"]["contrast"])),
        places={key: _places(key) for key in PLACES},
    )


def _yes(key: str) -> Phrases[bool]:
    return Phrases((words, True) for tree in trees() for words in raw(tree["cues"].get(key, "")))


def _places(key: str) -> Phrases[float]:
    return Phrases((words, 1.0) for tree in trees() for words in raw(tree["places"].get(key, "")))


def _named() -> dict[str, Aspect]:
    return {
        name: Aspect(name, names(told["values"]), names(told.get("against", "")), names(told.get("also", "")))
        for name, told in trees()[0]["aspects"].items()
    }


def _aspects() -> list[tuple[Phrase, tuple[Aspect, bool | None]]]:
    values = _named()
    return [
        (words, (values[name], meant))
        for tree in trees()
        for name, told in tree["aspects"].items()
        for key, meant in (("more", True), ("less", False), ("words", None))
        for words in raw(told.get(key, ""))
    ]


def _traits(key: str) -> list[tuple[Phrase, Trait]]:
    columns = {name: Trait(names(told["columns"])) for name, told in trees()[0]["traits"].items()}
    return [
        (words, columns[name])
        for tree in trees()
        for name, told in tree["traits"].items()
        for words in raw(told.get(key, ""))
    ]
