"""Words as they were meant: typing mistakes and kin of values ("philosophers") are set right before a remark is read.

Knows no grammar: only which words there are.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

from llm4rec.core.texts import Phrase, Token, near, stem
from llm4rec.writers.asking.lexicon import Lexicon
from llm4rec.writers.asking.wordlists import Phrases
from llm4rec.writers.asking.wordlists import wordlists as asking_words
from llm4rec.writers.remarks.feelings import listed_words
from llm4rec.writers.remarks.wordlists import wordlists

APOSTROPHES = (
    "don't doesn't didn't isn't aren't wasn't weren't can't couldn't wouldn't shouldn't won't hasn't "
    "haven't hadn't ain't i've we've i'm that's they're what's where's there's let's he's she's you've "
    "you're everything's who's how's they've could've should've mustn't needn't y'all i'd've here's"
)
SPELT = {bare.replace("'", ""): bare for bare in APOSTROPHES.split()} | {
    "pls": "please",
    "plss": "please",
    "pleez": "please",
    "plz": "please",
    "thx": "thanks",
    "wanna": "want",
    "gimme": "give",
    "luv": "love",
    "u": "you",
}
"""Words that are often typed without their apostrophe, or short."""
STRETCHED = re.compile(r"([a-z])\1{2,}")
LEAST = 5
"""A shorter word has too many others near it."""
ENDINGS = frozenset(
    [
        "er",
        "ers",
        "ic",
        "ics",
        "ical",
        "ian",
        "ians",
        "ist",
        "ists",
        "ous",
        "ious",
        "y",
        "ish",
        "ed",
        "ing",
        "ies",
        "esque",
        "al",
        "als",
        "tic",
        "tical",
        "tist",
        "tists",
        "tific",
        "ler",
        "lers",
        "led",
        "ling",
    ]
)
"""What may stand behind the beginning that a word shares with a value."""
_MADE: WeakKeyDictionary[Phrases[Any], Spelling] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Spelling:
    """The words that a remark can be made of (`right`), those that mistakes are read as, and single words of values."""

    right: frozenset[str]
    targets: dict[str, list[str]]  # by first letter, those of values first
    values: tuple[str, ...]

    def meant(self, word: str) -> str | None:
        """The word that one means that is none itself; None where it is one, or nothing is near enough."""
        if not word.isascii() or not word.isalpha():
            return None
        short = self._shortened(word)
        if short is not None or len(word) < LEAST:
            return short
        kin = self._kin(word)
        if kin is not None or word in self.right or stem(word) in self.right:
            return kin
        if any(word.removesuffix(end) in self.right for end in ("ly", "ing", "ed", "er", "est")):
            return None
        most = 1 if len(word) < 9 else 2
        for reach in range(1, most + 1):
            for known in self.targets.get(word[0], []):
                if near(known, word, reach) or near(known, stem(word), reach):
                    return known
        return None

    def _shortened(self, word: str) -> str | None:
        """ "Sooo" is so and "looong" long: letters that stand three times or more are one or two of a word there is."""
        if word in self.right or STRETCHED.search(word) is None:
            return None
        for kept in (r"\1", r"\1\1"):
            short = STRETCHED.sub(kept, word)
            if short in SPELT or short in self.right:
                return SPELT.get(short, short)
        return None

    def _kin(self, word: str) -> str | None:
        """The value that a word is made of: "historian" of history. Words of the lists stand for themselves."""
        if word in grammar() or stem(word) in grammar() or stem(word) in self.values:
            return None
        for value in self.values:
            shared = next((at for at, (a, b) in enumerate(zip(value, word, strict=False)) if a != b), None)
            shared = min(len(value), len(word)) if shared is None else shared
            if shared >= max(LEAST, len(value) - 2) and word[shared:] in ENDINGS:
                return value
        return None


def righted(parts: Sequence[Token], lexicon: Lexicon) -> tuple[list[Token], list[tuple[str, str]]]:
    """The tokens with words set right, and those that were: what was written, and what it was read as."""
    spelling = spelling_of(lexicon)
    kept, changed = [], []
    for part in _initials(parts):
        word = SPELT.get(part.word, part.word)
        meant = spelling.meant(word)
        if meant is not None:
            changed.append((word, meant))
        kept.append(replace(part, word=meant or word))
    return kept, changed


def _initials(parts: Sequence[Token]) -> Iterator[Token]:
    """Without the dots of "H.G. Wells", which end no sentence."""
    for place, part in enumerate(parts):
        letter = place > 0 and len(parts[place - 1].word) == 1 and parts[place - 1].capital
        if not (part.word == "." and letter and place + 1 < len(parts) and parts[place + 1].capital):
            yield part


def spelling_of(lexicon: Lexicon) -> Spelling:
    """The words of a catalog, made once."""
    if lexicon.values not in _MADE:
        _MADE[lexicon.values] = _made(lexicon)
    return _MADE[lexicon.values]


def _made(lexicon: Lexicon) -> Spelling:
    told = [key for key, pairs in lexicon.values.entries.items() if not _people(lexicon, pairs)]
    values = _words(told)
    names = _words(lexicon.surnames)
    first = [word for word in sorted(values) if len(word) >= LEAST - 1]
    others = sorted(word for word in (_told() | names) - values if len(word) >= LEAST)
    targets: dict[str, list[str]] = defaultdict(list)
    for word in [*first, *others]:
        targets[word[0]].append(word)
    titles = _words(lexicon.titles.exact)
    single = tuple(sorted(key[0] for key in told if len(key) == 1 and len(key[0]) >= LEAST))
    return Spelling(lexicon.known | grammar() | values | names | titles, dict(targets), single)


def _people(lexicon: Lexicon, pairs: Iterable[tuple[str, str]]) -> bool:
    return all(column in lexicon.people for column, _ in pairs)


def _words(phrases: Iterable[Phrase]) -> frozenset[str]:
    return frozenset(word for phrase in phrases for word in phrase if word.isascii() and word.isalpha())


@cache
def _told() -> frozenset[str]:
    """The words of aspects and comparisons: of all lists those in which a mistake is worth setting right."""
    lists: list[Iterable[Phrase]] = [wordlists().aspects]
    lists += [kept for m in asking_words().measures for kept in (m.compares, m.leans)]
    return _words(phrase for phrases in lists for phrase in phrases)


@cache
def grammar() -> frozenset[str]:
    """All words of the lists of requests, remarks and feelings."""
    own, asked = wordlists(), asking_words()
    lists: list[Iterable[Phrase]] = [own.cues, own.aspects, own.traits, own.empty, own.contrast, asked.cues]
    lists += [*own.places.values(), *asked.bounds.values(), asked.numbers, asked.ordinals, asked.decades]
    for measure in asked.measures:
        lists += [measure.units, measure.names, measure.compares, measure.leans]
    return _words(phrase for phrases in lists for phrase in phrases) | _words(listed_words())
