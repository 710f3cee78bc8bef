"""What the data of an item says, field by field, quoted. Guesses nothing: what is not there is not known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from llm4rec.core import Catalog, Column, ColumnType, Id
from llm4rec.core.texts import cleaned, folded, phrase, tokens
from llm4rec.writers.asking.lexicon import Lexicon
from llm4rec.writers.asking.readings import Pair
from llm4rec.writers.chat.wordlists import Field

LONGEST = 300
"""So many characters of a text are quoted, up to the end of a sentence where there is one."""
HIDDEN = frozenset({"title", "image", "audio"})


@dataclass(frozen=True)
class Fact:
    """What one column says of one item, as it stands there."""

    item: Id
    title: str
    column: str
    value: str


def columns_of(field: Field, lexicon: Lexicon, catalog: Catalog) -> list[str]:
    """The columns of a catalog where the answer to a kind of question may stand, best first."""
    named = [c for wanted in field.columns for c in catalog.columns if phrase(c.replace("_", " ")) == wanted]
    measured = [lexicon.measures[m] for m in field.measures if m in lexicon.measures]
    return list(dict.fromkeys([*measured, *named]))


def column_named(words: Sequence[str], catalog: Catalog) -> str:
    """The column that words call by its name; "" where none. The longest name counts."""
    said = phrase(" ".join(words))
    names = [(phrase(c.replace("_", " ")), c) for c in catalog.columns if c not in HIDDEN]
    found = [
        (len(name), column)
        for name, column in names
        if name and any(said[at : at + len(name)] == name for at in range(len(said)))
    ]
    return max(found)[1] if found else ""


def fact(catalog: Catalog, number: int, columns: Sequence[str]) -> Fact | None:
    """What the first of some columns that holds anything says of an item; None where none does."""
    for name in columns:
        value = _value(catalog.columns[name], number)
        if value:
            return Fact(catalog.ids.ids[number], catalog.titles[number], name, value)
    return None


def _value(column: Column, number: int) -> str:
    held: Any = column.values[number]
    if column.type is ColumnType.NUMBER:
        return f"{float(held):g}" if np.isfinite(held) else ""
    if column.type is ColumnType.TIME:
        if not np.isfinite(held):
            return ""
        return datetime.fromtimestamp(float(held), UTC).date().isoformat()
    if isinstance(held, tuple):
        return ", ".join(held)
    if not isinstance(held, str):
        return ""
    return _cut(cleaned(held, 20 * LONGEST)[0])


def _cut(text: str) -> str:
    """The text up to the last sentence that ends within the bound, else up to the bound."""
    if len(text) <= LONGEST:
        return text
    ends = [match.end() for match in re.finditer(r"[.!?。！？](?=\s|$|[^\s.])", text[:LONGEST])]
    return text[: ends[-1]] if ends and ends[-1] > LONGEST // 3 else f"{text[: LONGEST - 1]}…"


def values_said(words: Sequence[str], lexicon: Lexicon) -> list[Pair]:
    """Values of the catalog that words name."""
    found: dict[Pair, None] = {}
    at = 0
    while at < len(words):
        part = lexicon.values.longest(words, at)
        if part is not None:
            found |= dict.fromkeys(part[1])
        at = part[0] if part is not None else at + 1
    return list(found)


def has(catalog: Catalog, number: int, pairs: Sequence[Pair]) -> tuple[bool, Fact | None]:
    """Whether an item has one of some values, and what its column says; no fact where the column is empty there."""
    said = None
    for column in dict.fromkeys(column for column, _ in pairs):
        held = fact(catalog, number, [column])
        value = catalog.columns[column].values[number]
        own = (
            set(value) if isinstance(value, tuple) else {part.strip() for part in str(value or "").split(",")}
        )
        if held is not None and own & {v for c, v in pairs if c == column}:
            return True, held
        said = said or held
    return False, said


def sentence_with(catalog: Catalog, number: int, words: Sequence[str]) -> Fact | None:
    """The first sentence of an item's texts that has one of some words; None where none has."""
    wanted = {word for word in words if len(word) > 3 or ord(word[0]) > 0x2E7F}
    for name, sentence in _sentences(catalog, number):
        if wanted & {part.word for part in tokens(folded(sentence))}:
            return Fact(catalog.ids.ids[number], catalog.titles[number], name, _cut(sentence))
    return None


def _sentences(catalog: Catalog, number: int) -> Iterator[tuple[str, str]]:
    for name, column in catalog.columns.items():
        if column.type is ColumnType.TEXT and name not in HIDDEN:
            text = cleaned(str(column.values[number] or ""), 20 * LONGEST)[0]
            for sentence in re.split(r"(?<=[.!?。！？])\s*", text):
                yield name, sentence
