"""Which language a text is in, by its letters, and its words as retrieval counts them. Knows no grammar."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import pairwise

from llm4rec.core.texts import cleaned, stem, words_in

ENGLISH, CHINESE = "en", "zh"
_SCRIPTS = {
    "LATIN": ENGLISH,
    "CJK": CHINESE,
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "CYRILLIC": "ru",
    "ARABIC": "ar",
    "GREEK": "el",
    "HEBREW": "he",
    "DEVANAGARI": "hi",
    "THAI": "th",
}
ENOUGH = 0.3
"""Share of Chinese characters from which a mixed text is Chinese: one says as much as several Latin letters."""


def scripts(text: str) -> Counter[str]:
    """How many letters of a text are of each script, by the language that stands for it; "other" for the rest."""
    found: Counter[str] = Counter()
    for letter in text:
        if letter.isalpha():
            name = unicodedata.name(letter, "OTHER").partition(" ")[0]
            found[_SCRIPTS.get(name, "other")] += 1
    return found


def language_of(text: str) -> str:
    """The language that the letters of a text speak for; English where there are none.

    Latin letters count as English: which of the languages in them it is, letters do not say. Japanese is told from
    Chinese by its kana.
    """
    found = scripts(text)
    total = sum(found.values())
    if not total:
        return ENGLISH
    if found["ja"] >= 0.1 * total:
        return "ja"
    if found[CHINESE] >= ENOUGH * total:
        return CHINESE
    return min(found, key=lambda name: (-found[name], name))


def is_mixed(text: str) -> bool:
    """Whether both Latin letters and another script are a real part of a text."""
    found = scripts(text)
    total = sum(found.values())
    return bool(total) and 0.15 < found[ENGLISH] / total < 0.85


def mostly_other(texts: Iterable[str], most: int = 2000) -> bool:
    """Whether most of the texts that have letters are in another script than Latin; `most` of them are looked at."""
    other = total = 0
    for text, _ in zip((t for t in texts if t), range(most), strict=False):
        if any(letter.isalpha() for letter in text[:400]):
            total += 1
            other += language_of(text[:400]) != ENGLISH
    return 2 * other > total


def words_of(text: str, cut: Callable[[str], Iterable[str]] | None = None) -> list[str]:
    """The words of a text as retrieval counts them: folded, plurals cut. Of Chinese, pairs of characters.

    `cut` finds words in a run of Chinese characters; they then stand before the pairs, which stay, because two texts may
    be cut at different places.
    """
    found, run = [], ""
    for word in [*words_in(cleaned(text, 20_000)[0]), ""]:
        if len(word) == 1 and word > "\u2e7f":
            run += word
            continue
        if run:
            found += _chinese(run, cut)
            run = ""
        if word[:1].isalpha() or word[:1].isdigit():
            found.append(stem(word))
    return found


def _chinese(run: str, cut: Callable[[str], Iterable[str]] | None) -> list[str]:
    words = [run] if len(run) == 1 else []
    if cut is not None:
        words = [word for word in cut(run) if word.strip()]
    pairs = ["".join(pair) for pair in pairwise(run)]
    return [*words, *(pair for pair in pairs if pair not in words)]
