"""A sentence as tokens in which names, quotes and numbers are marked. Judges nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

QUOTED = re.compile(r"[“\"「]([^”\"」]*)[”\"」]")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
LATIN = re.compile(r"[^\W\d_](?:[^\W\d_]|['’](?=[^\W\d_]))*")
HAN = re.compile(r"[\u4e00-\u9fff]")
END = frozenset(".!?。！？\n")
SILENT = frozenset("《》()（）*_")  # marks that say nothing


@dataclass(frozen=True)
class Token:
    """`kind`: word, name, quote, number or mark; `text`: the word in small letters, or what was marked."""

    kind: str
    text: str
    number: float = 0.0


def sentences(
    text: str, names: Sequence[str], words: Sequence[str], numbers: Mapping[str, float]
) -> list[list[Token]]:
    """The sentences of a text, each as tokens.

    `names` are found as they are written, longest first; of Chinese, the longest of `words` at each place is a word,
    and a character that begins none is a word by itself.
    """
    found: list[list[Token]] = [[]]
    for token in _tokens(text, sorted(set(names), key=len, reverse=True), _by_first(words), numbers):
        if token.kind == "mark" and token.text in END:
            found.append([])
        else:
            found[-1].append(token)
    return [sentence for sentence in found if any(t.kind != "mark" for t in sentence)]


def _by_first(words: Sequence[str]) -> dict[str, list[str]]:
    """Chinese words by their first character, longest first."""
    found: dict[str, list[str]] = {}
    for word in sorted(set(words), key=len, reverse=True):
        if HAN.match(word):
            found.setdefault(word[0], []).append(word)
    return found


def _tokens(
    text: str, names: Sequence[str], words: Mapping[str, Sequence[str]], numbers: Mapping[str, float]
) -> list[Token]:
    found, at = [], 0
    while at < len(text):
        token, at = _next(text, at, names, words, numbers)
        if token is not None:
            found.append(token)
    return found


def _next(
    text: str, at: int, names: Sequence[str], words: Mapping[str, Sequence[str]], numbers: Mapping[str, float]
) -> tuple[Token | None, int]:
    """The token at a place, and where the next begins."""
    letter = text[at]
    if letter.isspace() and letter != "\n":
        return None, at + 1
    quote = QUOTED.match(text, at)
    if quote:
        inside = quote[1].strip()
        return Token("name" if inside in names else "quote", inside), quote.end()
    for name in names:
        if text.startswith(name, at) and _whole(text, at, name):
            return Token("name", name), at + len(name)
    if number := NUMBER.match(text, at):
        return Token("number", number[0], float(number[0].replace(",", ""))), number.end()
    if HAN.match(letter):
        word = next((w for w in words.get(letter, ()) if text.startswith(w, at)), letter)
        return _word(word, numbers), at + len(word)
    if latin := LATIN.match(text, at):
        # A run of letters ends where Chinese begins: both count as letters.
        run = HAN.split(latin[0])[0]
        return _word(run.lower().replace("’", "'"), numbers), at + len(run)
    return (None if letter in SILENT else Token("mark", letter)), at + 1


def _word(word: str, numbers: Mapping[str, float]) -> Token:
    return Token("number", word, numbers[word]) if word in numbers else Token("word", word)


def _whole(text: str, at: int, name: str) -> bool:
    """Whether a name stands by itself, not inside a longer word."""
    end = at + len(name)
    before = at > 0 and _letter(text[at - 1]) and _letter(name[0])
    after = end < len(text) and _letter(text[end]) and _letter(name[-1])
    return not before and not after


def _letter(character: str) -> bool:
    return character.isalnum() and not HAN.match(character)
