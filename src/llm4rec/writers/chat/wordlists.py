"""The words of conversations, one file a language: what acts sound like, what can be asked of items, what is said."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from llm4rec.core.texts import Phrase, cleaned, phrase, tokens
from llm4rec.writers.asking.wordlists import LANGUAGES, Phrases

ACTS = (
    "undo",
    "over",
    "memory",
    "why",
    "taken",
    "whatever",
    "refuse",
    "others",
    "greet",
    "thanks",
    "bye",
    "yes",
)
"""What a message, or the beginning of one, can do. A phrase that stands in several lists is the first of these."""
GAP = r"((?: \S+){0,12}?) "
MARKS = (
    "question",
    "seeking",
    "it",
    "last",
    "first",
    "behind",
    "whether",
    "empty",
    "aside",
    "telling",
    "insisting",
    "comparing",
)


@dataclass(frozen=True)
class Field:
    """Something that can be asked of an item: patterns over the words of a question, and where the answer stands."""

    name: str
    asks: re.Pattern[str]
    columns: tuple[Phrase, ...]
    measures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Talk:
    """All words of conversations, of all languages: scripts differ, so that they do not meet."""

    acts: Phrases[str]
    marks: Mapping[str, Phrases[bool]]
    fields: tuple[Field, ...]


def raw(listed: str) -> list[Phrase]:
    """Phrases parted by commas, as they stand."""
    parts = [" ".join(part.split()) for part in listed.split(",") if part.strip()]
    return [tuple(token.word for token in tokens(cleaned(part)[0])) for part in parts]


@cache
def tree(language: str) -> Mapping[str, Any]:
    """The file of a language; English where it has none."""
    folder = resources.files("llm4rec.writers.chat") / "words"
    name = language if language in LANGUAGES else LANGUAGES[0]
    return tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def talk() -> Talk:
    """The words of all languages."""
    trees = [tree(name) for name in LANGUAGES]
    return Talk(
        acts=Phrases((words, act) for act in ACTS for t in trees for words in raw(t["acts"].get(act, ""))),
        marks={
            mark: Phrases((words, True) for t in trees for words in raw(t["marks"].get(mark, "")))
            for mark in MARKS
        },
        fields=tuple(
            _field(name, [t["fields"].get(name, {}) for t in trees])
            for name in dict.fromkeys(name for t in trees for name in t["fields"])
        ),
    )


def _field(name: str, told: Sequence[Mapping[str, str]]) -> Field:
    asks = [ask for part in told for ask in part.get("asks", "").split(",") if ask.strip()]
    patterns = sorted((_pattern(ask) for ask in asks), key=len, reverse=True)
    columns = [c for part in told for c in part.get("columns", "").split(",") if c.strip()]
    measures = [m for part in told for m in part.get("measure", "").split()]
    return Field(
        name,
        re.compile("|".join(patterns)),
        tuple(phrase(c) for c in columns),
        tuple(dict.fromkeys(measures)),
    )


def _pattern(ask: str) -> str:
    """A pattern over words parted by single spaces; ".." is up to twelve words."""
    parts = [" ".join(re.escape(token.word) for token in tokens(part.strip())) for part in ask.split("..")]
    return rf"(?<!\S){GAP.join(parts)}(?!\S)"


def say(language: str, key: str, **values: object) -> str:
    """One sentence of a language."""
    return str(tree(language)["said"][key]).format(**values)
