"""Feature blocks side by side: the same code while fitting and while serving. Knows no models."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Self

import numpy as np
from scipy import sparse

from llm4rec.core import Column, ColumnType, FolderError, NotFittedError, Sparse, Table
from llm4rec.data.blocks import Binned, MultiHot, OneHot
from llm4rec.data.crosses import block_from
from llm4rec.data.labelled import Block, nothing, unit_length
from llm4rec.data.time_blocks import Year

FORMAT = 1
MOST_VALUES, MOST_DISTINCT = 2000, 0.5


class FeatureBlocks:
    """Blocks side by side: the Features of an engine.

    With `idf` a column weighs log(rows / rows with it), so that what all have in common counts nothing, and
    rows have length one.
    """

    def __init__(self, blocks: Sequence[Block], idf: bool = False) -> None:
        self.blocks = tuple(blocks)
        self.idf = idf

    @property
    def names(self) -> list[str]:
        """One a column, as in "categories=Comedy"; none before `fit`."""
        return [name for block in self.blocks for name in block.names]

    def fit(self, table: Table) -> Self:
        """Fit every block on `table`."""
        self.blocks = tuple(block.fit(table) for block in self.blocks)
        matrix = self._side_by_side(table)
        rows_with = np.bincount(matrix.indices, minlength=matrix.shape[1])
        rarity = np.log(len(table) / np.maximum(rows_with, 1)) * (rows_with > 0)
        self.weights_ = (rarity if self.idf else np.ones(len(rarity))).astype(np.float32)
        return self

    def transform(self, table: Table) -> Sparse:
        """(rows, names) float32; unseen values and missing columns are zeros."""
        if not hasattr(self, "weights_"):
            raise NotFittedError("FeatureBlocks.transform needs fit first")
        matrix = self._side_by_side(table)
        if not self.idf:
            return matrix
        matrix.data *= self.weights_[matrix.indices]
        return unit_length(matrix)

    def _side_by_side(self, table: Table) -> Sparse:
        if not self.blocks:
            return nothing(len(table), 0)
        parts = [block.transform(table) for block in self.blocks]
        return sparse.csr_matrix(sparse.hstack(parts, format="csr", dtype=np.float32))

    def state(self) -> dict[str, Any]:
        """All that was learnt, JSON-able."""
        if not hasattr(self, "weights_"):
            raise NotFittedError("FeatureBlocks.state needs fit first")
        return {
            "format": FORMAT,
            "idf": self.idf,
            "weights": self.weights_.tolist(),
            "blocks": [block.state() for block in self.blocks],
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The fitted blocks of a state; FolderError where its format or a kind is unknown."""
        if state.get("format") != FORMAT:
            raise FolderError(
                f"feature blocks of format {state.get('format')!r} cannot be read, only {FORMAT}. "
                "The folder was written by another version: fit the engine again"
            )
        features = cls([block_from(block) for block in state["blocks"]], state["idf"])
        features.weights_ = np.array(state["weights"], dtype=np.float32)
        return features


def default_blocks(table: Table, exclude: Collection[str] = (), idf: bool = False) -> FeatureBlocks:
    """Blocks for the columns of `table`, not fitted: tags, categories, numbers in 10 bins, times by year.

    Left out: columns in `exclude` or without values; categories that are near to ids (more than 2000 values,
    or more values than half of the rows); and text, vectors and media, which have encoders.
    """
    columns = {name: c for name, c in table.columns.items() if name not in exclude and not c.missing().all()}
    chosen = [_default(name, column) for name, column in columns.items()]
    return FeatureBlocks([block for block in chosen if block is not None], idf)


def _default(name: str, column: Column) -> Block | None:
    if column.type is ColumnType.TAGS:
        return MultiHot.of(name)
    if column.type is ColumnType.NUMBER:
        return Binned.of(name)
    if column.type is ColumnType.TIME:
        return Year.of(name)
    if column.type is ColumnType.CATEGORY:
        values = column.values[~column.missing()]
        distinct = len(set(values.tolist()))
        if distinct <= MOST_VALUES and distinct <= MOST_DISTINCT * len(values):
            return OneHot.of(name)
    return None
