"""Which question would tell most about what is wanted: expected information over the items left. Asks nothing itself.

The chance that an item is the one wanted falls with its place: 1 / (n + place). Who wants it answers a question about a
column with one of its values there, each as likely; a value that is not offered counts as "another", no value as "I do not
know". The information of the question is I(item; answer) = H(answer) - H(answer | item), in bits (Shannon 1948).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Floats, Numbers
from llm4rec.writers.asking.lexicon import Lexicon
from llm4rec.writers.asking.limits import Shelf
from llm4rec.writers.asking.readings import Pair, Piece, Range, Values
from llm4rec.writers.chat.dialogue import Option

OFFERED = 5
"""So many answers are offered."""
LEAST = 0.02
"""An answer less likely than this is not offered."""
UNASKED = frozenset({"rating", "popularity"})
"""Measures that nobody knows of what they want."""


@dataclass(frozen=True)
class Facet:
    """A column that could be asked about, the answers to offer, likeliest first, and what the answer tells, in bits."""

    column: str
    options: tuple[Option, ...]
    bits: float


def chances(count: int, n: int) -> Floats:
    """(count,) how likely each place of an ordered list holds what is wanted."""
    raw = 1.0 / (n + np.arange(count, dtype=np.float64))
    return np.asarray(raw / raw.sum() if count else raw, dtype=np.float32)


def worth_of_list(likely: Floats, n: int) -> float:
    """What showing the first n tells, in bits: whether it is one of them, and which."""
    shown = likely[:n].astype(np.float64)
    parts = np.append(shown, max(1.0 - float(shown.sum()), 0.0))
    return _entropy(parts)


@dataclass(frozen=True, eq=False)
class Left:
    """What a question would part: items, best first; columns that need no question, and values spoken of already."""

    items: Numbers
    closed: frozenset[str] = frozenset()
    told: frozenset[Pair] = frozenset()


def best_facet(lexicon: Lexicon, shelf: Shelf, left: Left, n: int) -> Facet | None:
    """The question that tells most about the items left; None where there is nothing to ask."""
    found = _facets(lexicon, shelf, left, chances(len(left.items), n))
    return max(found, key=lambda facet: (facet.bits, facet.column), default=None)


def _facets(lexicon: Lexicon, shelf: Shelf, left: Left, likely: Floats) -> Iterator[Facet]:
    place = {int(item): row for row, item in enumerate(left.items)}
    columns: dict[str, list[tuple[str, NDArray[np.int64]]]] = {}
    for (column, value), rows in shelf.rows.items():
        if column in left.closed or (column, value) in left.told:
            continue
        inside = [place[row] for row in rows.tolist() if row in place]
        if inside:
            columns.setdefault(column, []).append((value, np.array(inside, dtype=np.int64)))
    for column, values in columns.items():
        answers = [(value, Values(pairs=((column, value),)), rows) for value, rows in values]
        facet = _facet(column, answers, likely)
        if facet is not None:
            yield facet
    for measure, column in lexicon.measures.items():
        if measure not in UNASKED and column in shelf.numbers and column not in left.closed:
            bins = list(_bins(measure, column, shelf.numbers[column][left.items]))
            facet = _facet(column, bins, likely)
            if facet is not None:
                yield facet


def _facet(
    column: str, answers: Sequence[tuple[str, Piece, NDArray[np.int64]]], likely: Floats
) -> Facet | None:
    """The question about one column: which answers are likeliest, and what they tell together."""
    count = np.zeros(len(likely))
    for _, _, rows in answers:
        count[rows] += 1
    share = likely / np.maximum(count, 1)
    weighed = sorted(
        ((float(share[rows].sum()), label, piece, rows) for label, piece, rows in answers),
        key=lambda answer: (-answer[0], answer[1]),
    )
    offered = [answer for answer in weighed if answer[0] >= LEAST][:OFFERED]
    if len(offered) < 2:
        return None
    held = np.zeros(len(likely))
    for _, _, _, rows in offered:
        held[rows] += 1
    some = count > 0
    other = np.where(some, (count - held) / np.maximum(count, 1), 0.0)
    parts = [answer[0] for answer in offered]
    parts += [float((likely * other).sum()), float(likely[~some].sum())]
    each = np.where(some, 1.0 / np.maximum(count, 1), 0.0)
    inner = held * -each * np.log2(np.maximum(each, 1e-12)) - other * np.log2(np.maximum(other, 1e-12))
    bits = _entropy(np.array(parts)) - float((likely * inner).sum())
    options = tuple(Option(label=label, piece=piece) for _, label, piece, _ in offered)
    return Facet(column, options, bits)


def _bins(
    measure: str, column: str, values: NDArray[np.float64]
) -> Iterator[tuple[str, Piece, NDArray[np.int64]]]:
    """Decades of years, thirds of other numbers, each with its items."""
    known = np.isfinite(values)
    if not known.any():
        return
    if measure == "year":
        decades = np.floor(values / 10) * 10
        for start in np.unique(decades[known]).tolist():
            piece = Range(column=column, low=start, high=start + 10, high_open=True)
            yield f"{start:.0f}", piece, np.flatnonzero(decades == start)
        return
    low, high = (float(f"{value:.3g}") for value in np.quantile(values[known], [1 / 3, 2 / 3]))
    if not np.nanmin(values) <= low < high < np.nanmax(values):
        return
    yield f"≤ {low:g}", Range(column=column, high=low), np.flatnonzero(values <= low)
    middle = (values > low) & (values <= high)
    yield f"{low:g}–{high:g}", Range(column=column, low=low, low_open=True, high=high), np.flatnonzero(middle)
    yield f"> {high:g}", Range(column=column, low=high, low_open=True), np.flatnonzero(values > high)


def _entropy(parts: NDArray[np.float64]) -> float:
    some = parts[parts > 1e-12]
    return float(-(some * np.log2(some)).sum())
