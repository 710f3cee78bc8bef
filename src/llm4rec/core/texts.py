"""A request as clean text and as tokens with their places. Knows no grammar and no catalog."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

MOST = 2000
"""So many characters of a request are read; what is behind them is left out, and said."""
Phrase: TypeAlias = tuple[str, ...]
_QUOTES = {
    "‘": "'",
    "’": "'",
    "`": "'",
    "“": '"',
    "”": '"',
    "«": '"',
    "»": '"',
    "《": '"',
    "》": '"',
    "「": '"',
}
_QUOTES |= {"」": '"', "–": "-", "—": "-", "−": "-", "…": ".", "。": ".", "、": ","}
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af"
_TOKEN = re.compile(rf"[{_HAN}]|\d+(?:,\d{{3}})*(?:\.\d+)?|[^\W\d_{_HAN}]+(?:'[^\W\d_{_HAN}]+)?|[^\w\s]|_")


@dataclass(frozen=True)
class Token:
    """One word, number, sign or Chinese character, folded (`word`), and where it stands in the text."""

    word: str
    start: int
    end: int
    capital: bool = False

    @property
    def is_number(self) -> bool:
        """Whether it is written in digits."""
        return self.word[:1].isdigit()

    @property
    def is_word(self) -> bool:
        """Whether it has letters."""
        return self.word[:1].isalpha()


def cleaned(text: str, most: int = MOST) -> tuple[str, tuple[str, ...]]:
    """The text in one Unicode form, without control, zero-width and direction characters; and what was done to it:
    "hidden" where such characters were left out, "cut" where it was too long.

    Halves of surrogate pairs go too. Whitespace becomes single spaces; at most `most` characters are kept.
    """
    notes = []
    # Normalising can make a text eighteen times as long: what cannot be read is cut first.
    told = unicodedata.normalize("NFKC", text[: 4 * most])
    kept = told.translate(_SHOWN)
    if kept.count("\x00"):
        notes.append("hidden")
    kept = re.sub(r"\s+", " ", kept.replace("\x00", "")).strip()
    if len(kept) > most or len(text) > 4 * most:
        notes.append("cut")
    return kept[:most].rstrip(), tuple(notes)


class _Shown(dict[int, str]):
    """What is shown of each character, by its number, for `str.translate`; learnt as characters come."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        if letter in _QUOTES:
            shown = _QUOTES[letter]
        elif letter.isspace():
            shown = " "
        else:
            shown = "\x00" if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Cn") else letter
        self[code] = shown
        return shown


_SHOWN = _Shown()


def words_in(text: str) -> list[str]:
    """The folded words of `tokens`, without their places."""
    return [folded(word) for word in _TOKEN.findall(text)]


def tokens(text: str) -> list[Token]:
    """Words, numbers, signs and single Chinese characters in order; hyphens part words."""
    found = []
    for match in _TOKEN.finditer(text):
        word = match[0]
        found.append(Token(folded(word), match.start(), match.end(), word[:1].isupper()))
    return found


@lru_cache(maxsize=65_536)
def folded(word: str) -> str:
    """Lower case without accents: "Čapek" and "capek" are one."""
    bare = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in bare if not unicodedata.combining(letter)).strip() or word


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The word without the endings of plural and owner: "comedies", "children's", "novels"."""
    word = word.removesuffix("'s").removesuffix("'")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes", "zes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def phrase(text: str, stemmed: bool = True) -> Phrase:
    """The words of a name or of a phrase of the grammar, folded, as they are looked up; signs are left out."""
    words = [word for word in words_in(cleaned(text)[0]) if word[:1].isalpha() or word[:1].isdigit()]
    return tuple(stem(word) for word in words) if stemmed else tuple(words)


def spaced(parts: Sequence[Token], text: str) -> str:
    """The text that tokens cover, from the first to the last."""
    return text[parts[0].start : parts[-1].end] if parts else ""


def near(one: str, other: str, most: int) -> bool:
    """Whether at most `most` letters are added, lost, changed or swapped between two words."""
    if abs(len(one) - len(other)) > most:
        return False
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one):
        older, before, row = before, row, [i + 1]
        for j, b in enumerate(other):
            cost = min(before[j] + (a != b), before[j + 1] + 1, row[j] + 1)
            if i and j and a == other[j - 1] and one[i - 1] == b:
                cost = min(cost, older[j - 1] + 1)
            row.append(cost)
    return row[-1] <= most
