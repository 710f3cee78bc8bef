"""The default block of words: which texts are read, and how."""

from __future__ import annotations

from collections.abc import Collection

from llm4rec.core import ColumnType, Table
from llm4rec.data.features import FeatureBlocks
from llm4rec.data.text_blocks import Tfidf


def default_words(table: Table, exclude: Collection[str] = ()) -> FeatureBlocks:
    """Words of all text columns, not fitted; rare words weigh most and words that all share weigh nothing."""
    texts = [
        name
        for name, column in table.columns.items()
        if column.type is ColumnType.TEXT and name not in exclude and not column.missing().all()
    ]
    return FeatureBlocks([Tfidf.of(texts[0], *texts[1:])] if texts else [], idf=True)
