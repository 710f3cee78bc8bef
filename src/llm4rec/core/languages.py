"""Which language a text is in, by its letters, and its words in that language. Knows no grammar.

English and Chinese are told apart, and other scripts are named. Chinese has no spaces: jieba finds its words.
"""

from __future__ import annotations

import unicodedata
import warnings
from collections import Counter
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from typing import Any

from llm4rec.core.texts import cleaned, stem, tokens

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
        found = scripts(text[:400])
        if found:
            total += 1
            other += 2 * found[ENGLISH] < sum(found.values())
    return 2 * other > total


def words_of(text: str) -> list[str]:
    """The words of a text as retrieval counts them: folded, plurals cut; Chinese by jieba and by pairs of characters.

    Pairs stand beside the words, because two texts may be cut at different places.
    """
    found, run = [], ""
    for token in [*tokens(cleaned(text, 20_000)[0]), None]:
        if token is not None and len(token.word) == 1 and ord(token.word) > 0x2E7F:
            run += token.word
            continue
        if run:
            found += _chinese(run)
            run = ""
        if token is not None and (token.is_word or token.is_number):
            found.append(stem(token.word))
    return found


def _chinese(run: str) -> list[str]:
    words = [word for word in segmented(run) if word.strip()]
    pairs = ["".join(pair) for pair in pairwise(run)]
    return [*words, *(pair for pair in pairs if pair not in words)]


def segmented(text: str) -> list[str]:
    """The words of a Chinese text, in order; joined they are the text."""
    return list(_cutter().cut(text))


@cache
def _cutter() -> Any:
    """jieba with its dictionary read here: it would keep one in a folder that others can write to."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own, about how it is packed
        import jieba

    cutter = jieba.Tokenizer()
    cutter.FREQ, cutter.total = cutter.gen_pfdict(cutter.get_dict_file())
    cutter.initialized = True
    return cutter
