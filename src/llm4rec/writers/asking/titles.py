"""Finding items by their titles in running text, misspelt ones too. Knows nothing of grammar."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

from llm4rec.core.texts import Phrase, phrase

ARTICLES = frozenset({"the", "a", "an", "le", "la", "les", "der", "die", "das", "el", "il"})
SURE = 0.86
"""How alike a misspelt title must be: 1 is letter by letter."""
WIDEST = 10
ASIDE = re.compile(r"\s*(?:\([^()]*\)|（[^（）]*）)")
TURNED = re.compile(r"^(.*), (the|a|an|le|la|les|der|die|das|el|il)$", re.IGNORECASE)


def plain_title(title: str) -> str:
    """The title without what stands in brackets, its article in front: "Godfather, The (1972)" is The Godfather."""
    bare = ASIDE.sub("", title).strip() or title
    turned = TURNED.match(bare)
    return f"{turned[2]} {turned[1]}" if turned else bare


def key_of(title: str) -> Phrase:
    """What a title is looked up by: its words without signs, endings and first article."""
    return without_article(phrase(plain_title(title)))


def without_article(words: Phrase) -> Phrase:
    """The words without a first article, unless there is nothing else."""
    return words[1:] if len(words) > 1 and words[0] in ARTICLES else words


class Titles:
    """Titles of a catalog, looked up exactly, by their beginning, or nearly."""

    def __init__(self, titles: Sequence[str]) -> None:
        self.titles = titles
        self.exact: dict[Phrase, list[int]] = {}
        self.openings: dict[Phrase, list[int]] = {}
        self.grams: dict[str, list[int]] = {}
        for number, title in enumerate(titles):
            words = key_of(title)
            if not words:
                continue
            self.exact.setdefault(words, []).append(number)
            for length in range(1, min(len(words), 5)):
                self.openings.setdefault(words[:length], []).append(number)
            for gram in _grams(" ".join(words)):
                self.grams.setdefault(gram, []).append(number)

    def match(self, words: Phrase) -> list[int]:
        """Items of exactly this title; a year behind it chooses among them."""
        words = without_article(words)
        found = self.exact.get(words, [])
        if not found and len(words) > 1 and words[-1].isdigit():
            found = [n for n in self.exact.get(words[:-1], []) if words[-1] in self.titles[n]]
        return found

    def opening(self, words: Phrase, most: int = 12) -> list[int]:
        """Items whose titles begin so, where they are few and the beginning says something: parts of a series."""
        words = without_article(words)
        telling = len(words) > 1 or (len(words) == 1 and len(words[0]) > 7)
        found = self.openings.get(words, []) if telling else []
        return found if 0 < len(found) <= most else []

    def nearly(self, words: Phrase, sure: float = SURE) -> tuple[list[int], float]:
        """Items of the title most like these words, and how alike; none below `sure`."""
        asked = " ".join(without_article(words))
        if len(asked) < 5:
            return [], 0.0
        shared: Counter[int] = Counter()
        for gram in _grams(asked):
            shared.update(self.grams.get(gram, ()))
        best, place = 0.0, -1
        for number, _ in sorted(shared.items(), key=lambda pair: (-pair[1], pair[0]))[:25]:
            known = " ".join(key_of(self.titles[number]))
            ratio = SequenceMatcher(None, asked, known, autojunk=False).ratio()
            if ratio > best:
                best, place = ratio, number
        return (self.exact[key_of(self.titles[place])], best) if best >= sure else ([], best)

    def nearest(self, words: Phrase) -> str:
        """The title most like some words, to be offered; empty where nothing is like them."""
        found, _ = self.nearly(words, 0.7)
        return plain_title(self.titles[found[0]]) if found else ""

    def longest(self, words: Sequence[str], fuzzy: bool) -> tuple[int, list[int]] | None:
        """How many of the words, from the first, name items, and which; longest first, exact before nearly."""
        most = min(WIDEST, len(words))
        parts = [phrase(" ".join(words[:length])) for length in range(most, 0, -1)]
        for part in parts:
            if found := self.match(part):
                return _length(part, parts), found
        if not fuzzy:
            return None
        tried = [(self.nearly(part), part) for part in parts]
        (found, alike), part = max(tried, key=lambda one: one[0][1], default=(([], 0.0), ()))
        if found and alike >= SURE:
            return _length(part, parts), found
        for part in parts:
            if found := self.opening(part):
                return _length(part, parts), found
        return None


def _length(part: Phrase, parts: Sequence[Phrase]) -> int:
    return len(parts) - parts.index(part)


def _grams(text: str) -> set[str]:
    padded = f" {text} "
    return {padded[at : at + 3] for at in range(len(padded) - 2)}
