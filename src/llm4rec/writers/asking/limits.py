"""Hard pieces to the items that fulfil them, and what to let go where none does. Knows no words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Catalog
from llm4rec.writers.asking.lexicon import Lexicon, numbers_of, values_of
from llm4rec.writers.asking.readings import Pair, Piece, Range, Understood, Values
from llm4rec.writers.asking.told import note, phrases, said

Mask = NDArray[np.bool_]
TRIED = 3000
"""So many sets of pieces of one size are tried, when some must be let go."""


def settled(reading: Understood) -> Understood:
    """The reading without contradictions and repeats: what is not wanted wins over what is; of ranges, the last one."""
    barred = {
        pair
        for p in reading.pieces
        if isinstance(p, Values) and not p.wanted and not p.both
        for pair in p.pairs
    }
    kept: list[Piece] = []
    notes: list[str] = []
    for piece in reading.pieces:
        if isinstance(piece, Values) and piece.wanted and barred.intersection(piece.pairs):
            left = tuple(pair for pair in piece.pairs if pair not in barred)
            if not left:
                words = reading.words(piece) or said(piece, phrases(reading.language))
                notes.append(note(reading.language, "both", words=words))
                continue
            piece = piece.model_copy(update={"pairs": left})
        if isinstance(piece, Range):
            kept = _agreeing(kept, piece, notes, reading)
        if not any(_same(piece, other) for other in kept):
            kept.append(piece)
    return reading.model_copy(update={"pieces": tuple(kept)}).with_notes(*notes)


def _same(one: Piece, other: Piece) -> bool:
    return one.model_copy(update={"start": 0, "end": 0}) == other.model_copy(update={"start": 0, "end": 0})


def _agreeing(kept: list[Piece], piece: Range, notes: list[str], reading: Understood) -> list[Piece]:
    """The pieces without ranges that leave nothing of this one."""
    result: list[Piece] = []
    for other in kept:
        if isinstance(other, Range) and other.column == piece.column and apart(other, piece):
            one, two = (reading.words(p) or said(p, phrases(reading.language)) for p in (other, piece))
            notes.append(note(reading.language, "apart", one=one, two=two))
        else:
            result.append(other)
    return result


def apart(one: Range, two: Range) -> bool:
    """Whether two ranges of a column leave nothing of each other."""
    if one.unwanted or two.unwanted:
        return False
    for a, b in ((one, two), (two, one)):
        if a.low is not None and b.high is not None:
            touch = a.low == b.high and not (a.low_open or b.high_open)
            if a.low >= b.high and not touch:
                return True
    return False


@dataclass(frozen=True, eq=False)
class Shelf:
    """Which items have which value, and their numbers: what pieces are held against. Made once for a catalog."""

    size: int
    rows: Mapping[Pair, NDArray[np.int64]]
    numbers: Mapping[str, NDArray[np.float64]]

    @classmethod
    def of(cls, catalog: Catalog, lexicon: Lexicon) -> Shelf:
        """The shelf of a catalog, over the columns that the lexicon knows."""
        found: dict[Pair, list[int]] = {}
        for column in dict.fromkeys(column for column, _ in lexicon.counts):
            for number, row in enumerate(values_of(catalog, column, column in lexicon.people)):
                for value in row:
                    found.setdefault((column, value), []).append(number)
        rows = {pair: np.array(numbers, dtype=np.int64) for pair, numbers in found.items()}
        return cls(len(catalog), rows, numbers_of(catalog))

    def fulfil(self, piece: Values | Range) -> Mask:
        """(items,) which items fulfil a piece.

        An item of which a wanted value or a number is not known does not; one of which nothing is known that is not
        wanted does.
        """
        if isinstance(piece, Values):
            mask = self._having(piece.pairs)
            for pairs in piece.both:
                mask &= self._having(pairs)
            return mask if piece.wanted else ~mask
        values = self.numbers.get(piece.column)
        return np.zeros(self.size, dtype=bool) if values is None else _inside(values, piece)

    def _having(self, pairs: Sequence[Pair]) -> Mask:
        mask = np.zeros(self.size, dtype=bool)
        for pair in pairs:
            mask[self.rows.get(pair, np.zeros(0, np.int64))] = True
        return mask

    def allowed(self, pieces: Sequence[Values | Range]) -> Mask:
        """(items,) which items fulfil all pieces."""
        mask = np.ones(self.size, dtype=bool)
        for piece in pieces:
            mask &= self.fulfil(piece)
        return mask

    def opened(self, reading: Understood, n: int, free: Mask | None = None) -> tuple[Understood, Mask]:
        """A reading that some items fulfil, and which; the notes tell what was let go, and what is nearest.

        The piece that keeps most items away goes first; a range is only widened to the `n` nearest items. What is not
        wanted is let go last. `free` are the items that may be shown at all.
        """
        free = np.ones(self.size, dtype=bool) if free is None else free
        mask = self.allowed(reading.hard) & free
        if mask.any() or not reading.hard:
            return reading, mask
        gone = self._costliest(reading.hard, free)
        rest = self.allowed([p for p in reading.hard if p not in gone]) & free
        for piece in sorted(gone, key=lambda piece: isinstance(piece, Range)):
            wider = self._wider(piece, rest, n) if isinstance(piece, Range) else None
            reading = _changed(reading, piece, wider)
            rest = rest if wider is None else rest & self.fulfil(wider)
        return reading, rest

    def _costliest(self, hard: Sequence[Values | Range], free: Mask) -> tuple[Values | Range, ...]:
        """The fewest pieces without which items are left: ranges before values, which they only widen, and unwanted
        values last; of equals those that leave most."""
        fulfilled = [self.fulfil(piece) for piece in hard]
        for size in range(1, len(hard) + 1):
            best: tuple[tuple[int, int, int], tuple[int, ...]] | None = None
            for gone in islice(combinations(range(len(hard)), size), TRIED):
                left = free.copy()
                for place, mask in enumerate(fulfilled):
                    if place not in gone:
                        left &= mask
                ranges = sum(isinstance(hard[place], Range) for place in gone)
                barred = sum(isinstance(p, Values) and not p.wanted for p in (hard[place] for place in gone))
                if left.any() and (best is None or (-barred, ranges, int(left.sum())) >= best[0]):
                    best = (-barred, ranges, int(left.sum())), gone
            if best is not None:
                return tuple(hard[place] for place in best[1])
        return tuple(hard)

    def _wider(self, piece: Range, rest: Mask, n: int) -> Range | None:
        """The range up to the n nearest of the other items; None where none of them has the number."""
        values = self.numbers.get(piece.column)
        if values is None or piece.unwanted:
            return None
        known = values[rest & np.isfinite(values)]
        if not len(known):
            return None
        low = -np.inf if piece.low is None else piece.low
        high = np.inf if piece.high is None else piece.high
        away = np.maximum(low - known, 0) + np.maximum(known - high, 0)
        reach = float(np.sort(away)[min(n, len(away)) - 1])
        near = known[away <= reach]
        return Range(
            column=piece.column,
            low=float(near.min()),
            high=float(near.max()),
            start=piece.start,
            end=piece.end,
        )


def _inside(values: NDArray[np.float64], piece: Range) -> Mask:
    known = np.isfinite(values)
    mask = known.copy()
    with np.errstate(invalid="ignore"):
        if piece.low is not None:
            mask &= values > piece.low if piece.low_open else values >= piece.low
        if piece.high is not None:
            mask &= values < piece.high if piece.high_open else values <= piece.high
    return known & ~mask if piece.unwanted else mask


def _changed(reading: Understood, piece: Values | Range, wider: Range | None) -> Understood:
    """The reading with a piece widened or gone, and a note that says so."""
    words = phrases(reading.language)
    if wider is None:
        told = note(reading.language, "let_go", piece=said(piece, words))
        left = [p for p in reading.pieces if p is not piece]
    else:
        told = note(reading.language, "nearest", piece=said(piece, words), wider=said(wider, words))
        left = [wider if p is piece else p for p in reading.pieces]
    return reading.model_copy(update={"pieces": tuple(left)}).with_notes(told)
