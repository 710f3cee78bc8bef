"""Typed columns of attributes, and tables of them. Knows nothing of files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from llm4rec.core.arrays import Numbers


class ColumnType(StrEnum):
    """What the values of a column mean, and how they are stored.

    number float64 (NaN = missing) · time float64 UTC seconds (NaN) · category str or None ·
    tags tuple of str (empty = missing) · text str or None · vector float32 (rows, width), NaN row = missing ·
    media path str, bytes or None.
    """

    NUMBER = "number"
    TIME = "time"
    CATEGORY = "category"
    TAGS = "tags"
    TEXT = "text"
    VECTOR = "vector"
    MEDIA = "media"


_EMPTY: dict[ColumnType, Any] = {
    ColumnType.NUMBER: np.nan,
    ColumnType.TIME: np.nan,
    ColumnType.VECTOR: np.nan,
    ColumnType.TAGS: (),
}


@dataclass(frozen=True, eq=False)
class Column:
    """Values of one attribute, one a row."""

    type: ColumnType
    values: NDArray[Any]

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: Numbers) -> Column:
        """The rows asked for, in that order."""
        return Column(self.type, self.values[rows])

    def followed_by(self, other: Column | None, rows: int) -> Column:
        """This column and `rows` further ones: those of `other`, or missing values."""
        if other is not None:
            return Column(self.type, np.concatenate([self.values, other.values]))
        return Column(self.type, np.concatenate([self.values, blank(self.type, rows, self.values)]))

    def missing(self) -> NDArray[np.bool_]:
        """True where a row has no value."""
        if self.type in (ColumnType.NUMBER, ColumnType.TIME):
            return np.asarray(np.isnan(self.values))
        if self.type is ColumnType.VECTOR:
            return np.asarray(np.isnan(self.values).any(axis=1))
        return np.array([value is None or len(value) == 0 for value in self.values], dtype=bool)


def blank(kind: ColumnType, rows: int, like: NDArray[Any]) -> NDArray[Any]:
    """`rows` missing values, stored as `like` stores its values."""
    values = np.empty((rows, *like.shape[1:]), dtype=like.dtype)
    empty = _EMPTY.get(kind)
    if isinstance(empty, tuple):
        for row in range(rows):
            values[row] = empty
    else:
        values[...] = empty
    return values


class Table(Protocol):
    """Anything with named columns of equal length: a catalog, users, the contexts of interactions."""

    @property
    def columns(self) -> Mapping[str, Column]:
        """Columns by name."""
        ...

    def __len__(self) -> int: ...
