"""A reading in plain sentences, English or Chinese. Reads no grammar and no catalog."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

from llm4rec.writers.asking.readings import Items, Lean, Piece, Range, Soft, Understood, Values

LONG = 160
"""So many characters of a wish are told."""
MOST = 4
"""So many values or titles are named; of more the count is told."""


@cache
def phrases(language: str) -> Mapping[str, str]:
    """What is said in a language; in English where it has no file."""
    folder = resources.files("llm4rec.writers.asking") / "words"
    file = folder / f"{language}.toml"
    tree = tomllib.loads((file if file.is_file() else folder / "en.toml").read_text(encoding="utf-8"))
    return dict(tree["told"])


def note(language: str, key: str, **values: object) -> str:
    """One remark in a language."""
    return phrases(language)[key].format(**values)


def account(reading: Understood) -> str:
    """How a request was understood: a line a piece, then the notes."""
    words = phrases(reading.language)
    lines = [line(piece, words) for piece in reading.pieces] or [words["none"]]
    return "\n".join([*lines, *(words["note"].format(note) for note in reading.notes)])


def chips(reading: Understood) -> list[str]:
    """One short label a piece, in the order of the pieces."""
    words = phrases(reading.language)
    return [line(piece, words) for piece in reading.pieces]


def source(reading: Understood, place: int) -> str:
    """What a person would say again for a piece: the words it came from, with what turned them round; its label where
    those alone do not tell."""
    piece, words = reading.pieces[place], phrases(reading.language)
    said_once = reading.words(piece)
    if not said_once or isinstance(piece, Items | Lean):
        return line(piece, words)
    turned = piece.unwanted if isinstance(piece, Range) else not piece.wanted
    return words["not"].format(said_once) if turned else said_once


def line(piece: Piece, words: Mapping[str, str]) -> str:
    """One piece in words."""
    if isinstance(piece, Values):
        return words["must" if piece.wanted else "not"].format(_valued(piece, words))
    if isinstance(piece, Range):
        return words["outside" if piece.unwanted else "within"].format(said(piece, words))
    if isinstance(piece, Items):
        role = {"liked": "like", "disliked": "unlike", "banned": "banned"}[piece.role]
        return words[role].format(_some(piece.titles or [str(i) for i in piece.items], words))
    if isinstance(piece, Lean):
        return words["more" if piece.more else "less"].format(piece.column)
    told = piece.text if len(piece.text) <= LONG else f"{piece.text[: LONG - 1]}…"
    return words["wish" if piece.wanted else "unwished"].format(told)


def said(piece: Piece, words: Mapping[str, str]) -> str:
    """What a piece says of an item."""
    if isinstance(piece, Values):
        columns = _columns(piece).items()
        told = words["or"].join(f"{column} {_some(values, words)}" for column, values in columns)
        further = [said(Values(pairs=pairs), words) for pairs in piece.both]
        return words["and"].join([told, *further])
    if isinstance(piece, Range):
        return f"{piece.column} {_bounds(piece)}"
    return piece.text if isinstance(piece, Soft) else line(piece, words)


def _valued(piece: Values, words: Mapping[str, str]) -> str:
    """Values as one speaks of them, each with its column behind."""
    columns = _columns(piece).items()
    told = words["or"].join(words["value"].format(_some(values, words), column) for column, values in columns)
    further = [_valued(Values(pairs=pairs), words) for pairs in piece.both]
    return words["and"].join([told, *further])


def _columns(piece: Values) -> dict[str, list[str]]:
    """The values of each column."""
    columns: dict[str, list[str]] = {}
    for column, value in piece.pairs:
        columns.setdefault(column, []).append(value)
    return columns


def _bounds(piece: Range) -> str:
    low = "" if piece.low is None else _number(piece.low)
    high = "" if piece.high is None else _number(piece.high)
    if low and high:
        return low if low == high else f"{low}–{high}"
    if high:
        return f"{'<' if piece.high_open else '≤'} {high}"
    return f"{'>' if piece.low_open else '≥'} {low}" if low else "any"


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) else f"{value:.4g}"


def _some(names: Sequence[str], words: Mapping[str, str]) -> str:
    names = list(dict.fromkeys(names))
    told = words["or"].join(names[:MOST])
    return told if len(names) <= MOST else f"{told} (+{len(names) - MOST})"
