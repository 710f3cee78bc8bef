"""A shelf for conversations: what is not known of an item does not rule it out, unless the person insists. Knows no words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from llm4rec.core import Floats
from llm4rec.writers.asking.limits import Mask, Shelf
from llm4rec.writers.asking.readings import Pair, Range, Values


@dataclass(frozen=True, eq=False)
class Lenient(Shelf):
    """Items of which a limit is known to fail are out; those of which nothing is known stay, behind what is known to fit.

    A piece that is `sure` holds as on any shelf. What is not wanted holds as on any shelf too.
    """

    @classmethod
    def like(cls, shelf: Shelf) -> Lenient:
        """The same items and values."""
        return cls(shelf.size, shelf.rows, shelf.numbers)

    @cached_property
    def strict(self) -> Shelf:
        """The shelf on which an item must be known to fulfil a piece."""
        return Shelf(self.size, self.rows, self.numbers)

    @cached_property
    def _told(self) -> dict[str, Mask]:
        """By column of values, (items,) which items have any."""
        found: dict[str, Mask] = {}
        for (column, _), rows in self.rows.items():
            found.setdefault(column, np.zeros(self.size, dtype=bool))[rows] = True
        return found

    def known(self, pairs: Iterable[Pair]) -> Mask:
        """(items,) of which items any of the columns of these values is known."""
        mask = np.zeros(self.size, dtype=bool)
        for column in {column for column, _ in pairs}:
            mask |= self._told.get(column, False)
        return mask

    def fulfil(self, piece: Values | Range) -> Mask:
        """(items,) which items fulfil a piece, or may."""
        mask = self.strict.fulfil(piece)
        if piece.sure:
            return mask
        if isinstance(piece, Range):
            values = self.numbers.get(piece.column)
            return mask if values is None else mask | ~np.isfinite(values)
        if not piece.wanted:
            return mask
        mask = np.ones(self.size, dtype=bool)
        for pairs in (piece.pairs, *piece.both):
            mask &= self._having(pairs) | ~self.known(pairs)
        return mask

    def surprise(self, pieces: Sequence[Values | Range]) -> Floats:
        """(items,) how much better what is known to fulfil pieces is than what may, in nats.

        Of the items of which it is known, a share p fulfils a piece; where it is not known, the chance is taken to be p.
        So each piece is worth -log p to those that fulfil it. At most the logarithm of the number of items.
        """
        total = np.zeros(self.size, dtype=np.float32)
        for piece in pieces:
            sure = self.strict.fulfil(piece)
            may = self.fulfil(piece)
            if not sure.any() or (may == sure).all():
                continue  # nothing to tell apart
            known = self.size - int((may & ~sure).sum())
            total += np.float32(np.log(known / sure.sum())) * sure
        return total
