"""How much of a text stands in other texts: shingles and where they occur. Knows nothing of items.

Shingles are runs of words that follow each other (Broder, "On the resemblance and containment of documents", 1997).
"""

from __future__ import annotations

from array import array

import numpy as np

from llm4rec.core import Id
from llm4rec.core.languages import CHINESE, language_of
from llm4rec.core.texts import tokens

LIMIT = 0.6
"""From this share on, two texts are too much alike."""
RUN = {CHINESE: 5}  # characters of a shingle
USUAL = 3  # words of a shingle
Shingle = tuple[str, ...]


def shingles(text: str) -> frozenset[Shingle]:
    """Runs of three words of a text, of five characters where it is Chinese; a shorter text is one shingle."""
    said = [token.word for token in tokens(text) if token.is_word or token.is_number]
    size = RUN.get(language_of(text), USUAL)
    if not said:
        return frozenset()
    return frozenset(tuple(said[at : at + size]) for at in range(max(len(said) - size + 1, 1)))


def overlap(first: frozenset[Shingle], second: frozenset[Shingle]) -> float:
    """Shingles of both over those of the shorter text: 1 where it stands in the other as a whole."""
    return len(first & second) / max(min(len(first), len(second)), 1)


class Overlaps:
    """Texts told so far, one a name, and for a further one which of them it is most like."""

    def __init__(self) -> None:
        self._held: dict[Shingle, array[int]] = {}
        self._sizes: array[int] = array("q")
        self._places: dict[Id, int] = {}
        self._texts: list[str] = []
        self.names: list[Id] = []

    def add(self, name: Id, text: str) -> None:
        """Remember a text under a name, in the place of the one that was there; an empty text is like no other."""
        place = self._places.setdefault(name, len(self.names))
        if place == len(self.names):
            self.names.append(name)
            self._texts.append("")
            self._sizes.append(0)
        for shingle in shingles(self._texts[place]):
            self._held[shingle].remove(place)
        found = shingles(text)
        for shingle in found:
            self._held.setdefault(shingle, array("q")).append(place)
        self._texts[place], self._sizes[place] = text, len(found)

    def nearest(self, text: str, but: Id | None = None) -> tuple[float, Id | None]:
        """The greatest `overlap` with a text told before, `but`'s own left out, and whose it is; None: like none."""
        found = shingles(text)
        places = [np.array(self._held[s], dtype=np.int64) for s in found if self._held.get(s)]
        if not places:
            return 0.0, None
        shared = np.bincount(np.concatenate(places), minlength=len(self.names))
        share = shared / np.maximum(np.minimum(np.array(self._sizes), len(found)), 1)
        if but in self._places:
            share[self._places[but]] = 0.0
        best = int(share.argmax())
        return (round(float(share[best]), 4), self.names[best]) if share[best] else (0.0, None)
