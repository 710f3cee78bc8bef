"""The words of a text and where they stand, so that they can be changed with all between them kept. No vectors here.

A word is a run of letters and digits, with apostrophes inside. A script that writes without spaces has runs, not words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
GAPS = re.compile(r"\s+")
LOOSE = re.compile(r"\s+([,.;:!?])")

# Losing or moving one of these turns the meaning round. English; give your own for other languages.
NEGATIONS = (
    *("not", "no", "never", "none", "nobody", "nothing", "nor", "neither", "without", "hardly", "cannot"),
    *("don't", "doesn't", "didn't", "won't", "wouldn't", "can't", "couldn't", "shouldn't"),
    *("isn't", "aren't", "wasn't", "weren't", "hasn't", "haven't", "hadn't"),
)


def words_of(text: str) -> list[str]:
    """The words, as written."""
    return WORD.findall(text)


def folded(word: str) -> str:
    """A word as vocabularies keep it: lower case, one kind of apostrophe."""
    return word.lower().replace("’", "'")


def rebuilt(text: str, changes: Mapping[int, str]) -> str:
    """The text with some words, by place, replaced; a word replaced by "" leaves no gap."""
    parts: list[str] = []
    end = 0
    for place, found in enumerate(WORD.finditer(text)):
        if place in changes:
            parts += [text[end : found.start()], changes[place]]
            end = found.end()
    whole = "".join([*parts, text[end:]])
    if "" not in changes.values():
        return whole
    return LOOSE.sub(r"\1", GAPS.sub(" ", whole)).strip()


def movable(words: Sequence[str], keep: frozenset[str]) -> list[int]:
    """Places of the words that may be changed."""
    return [place for place, word in enumerate(words) if folded(word) not in keep]


def overlap(text: str, other: str) -> float:
    """The share of words in common, counted as often as they occur, 0 to 1 (Dice); 1 for two texts without words."""
    first, second = Counter(map(folded, words_of(text))), Counter(map(folded, words_of(other)))
    total = first.total() + second.total()
    return 2.0 * (first & second).total() / total if total else 1.0


def touched(text: str, other: str) -> tuple[int, int]:
    """Words of `text`, and how many of them no longer stand where they stood or stand in another form.

    A deletion moves what is behind it, so words are aligned by the longest matching runs.
    """
    first, second = words_of(text), words_of(other)
    blocks = SequenceMatcher(None, first, second, autojunk=False).get_matching_blocks()
    return len(first), len(first) - sum(block.size for block in blocks)
