"""BM25 over the words of texts (Robertson and Zaragoza 2009, equation 3.15), as one sparse matrix. Knows no items."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import sparse

from llm4rec.core import Floats, Sparse, as_csr
from llm4rec.core.languages import words_of
from llm4rec.writers.asking.chinese import segmented

SATURATION, LENGTH = 1.2, 0.75
"""k1 and b: how soon repeats of a word count no more, and how much long texts are held back. The usual values."""
RAREST = 12
"""So many words of a question count, the rarest: a long text would drown them in words that every text has."""


@dataclass(frozen=True, eq=False)
class Bm25:
    """`weights` (words, texts): what each text earns for each word. Words that no text has earn nothing."""

    vocabulary: dict[str, int]
    weights: Sparse
    grams: bool = False
    most: int = RAREST

    @classmethod
    def of(cls, texts: Sequence[str], grams: bool = False) -> Self:
        """The index of texts, by words or by groups of letters; an empty text earns nothing."""
        counted = [Counter(_parts(text, grams)) for text in texts]
        vocabulary = {
            word: place for place, word in enumerate(sorted({w for words in counted for w in words}))
        }
        lengths = np.array([sum(words.values()) for words in counted], dtype=np.float64)
        rows = np.array([vocabulary[word] for words in counted for word in words], dtype=np.int64)
        columns = np.repeat(np.arange(len(texts)), [len(words) for words in counted])
        counts = np.array([n for words in counted for n in words.values()], dtype=np.float64)
        spread = np.bincount(rows, minlength=len(vocabulary))
        rarity = np.log1p((len(texts) - spread + 0.5) / (spread + 0.5))
        average = max(float(lengths.mean()) if len(lengths) else 0.0, 1e-9)
        held = SATURATION * (1 - LENGTH + LENGTH * lengths / average)
        earned = rarity[rows] * counts * (SATURATION + 1) / (counts + held[columns])
        matrix = sparse.csr_matrix((earned, (rows, columns)), shape=(len(vocabulary), len(texts)))
        return cls(vocabulary, as_csr(matrix), grams)

    def scores(self, question: str) -> Floats:
        """(texts,) what each text earns for the rarest words of a question; zero where it shares none.

        Groups of letters count all: there is no rare one among those of a misspelt word.
        """
        total = np.zeros(self.weights.shape[1], dtype=np.float32)
        counted = Counter(word for word in _parts(question, self.grams) if word in self.vocabulary)
        spread = np.diff(self.weights.indptr)
        chosen = sorted(counted, key=lambda word: (spread[self.vocabulary[word]], word))
        for word in chosen if self.grams else chosen[: self.most]:
            start, end = (
                self.weights.indptr[self.vocabulary[word]],
                self.weights.indptr[self.vocabulary[word] + 1],
            )
            total[self.weights.indices[start:end]] += counted[word] * self.weights.data[start:end]
        return total


def _parts(text: str, grams: bool) -> list[str]:
    """The words of a text, or the groups of three letters in them, ends marked."""
    words = words_of(text, segmented)
    if not grams:
        return words
    padded = [f"<{word}>" for word in words]
    return [word[at : at + 3] for word in padded for at in range(len(word) - 2)]
