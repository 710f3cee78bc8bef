"""Why an item is recommended: checked facts and the words they were put into. Finds no facts and writes no words."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

from llm4rec.core.vocabulary import Id

EvidenceKind = Literal[
    "history",
    "attribute",
    "review",
    "own words",
    "context",
    "new",
    "near",
    "popular",
    "unknown",
    "without",
    "place",
    "field",
    "text",
    "mentions",
    "sibling",
]


@dataclass(frozen=True)
class Evidence:
    """One fact that was checked before it was said. What a field holds depends on the kind; others stay empty.

    - history: `items` (one) of the history, with `titles`; `name` is the kind of event, `value` its stars where there
      are any; `drop` is what the score of the item loses when this one is taken out of the history and everything is
      scored anew, `share` its part of all such losses that were found.
    - attribute: column `name` has `value` for the item and for `items` of the history, `count` of `total` liked ones.
    - review, own words: `value` is quoted word for word from a text about `items`; `rows` of the interactions.
    - context: the score loses `drop` where the request does not say that `name` is `value`; `name` "wishes"
      stands for what the asker wants more or less of.
    - new: nobody has taken it. near: its text shares `words` with that of `items`; `share` is their cosine.
    - popular: `count` of `total` people have taken it. unknown: nothing is known of who asks.
    - place: it was asked about and stands at place `count`, not among the first `total`.
    - without: where `items` are taken out of the history, it is not among the first `count`.
    - field: column `name` says `value` of the item (descriptions). text: `value` stands in its column `name`, word for word.
    - mentions: `count` people use each of `words` in what they wrote of it, in `rows`.
    - sibling: `items` have the same `value` in column `name` as it.
    """

    kind: EvidenceKind
    items: tuple[Id, ...] = ()
    titles: tuple[str, ...] = ()
    name: str = ""
    value: str = ""
    words: tuple[str, ...] = ()
    count: int | None = None
    total: int | None = None
    share: float | None = None
    drop: float | None = None
    rows: tuple[int, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """What is known, as plain values."""
        return _told(self)


@dataclass(frozen=True)
class Explanation:
    """Why one item is recommended, in words and as evidence. Every claim of the words rests on one of the evidence.

    `place` is its place among all that may be shown, from 1. `drop` is what its score loses when all history items of
    the evidence are taken out together. `rephrased` says that a language model put the words, and a checker let them
    pass; `notes` say what could not be done as asked.
    """

    item: Id
    title: str
    text: str
    evidence: tuple[Evidence, ...]
    language: str = "en"
    place: int = 0
    drop: float = 0.0
    rephrased: bool = False
    notes: tuple[str, ...] = ()

    def of_kind(self, *kinds: EvidenceKind) -> tuple[Evidence, ...]:
        """The evidence of some kinds, in order."""
        return tuple(e for e in self.evidence if e.kind in kinds)

    def as_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {**_told(self), "evidence": [e.as_json() for e in self.evidence]}


def _told(value: Any) -> dict[str, Any]:
    """Fields that hold something, tuples as lists."""
    found = {f.name: getattr(value, f.name) for f in fields(value)}
    return {k: list(v) if isinstance(v, tuple) else v for k, v in found.items() if v not in (None, (), "")}
