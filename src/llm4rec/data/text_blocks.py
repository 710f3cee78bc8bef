"""A feature block of words: TF-IDF of text columns. Knows no language: a word is a run of letters and digits."""

from __future__ import annotations

import re
from collections import Counter
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveInt
from scipy import sparse

from llm4rec.core import ColumnType, Config, Sparse, Table
from llm4rec.data.labelled import Fitted, typed, unit_length

WORD = re.compile(r"[^\W_]+")
READABLE = (ColumnType.TEXT, ColumnType.CATEGORY, ColumnType.TAGS)


class TfidfConfig(Config):
    """The `max_words` words that stand in most rows, in at least `min_rows`, of all `columns` together."""

    columns: Annotated[tuple[str, ...], Field(min_length=1)]
    max_words: PositiveInt = 5000
    min_rows: PositiveInt = 2


class Tfidf(Fitted[TfidfConfig]):
    """One column a word, (1 + log count) x (1 + log((1 + rows) / (1 + rows with it))), rows of length one.

    Words are lower-cased. A column missing when serving is read as empty.
    """

    kind = "tfidf"
    config_type = TfidfConfig
    learnt = ("values_", "idf_")
    idf_: NDArray[np.float64]

    @classmethod
    def of(cls, column: str, *more: str, **options: Any) -> Self:
        """The block of one or more columns; SettingsError names a wrong option."""
        return cls(TfidfConfig.of({"columns": (column, *more), **options}, cls.__name__))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the block reads."""
        return self.config.columns

    def fit(self, table: Table) -> Self:
        """Learn the words and how rare they are; SettingsError where a column is missing."""
        self._need_columns(table)
        rows_with = Counter(word for words in self._words(table) for word in set(words))
        often = [(-count, word) for word, count in rows_with.items() if count >= self.config.min_rows]
        words = sorted(word for _, word in sorted(often)[: self.config.max_words])
        self.values_ = np.array(words, dtype=object)
        rarity = [(1 + len(table)) / (1 + rows_with[word]) for word in words]
        self.idf_ = 1.0 + np.log(np.array(rarity, dtype=np.float64))
        return self

    def transform(self, table: Table) -> Sparse:
        """(rows, words) float32; a row without known words is zeros."""
        place = {word: column for column, word in enumerate(self._fitted().tolist())}
        found = [[place[word] for word in words if word in place] for words in self._words(table)]
        rows = np.repeat(np.arange(len(found)), [len(row) for row in found])
        columns = np.array([column for row in found for column in row], dtype=np.int64)
        counts = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(table), len(place)))
        counts.data = (1.0 + np.log(counts.data)) * self.idf_[counts.indices]
        return unit_length(counts)

    def _words(self, table: Table) -> list[list[str]]:
        """Every word of each row, as often as it occurs."""
        found: list[list[str]] = [[] for _ in range(len(table))]
        for name in self.columns:
            if name in table.columns:
                values = typed(table, name, READABLE, self).values.tolist()
                for words, value in zip(found, values, strict=True):
                    text = " ".join(value) if isinstance(value, tuple) else value or ""
                    words += WORD.findall(text.lower())
        return found
