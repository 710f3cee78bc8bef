"""Words replaced by words that mean nearly the same: neighbours among vectors of words, above a floor.

The encoder is given and read one word at a time. Embedding neighbours are words used alike, which includes opposites
("cheap", "expensive"): raise the floor, and look at the table, where a label depends on one word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field, PositiveInt

from llm4rec.core import Config, DataError, Encoder, Floats, unit_rows
from llm4rec.data.augment.spans import NEGATIONS, folded, movable, rebuilt, words_of

BLOCK = 1024
Unit = Annotated[float, Field(gt=0.0, le=1.0)]
Neighbours = Mapping[str, tuple[tuple[str, float], ...]]


class SynonymsConfig(Config):
    """Which words have neighbours, and how many of a text are replaced.

    share       of the words that have neighbours
    floor       least cosine of a neighbour
    most        neighbours of a word
    words       vocabulary: the most frequent so many
    least       texts that a word stands in; rarer ones are often misspelt
    common      share of the texts above which a word is a function word ("the") and stays as it is
    keep        words never replaced, nor used as a replacement
    """

    share: Unit = 0.2
    floor: Unit = 0.7
    most: PositiveInt = 5
    words: PositiveInt = 5000
    least: PositiveInt = 2
    common: Unit = 0.1
    keep: tuple[str, ...] = NEGATIONS


@dataclass(frozen=True, eq=False)
class Synonyms:
    """A table of neighbours, and the way of augmenting that uses it. `Synonyms.of` learns the table."""

    config: SynonymsConfig
    neighbours: Neighbours
    encoder: str = "vectors"

    @classmethod
    def of(cls, texts: Sequence[str], encoder: Encoder, config: SynonymsConfig | None = None) -> Synonyms:
        """Learn from the words of `texts`, each encoded alone; DataError where no word can be used."""
        chosen = config or SynonymsConfig()
        words = vocabulary(texts, chosen)
        if not words:
            raise DataError(
                f"Synonyms: no word stands in {chosen.least} of {len(texts)} texts and in at most "
                f"{100 * chosen.common:g} % of them; give more texts, or set least and common"
            )
        table = nearest_words(words, encoder.encode(words), chosen.floor, chosen.most)
        return cls(chosen, table, encoder.name)

    @property
    def label(self) -> str:
        """The way and its settings."""
        told = f"share={self.config.share:g}, floor={self.config.floor:g}, {len(self.neighbours)} words"
        return f"synonyms({told}, {self.encoder})"

    def vary(self, texts: Sequence[str], rng: np.random.Generator) -> list[str]:
        """One text for each, in order; a text without a word that has neighbours comes back as it is."""
        keep = frozenset(folded(word) for word in self.config.keep)
        return [self._replaced(text, keep, rng) for text in texts]

    def _replaced(self, text: str, keep: frozenset[str], rng: np.random.Generator) -> str:
        """At least one word is replaced, where one can be."""
        words = words_of(text)
        free = [place for place in movable(words, keep) if self.neighbours.get(folded(words[place]))]
        if not free:
            return text
        chosen = rng.choice(free, max(1, round(self.config.share * len(free))), replace=False).tolist()
        changes = {}
        for place in chosen:
            options = self.neighbours[folded(words[place])]
            changes[place] = cased(options[int(rng.integers(len(options)))][0], words[place])
        return rebuilt(text, changes)


def vocabulary(texts: Sequence[str], config: SynonymsConfig) -> list[str]:
    """Words of letters that may be replaced, most frequent first, equal ones by name."""
    rows = Counter(word for text in texts for word in {folded(w) for w in words_of(text)})
    keep = {folded(word) for word in config.keep}
    most = config.common * len(texts)
    fit = [
        (-count, word)
        for word, count in rows.items()
        if config.least <= count <= most and len(word) > 1 and word.isalpha() and word not in keep
    ]
    return [word for _, word in sorted(fit)[: config.words]]


def nearest_words(words: Sequence[str], vectors: Floats, floor: float, most: int) -> Neighbours:
    """For each word its nearest others by cosine, at least `floor`, best first; words without any are left out.

    `vectors` (words, width). Memory: blocks of 1,024 x words.
    """
    if vectors.shape[0] != len(words) or not np.isfinite(vectors).all():
        raise DataError(f"{len(words)} words need finite vectors, one each, not an array {vectors.shape}")
    unit = unit_rows(np.asarray(vectors, dtype=np.float32))
    table: dict[str, tuple[tuple[str, float], ...]] = {}
    for start in range(0, len(words), BLOCK):
        cosines = unit[start : start + BLOCK] @ unit.T
        for offset, row in enumerate(cosines):
            row[start + offset] = -np.inf
            near = np.flatnonzero(row >= floor)
            best = near[np.argsort(-row[near], kind="stable")][:most]
            if len(best):
                table[words[start + offset]] = tuple((words[n], float(row[n])) for n in best.tolist())
    return table


def cased(word: str, like: str) -> str:
    """A word in the case of another: all capitals, a first capital, or as it is."""
    if len(like) > 1 and like.isupper():
        return word.upper()
    return word[:1].upper() + word[1:] if like[:1].isupper() else word
