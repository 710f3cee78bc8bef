"""How long a text is and how easily it is read. Knows nothing of items."""

from __future__ import annotations

import re

from llm4rec.core.languages import CHINESE
from llm4rec.core.texts import Token, tokens

_STOPS = re.compile(r"[.!?]+(?=[\s\"”’)]|$)|[。！？]+")
_VOWELS = re.compile(r"[aeiouy]+")
_HAN = re.compile(r"[\u4e00-\u9fff]")


def words(text: str) -> list[Token]:
    """Words and numbers of a text; each Chinese character is one."""
    return [token for token in tokens(text) if token.is_word or token.is_number]


def length(text: str, code: str) -> int:
    """Words of a text; of a Chinese one, its characters without marks and spaces."""
    if code == CHINESE:
        return sum(character.isalnum() for character in text)
    return len(words(text))


def readability(text: str, code: str) -> float:
    """Flesch reading ease; of a Chinese text, the mean characters of a sentence. 0 for an empty text.

    206.835 - 1.015 words / sentences - 84.6 syllables / words (Flesch, Journal of Applied Psychology 1948); higher is
    easier. Syllables are counted as groups of vowels.
    """
    sentences = max(len(_STOPS.findall(text)), 1)
    if code == CHINESE:
        return round(length(text, code) / sentences, 2)
    said = words(text)
    if not said:
        return 0.0
    spoken = sum(syllables(token.word) for token in said)
    return round(206.835 - 1.015 * len(said) / sentences - 84.6 * spoken / len(said), 2)


def syllables(word: str) -> int:
    """Groups of vowels, without a silent e at the end; a number is read as one a digit."""
    if word[:1].isdigit():
        return sum(character.isdigit() for character in word)
    found = len(_VOWELS.findall(word)) + len(_HAN.findall(word))
    silent = word.endswith("e") and not word.endswith(("le", "ee")) and found > 1
    return max(found - silent, 1)
