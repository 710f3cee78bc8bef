"""In which circumstances events happen and questions are asked: categories by name. Knows nothing of items and users."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from llm4rec.core.arrays import Numbers

Words: TypeAlias = tuple[str, ...]
WHOLE = re.compile(r"([+-]?[0-9]+)\.0+")


def context_word(value: object) -> str:
    """A value of a context as the one word it counts by; empty where nothing is told.

    Text without blanks around it; true and false, whole numbers and "2.0" as they are written by hand, so that a
    table, a request and a command line mean the same.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    word = str(value).strip()
    if word.lower() in ("true", "false"):
        return word.lower()
    whole = WHOLE.fullmatch(word)
    return whole[1] if whole else word


@dataclass(frozen=True, eq=False)
class EventContexts:
    """Columns of context (place, device, occasion ...), one row an event.

    `codes` (events, columns): code c > 0 in column j is the word values[j][c - 1]; 0 is not told. Columns and words are
    matched by name wherever contexts of different origin meet.
    """

    names: Words
    values: tuple[Words, ...]
    codes: Numbers

    def __post_init__(self) -> None:
        if len(self.names) != len(self.values) or self.codes.shape[1:] != (len(self.names),):
            raise ValueError(
                f"{len(self.names)} names, {len(self.values)} lists of values and codes of shape {self.codes.shape}"
            )

    def __len__(self) -> int:
        return len(self.codes)

    @classmethod
    def of(cls, columns: Mapping[str, Sequence[object]]) -> Self:
        """Contexts from plain values, a sequence a column; None, NaN and blanks are not told."""
        words = {name: [context_word(value) for value in values] for name, values in columns.items()}
        values = tuple(tuple(sorted(set(column) - {""})) for column in words.values())
        coded = [_coded(column, known) for column, known in zip(words.values(), values, strict=True)]
        rows = len(coded[0]) if coded else 0
        codes = np.column_stack(coded) if coded else np.zeros((rows, 0), dtype=np.int64)
        return cls(tuple(words), values, codes)

    @classmethod
    def joined(cls, parts: Sequence[EventContexts | None], lengths: Sequence[int]) -> EventContexts | None:
        """All rows, one part behind the other; a part without contexts is so many rows of nothing told.

        Words keep the codes of the first part that has the column; None where no part has contexts.
        """
        kinds = {(id(p.names), id(p.values)): p for p in parts if p is not None}
        if not kinds:
            return None
        names = tuple(dict.fromkeys(name for part in kinds.values() for name in part.names))
        values = tuple(
            tuple(dict.fromkeys(word for part in kinds.values() for word in part.words(name)))
            for name in names
        )
        if len(kinds) == 1:
            names, values = next((p.names, p.values) for p in kinds.values())
        maps = {key: part._maps(names, values) for key, part in kinds.items()}
        rows = [
            np.zeros((length, len(names)), dtype=np.int64)
            if part is None
            else _mapped(part.codes, maps[id(part.names), id(part.values)])
            for part, length in zip(parts, lengths, strict=True)
        ]
        return cls(names, values, np.concatenate(rows))

    def words(self, name: str) -> Words:
        """The words of a column in the order of their codes; none for a column that is not there."""
        return self.values[self.names.index(name)] if name in self.names else ()

    def take(self, rows: Any) -> Self:
        """The rows asked for, in that order."""
        return replace(self, codes=self.codes[rows])

    def told(self, row: int) -> dict[str, str]:
        """What is told of one event, as a request would say it."""
        codes = self.codes[row].tolist()
        return {
            name: words[code - 1]
            for name, words, code in zip(self.names, self.values, codes, strict=True)
            if code
        }

    def column(self, name: str) -> NDArray[np.object_]:
        """Words of a column, None where it is not told."""
        words = np.array([None, *self.words(name)], dtype=object)
        found: NDArray[np.object_] = words[self.codes[:, self.names.index(name)]]
        return found

    def coded(self, known: Mapping[str, Words]) -> Numbers:
        """(events, columns of `known`): the same with the codes of other lists of words; what they lack is 0."""
        return _mapped(self.codes, self._maps(tuple(known), tuple(known.values())))

    def _maps(self, names: Words, values: Sequence[Words]) -> list[tuple[int, Numbers]]:
        """For each column of `names`: which of ours it is (-1: none), and the new code of each of our codes."""
        return [
            (
                self.names.index(name) if name in self.names else -1,
                np.concatenate([[0], _coded(self.words(name), words)]).astype(np.int64),
            )
            for name, words in zip(names, values, strict=True)
        ]


def asked_codes(contexts: Sequence[Mapping[str, object]], known: Mapping[str, Words]) -> Numbers:
    """(requests, columns of `known`) codes of the contexts that requests are asked in; 0: not told or not known."""
    codes = np.zeros((len(contexts), len(known)), dtype=np.int64)
    for column, (name, words) in enumerate(known.items()):
        codes[:, column] = _coded([context_word(context.get(name)) for context in contexts], words)
    return codes


def _coded(words: Sequence[str], known: Sequence[str]) -> Numbers:
    places = {word: place + 1 for place, word in enumerate(known)}
    return np.array([places.get(word, 0) for word in words], dtype=np.int64)


def _mapped(codes: Numbers, maps: Sequence[tuple[int, Numbers]]) -> Numbers:
    found = np.zeros((len(codes), len(maps)), dtype=np.int64)
    for column, (ours, new) in enumerate(maps):
        if ours >= 0:
            found[:, column] = new[codes[:, ours]]
    return found
