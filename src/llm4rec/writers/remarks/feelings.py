"""How kind a text is, clause by clause, and what it is kind about. Knows no items and no lists.

By a small lexicon with negation, degree and contrast (the rules of thumb of Hutto and Gilbert 2014, VADER, in our own
words), or by a head that was trained for it where there is one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from llm4rec.core import Floats
from llm4rec.core.texts import Phrase, Token, cleaned, tokens
from llm4rec.writers.asking.wordlists import Phrases
from llm4rec.writers.remarks.wordlists import raw, trees, wordlists

Head: TypeAlias = Callable[[Sequence[str]], Floats]
"""Texts to how kind each is, (n,) from -1 to 1: a trained head, given by the engine."""

MOST = 20_000
"""So many characters of a text are read."""
REACH = 3
"""So many words before a word of feeling may turn or change it."""
TURNED, STRONGER, WEAKER = -0.6, 1.4, 0.6
"""What "not", "very" and "a bit" make of the feeling behind them."""
BEFORE_BUT = 0.4
"""What is before "but" counts less than what is behind it."""
SOFTENING = 0.5
"""Feelings f of a clause become f / sqrt(f^2 + SOFTENING): one kind word says most of it."""
VALENCES = {"best": 1.0, "good": 0.6, "mild_good": 0.25, "mild_bad": -0.3, "bad": -0.6, "worst": -1.0}
ENDS = re.compile(r"(?<=[.!?。!?;;])\s*|\n+")


@dataclass(frozen=True)
class Clause:
    """A part of a text: where it stands in the text as it was cleaned, how kind it is (-1 to 1), and the aspects that it speaks of."""

    text: str
    start: int
    end: int
    feeling: float
    aspects: tuple[str, ...] = ()


class Feelings:
    """How kind texts are: `feelings(text)` from -1 to 1, 0 where nothing is felt. A `head` goes before the lexicon."""

    def __init__(self, head: Head | None = None) -> None:
        self.head = head

    def __call__(self, text: str) -> float:
        """How kind a text is as a whole."""
        return float(self.many([text])[0])

    def many(self, texts: Sequence[str]) -> Floats:
        """(n,) how kind each text is; an empty one is 0."""
        if self.head is not None:
            said = np.asarray(self.head([text[:MOST] for text in texts]), dtype=np.float32)
            empty = np.array([not text.strip() for text in texts], dtype=bool)
            return np.where(empty, np.float32(0.0), np.clip(np.nan_to_num(said, nan=0.0), -1.0, 1.0))
        return np.array([_whole(self.clauses(text)) for text in texts], dtype=np.float32)

    def clauses(self, text: str) -> list[Clause]:
        """The clauses of a text in order, each with its feeling and what it speaks of.

        Sentences are parted at words of contrast, and what stands before one counts less in the whole. A head judges
        clauses too, where there is one.
        """
        clean, _ = cleaned(text, MOST)
        found = [clause for start, end in _sentences(clean) for clause in _parted(clean, start, end)]
        if self.head is None or not found:
            return found
        said = np.clip(np.nan_to_num(self.head([clause.text for clause in found]), nan=0.0), -1.0, 1.0)
        return [
            Clause(c.text, c.start, c.end, float(feeling), c.aspects)
            for c, feeling in zip(found, said, strict=True)
        ]

    def about(self, text: str) -> dict[str, float]:
        """The mean feeling of the clauses that speak of each aspect; an aspect nobody feels anything about is left out."""
        told: dict[str, list[float]] = {}
        for clause in self.clauses(text):
            for aspect in clause.aspects:
                if clause.feeling:
                    told.setdefault(aspect, []).append(clause.feeling)
        return {aspect: float(np.mean(values)) for aspect, values in told.items()}


@dataclass(frozen=True)
class _Words:
    valences: Phrases[float]
    turning: Phrases[bool]
    degrees: Phrases[float]
    subjects: Phrases[str]


@cache
def _words() -> _Words:
    told = [tree["feelings"] for tree in trees()]
    return _Words(
        Phrases((w, v) for name, v in VALENCES.items() for tree in told for w in raw(tree[name])),
        Phrases(
            [
                *((w, False) for tree in told for w in raw(tree["not_turning"])),
                *((w, True) for tree in told for w in raw(tree["not"])),
            ]
        ),
        Phrases(
            [
                *((w, STRONGER) for tree in told for w in raw(tree["stronger"])),
                *((w, WEAKER) for tree in told for w in raw(tree["weaker"])),
            ]
        ),
        Phrases(
            (w, name) for tree in trees() for name, listed in tree["speaks_of"].items() for w in raw(listed)
        ),
    )


def listed_words() -> list[Phrase]:
    """All phrases of feeling, and those that turn or change them."""
    listed = _words()
    return [*listed.valences, *listed.turning, *listed.degrees]


def is_felt(words: Sequence[str], at: int) -> int:
    """Where a phrase of feeling that begins at a word ends; `at` where none does."""
    found = _words().valences.longest(words, at)
    return at if found is None else found[0]


def feeling_of(words: Sequence[str]) -> float:
    """How kind the words of one clause are, from -1 to 1."""
    listed, at, total = _words(), 0, 0.0
    turned_to, turned_by, degree, degree_to = -1, 1.0, 1.0, -1
    while at < len(words):
        felt = listed.valences.longest(words, at)
        turn = listed.turning.longest(words, at)
        strength = listed.degrees.longest(words, at)
        ends = [found[0] if found else at for found in (felt, turn, strength)]
        end = max(ends)
        if end == at:
            at += 1
        elif felt and ends[0] == end:
            value = felt[1] * (degree if at <= degree_to else 1.0)
            total += value * (turned_by if at <= turned_to else 1.0)
            turned_to, at = (-1 if at <= turned_to else turned_to), end
        elif turn and ends[1] == end:
            if turn[1]:
                turned_to, turned_by = end + REACH, TURNED
            at = end
        else:
            assert strength is not None
            degree, degree_to, at = strength[1], end + REACH - 1, end
    return total / math.sqrt(total * total + SOFTENING) if total else 0.0


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    for match in ENDS.finditer(text):
        if match.start() > at:
            yield at, match.start()
        at = match.end()
    if at < len(text):
        yield at, len(text)


def _parted(text: str, start: int, end: int) -> list[Clause]:
    """The clauses of a sentence: parted at words of contrast; the first weighs less where one follows."""
    parts = tokens(text[start:end])
    cuts = [place for place in range(1, len(parts)) if _is_contrast(parts, place)]
    bounds = [0, *cuts, len(parts)]
    found = []
    for first, last in pairwise(bounds):
        if last > first:
            found.append(_clause(text, start, parts[first:last], last < len(parts)))
    return found


def _is_contrast(parts: Sequence[Token], place: int) -> bool:
    for words in wordlists().contrast:
        if tuple(part.word for part in parts[place : place + len(words)]) == words:
            behind = parts[place - 1].word
            # "Nothing but praise", "anything but dull": no contrast of two clauses.
            return behind not in ("nothing", "anything", "none", "all", "last")
    return False


def _clause(text: str, offset: int, parts: Sequence[Token], followed: bool) -> Clause:
    words = [part.word for part in parts]
    start, end = offset + parts[0].start, offset + parts[-1].end
    feeling = feeling_of(words) * (BEFORE_BUT if followed else 1.0)
    subjects = dict.fromkeys(
        found[1] for at in range(len(words)) if (found := _words().subjects.longest(words, at))
    )
    return Clause(text[start:end], start, end, feeling, tuple(subjects))


def _whole(clauses: Sequence[Clause]) -> float:
    """The mean of what is felt in clauses; those that feel nothing do not count."""
    felt = [clause.feeling for clause in clauses if clause.feeling]
    return float(np.mean(felt)) if felt else 0.0
