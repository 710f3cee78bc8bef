"""Intended readings of the hand-written requests, in a short notation, and the tables they are asked of."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from llm4rec.core import Catalog, Column, ColumnType, Vocabulary
from llm4rec.data.shop import sample_books
from llm4rec.writers.asking import Items, Lean, Lexicon, Range, Soft, Understood, Values

HERE = Path(__file__).parent
TYPES = {
    "title": ColumnType.TEXT,
    "year": ColumnType.NUMBER,
    "runtime": ColumnType.NUMBER,
    "price": ColumnType.NUMBER,
    "rating": ColumnType.NUMBER,
    "categories": ColumnType.TAGS,
    "director": ColumnType.CATEGORY,
    "language": ColumnType.CATEGORY,
}


@dataclass(frozen=True)
class Case:
    """One request of one table, and what it means."""

    table: str
    text: str
    meant: frozenset[str]
    soft: tuple[str, ...]
    unsoft: tuple[str, ...]


@cache
def films() -> Catalog:
    """A small table of films; one of them has no attributes at all."""
    rows = [json.loads(line) for line in (HERE / "films.jsonl").read_text(encoding="utf-8").splitlines()]
    columns = {}
    for name, kind in TYPES.items():
        given = [row[name] for row in rows]
        if kind is ColumnType.NUMBER:
            values = np.array([np.nan if v is None else v for v in given], dtype=np.float64)
        else:
            values = np.empty(len(rows), dtype=object)
            values[:] = [tuple(v) for v in given] if kind is ColumnType.TAGS else given
        columns[name] = Column(kind, values)
    return Catalog(Vocabulary([row["item_id"] for row in rows]), columns)


@cache
def table(name: str) -> Catalog:
    return films() if name == "films" else sample_books()


@cache
def lexicon(name: str) -> Lexicon:
    return Lexicon.of(table(name))


def cases() -> list[Case]:
    """All requests of the file."""
    found, name = [], ""
    for line in (HERE / "requests.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            name = line.strip("[]")
        elif line and not line.startswith("#"):
            text, _, told = line.partition(" => ")
            found.append(_case(name, text, told))
    return found


def _case(name: str, text: str, told: str) -> Case:
    parts = [part.strip() for part in told.split(";") if part.strip()]
    words = [word for part in parts if part[0] in "~!" for word in part.split()]
    hard = frozenset(_sorted(part) for part in parts if part[0] not in "~!")
    soft = tuple(w[1:].lower() for w in words if w[0] == "~")
    return Case(name, text, hard, soft, tuple(w[1:].lower() for w in words if w[0] == "!"))


def _sorted(part: str) -> str:
    """Alternatives in one order; the column is repeated where it was left out."""
    if part[0] not in "+-":
        return part
    column, pairs = "", []
    for value in part[1:].split("|"):
        column, value = value.split(":") if ":" in value else (column, value)
        pairs.append(f"{column}:{value}")
    return part[0] + "|".join(sorted(pairs))


def notation(reading: Understood) -> frozenset[str]:
    """What was read, without the soft words, in the notation of the file."""
    found = []
    for piece in reading.pieces:
        if isinstance(piece, Values):
            pairs = "|".join(sorted(f"{c}:{v}" for c, v in piece.pairs))
            both = "".join("&" + "|".join(sorted(f"{c}:{v}" for c, v in p)) for p in piece.both)
            found.append(("+" if piece.wanted else "-") + pairs + both)
        elif isinstance(piece, Range):
            found.append(_range(piece))
        elif isinstance(piece, Items):
            role = {"liked": "like", "disliked": "dislike", "banned": "ban"}[piece.role]
            found += [f"{role}:{item}" for item in piece.items]
        elif isinstance(piece, Lean):
            found.append(f"lean:{piece.column}{'+' if piece.more else '-'}")
    return frozenset(found)


def _range(piece: Range) -> str:
    if piece.low is not None and piece.high is not None:
        return f"{piece.column}{'!' if piece.unwanted else ':'}{piece.low:g}..{piece.high:g}"
    if piece.high is not None:
        return f"{piece.column}{'<' if piece.high_open else '<='}{piece.high:g}"
    return f"{piece.column}{'>' if piece.low_open else '>='}{piece.low:g}"


def as_meant(case: Case, reading: Understood) -> bool:
    """Whether a reading is the intended one: all that is hard, named or leaning, and the soft words."""
    wish, unwish = reading.wish().lower(), reading.wish(False).lower()
    return (
        notation(reading) == case.meant
        and all(word in wish for word in case.soft)
        and all(word in unwish for word in case.unsoft)
    )


def soft_pieces(reading: Understood) -> list[Soft]:
    return [piece for piece in reading.pieces if isinstance(piece, Soft)]


def bare(words: str) -> str:
    return re.sub(r"\W+", " ", words).strip()
