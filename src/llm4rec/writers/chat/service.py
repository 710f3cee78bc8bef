"""Prepared answers to questions of customers: the nearest is given as it was written, or none. Writes nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from llm4rec.core import DataError, Floats, unit_rows
from llm4rec.core.languages import words_of
from llm4rec.writers.chat.world import Told
from llm4rec.writers.language import stop_words

NEAR_MEANING, NEAR_WORDS = 0.6, 0.5
"""How near a question must be to a prepared one: as a cosine of meanings, or as a share of the rarity of its words."""
Encode = Callable[[Sequence[str]], Floats]


@dataclass(frozen=True, eq=False)
class Prepared:
    """Questions and answers; `vectors` are what the questions mean, None where nothing encodes."""

    pairs: tuple[tuple[str, str], ...]
    words: tuple[frozenset[str], ...]
    rarity: Mapping[str, float]
    vectors: Floats | None
    encode: Encode | None

    @classmethod
    def of(
        cls, questions: Sequence[str | None], answers: Sequence[str | None], encode: Encode | None
    ) -> Self:
        """From two columns; DataError where a row lacks one of them."""
        pairs = [((q or "").strip(), (a or "").strip()) for q, a in zip(questions, answers, strict=True)]
        for row, pair in enumerate(pairs, 1):
            if not all(pair):
                raise DataError(f"prepared answers, row {row}: question and answer are both needed")
        words = tuple(_content(question) for question, _ in pairs)
        counts: dict[str, int] = {}
        for part in words:
            for word in part:
                counts[word] = counts.get(word, 0) + 1
        rarity = {word: float(np.log1p(len(pairs) / count)) for word, count in counts.items()}
        vectors = unit_rows(encode([question for question, _ in pairs])) if encode and pairs else None
        return cls(tuple(pairs), words, rarity, vectors, encode)

    def nearest(self, question: str) -> Told | None:
        """The prepared answer to the nearest question; None where none is near enough."""
        if not self.pairs or not question.strip():
            return None
        by_words = self._by_words(question)
        place = int(np.argmax(by_words))
        if by_words[place] >= NEAR_WORDS:
            return Told(*self.pairs[place], round(float(by_words[place]), 4))
        if self.vectors is None or self.encode is None:
            return None
        near = self.vectors @ unit_rows(self.encode([question]))[0]
        place = int(np.argmax(near))
        return Told(*self.pairs[place], round(float(near[place]), 4)) if near[place] >= NEAR_MEANING else None

    def _by_words(self, question: str) -> Floats:
        """(pairs,) the rarity of shared words, of that of all words of both questions."""
        asked = _content(question)
        unseen = max(self.rarity.values(), default=1.0)
        found = []
        for words in self.words:
            both = sum(self.rarity.get(word, unseen) for word in asked | words)
            found.append(sum(self.rarity[word] for word in asked & words) / both if both else 0.0)
        return np.array(found, dtype=np.float32)


def _content(text: str) -> frozenset[str]:
    """The words of a text that tell something; all of them where none does."""
    words = frozenset(words_of(text))
    return words - stop_words() or words
