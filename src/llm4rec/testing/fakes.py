"""Stand-ins for slow parts, through the same protocols: an encoder and features that count words."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Self

import numpy as np
from scipy import sparse

from llm4rec.core import Floats, Sparse, Table, unit_rows


class WordEncoder:
    """A text is the normalised sum of one fixed random direction a word: texts that share words are close."""

    def __init__(self, width: int = 32) -> None:
        self.width = width
        self.name = f"words-{width}"

    def encode(self, contents: Sequence[str]) -> Floats:
        """(texts, width); a text without words is a zero row."""
        rows = [sum((self._word(w) for w in text.lower().split()), np.zeros(self.width)) for text in contents]
        return unit_rows(np.array(rows, dtype=np.float32).reshape(len(contents), self.width))

    def _word(self, word: str) -> np.ndarray:
        return np.random.default_rng(zlib.crc32(word.encode())).standard_normal(self.width)


class WordFeatures:
    """One column a word of the titles seen in `fit`."""

    names: Sequence[str] = ()

    def fit(self, table: Table) -> Self:
        """Learn the words."""
        words = {w for title in self._titles(table) for w in title.lower().split()}
        self.names = sorted(words)
        return self

    def transform(self, table: Table) -> Sparse:
        """(rows, words) of ones; unknown words are left out."""
        place = {word: column for column, word in enumerate(self.names)}
        pairs = [
            (row, place[w])
            for row, title in enumerate(self._titles(table))
            for w in set(title.lower().split())
            if w in place
        ]
        rows, columns = (
            np.array(side, dtype=np.int64) for side in (zip(*pairs, strict=True) if pairs else ((), ()))
        )
        ones = np.ones(len(rows), dtype=np.float32)
        return sparse.csr_matrix((ones, (rows, columns)), shape=(len(table), len(self.names)))

    @staticmethod
    def _titles(table: Table) -> list[str]:
        column = table.columns.get("title")
        return ["" for _ in range(len(table))] if column is None else [t or "" for t in column.values]
