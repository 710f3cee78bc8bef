"""Small edits of texts by chance: deletion and swap of words. No vectors, no language model.

Wei and Zou, "EDA: Easy Data Augmentation Techniques for Boosting Performance on Text Classification Tasks", EMNLP 2019.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from llm4rec.core import Config
from llm4rec.data.augment.spans import NEGATIONS, folded, movable, rebuilt, words_of

Share = Annotated[float, Field(gt=0.0, lt=1.0)]


class _Edit(Config, ABC):
    """Which share of the words is touched, and which words never are (in any case of letters)."""

    share: Share = 0.1
    keep: tuple[str, ...] = NEGATIONS

    @property
    def label(self) -> str:
        """The way and its settings."""
        return f"{type(self).__name__.lower()}(share={self.share:g})"

    def vary(self, texts: Sequence[str], rng: np.random.Generator) -> list[str]:
        """One text for each, in order; a text with nothing to change comes back as it is."""
        keep = frozenset(folded(word) for word in self.keep)
        return [self._edited(text, keep, rng) for text in texts]

    @abstractmethod
    def _edited(self, text: str, keep: frozenset[str], rng: np.random.Generator) -> str:
        """The text with some words changed, never those of `keep`."""


class Deletion(_Edit):
    """Each word that may be touched is left out with chance `share`; at least one word stays."""

    def _edited(self, text: str, keep: frozenset[str], rng: np.random.Generator) -> str:
        words = words_of(text)
        free = movable(words, keep)
        gone = [place for place, out in zip(free, rng.random(len(free)) < self.share, strict=True) if out]
        if gone and len(gone) == len(words):
            gone.pop(int(rng.integers(len(gone))))
        return rebuilt(text, dict.fromkeys(gone, "")) if gone else text


class Swap(_Edit):
    """Pairs of words that may be touched change places, share x words / 2 of them, at least one; signs stay."""

    def _edited(self, text: str, keep: frozenset[str], rng: np.random.Generator) -> str:
        words = words_of(text)
        free = movable(words, keep)
        if len(free) < 2:
            return text
        pairs = min(max(1, round(self.share * len(words) / 2)), len(free) // 2)
        chosen = rng.choice(free, 2 * pairs, replace=False).tolist()
        changes = {a: words[b] for a, b in zip(chosen, chosen[pairs:] + chosen[:pairs], strict=True)}
        return rebuilt(text, changes)
