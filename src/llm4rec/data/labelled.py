"""What feature blocks are, and what those share that give rows labels. Knows nothing of items or users.

A block is fitted on one table and applied to any: a value never seen in `fit` and a missing column are zeros.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from llm4rec.core import (
    Column,
    ColumnType,
    Config,
    NotFittedError,
    Numbers,
    SettingsError,
    Sparse,
    Table,
    suggest,
)

C = TypeVar("C", bound=Config)
Labels = tuple[Numbers, NDArray[Any]]
"""Row numbers, and one label for each; a row may have many or none, and no label twice."""


class Block(Protocol):
    """Some columns of features. `state` is JSON-able and carries kind, config and all that was learnt."""

    kind: ClassVar[str]

    @property
    def names(self) -> Sequence[str]: ...
    def fit(self, table: Table) -> Self: ...
    def transform(self, table: Table) -> Sparse: ...
    def state(self) -> dict[str, Any]: ...
    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self: ...


class Fitted(ABC, Generic[C]):
    """What blocks of this package share: they read columns and give one feature a value of `values_`, learnt by `fit`."""

    kind: ClassVar[str]
    config_type: ClassVar[type[Config]]
    learnt: ClassVar[tuple[str, ...]] = ("values_",)
    values_: NDArray[Any]

    def __init__(self, config: C) -> None:
        self.config = config

    @classmethod
    def of(cls, column: str, **options: Any) -> Self:
        """The block of one column; SettingsError names an option that is unknown or out of range."""
        return cls(cls.config_type.of({"column": column, **options}, cls.__name__))  # type: ignore[arg-type]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the block reads."""
        return (self.config.column,)  # type: ignore[attr-defined]

    @property
    def names(self) -> list[str]:
        """One a column, as in "categories=Comedy"; none before `fit`."""
        title = ",".join(self.columns)
        return [f"{title}={self._say(value)}" for value in getattr(self, "values_", np.zeros(0)).tolist()]

    def state(self) -> dict[str, Any]:
        """Kind, config and what was learnt, in plain values."""
        self._fitted()
        learnt = {name: _plain(getattr(self, name)) for name in self.learnt}
        return {"kind": self.kind, "config": self.config.model_dump(), "learnt": learnt}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The fitted block of a state."""
        block = cls(cls.config_type.of(state["config"], cls.__name__))  # type: ignore[arg-type]
        for name in cls.learnt:
            value = state["learnt"][name]
            setattr(block, name, _array(value) if isinstance(value, list) else value)
        return block

    def _need_columns(self, table: Table) -> None:
        for name in self.columns:
            if name not in table.columns:
                known = ", ".join(table.columns) or "none"
                near = suggest(name, table.columns)
                raise SettingsError(
                    f"{type(self).__name__}: no column {name!r}{near}; the table has: {known}"
                )

    def _fitted(self) -> NDArray[Any]:
        if not hasattr(self, "values_"):
            raise NotFittedError(f"{type(self).__name__} of {', '.join(self.columns)} needs fit first")
        return self.values_

    def _say(self, value: Any) -> str:
        return str(value)


class Labelled(Fitted[C]):
    """Blocks that give rows labels: one feature a label known since `fit`, 1 where a row has it."""

    def fit(self, table: Table) -> Self:
        """Learn the labels of `table`; SettingsError where it has no such column."""
        self._need_columns(table)
        self._learn(table)
        self.values_ = self._values(self._labels(table)[1])
        return self

    def transform(self, table: Table) -> Sparse:
        """(rows, labels) of ones, float32."""
        shape = len(table), len(self._fitted())
        if any(name not in table.columns for name in self.columns):
            return nothing(*shape)
        rows, labels = self._labels(table)
        place = place_among(self.values_, labels)
        return indicator(rows[place >= 0], place[place >= 0], shape)

    def _learn(self, table: Table) -> None:
        """Whatever `_labels` needs to know; nothing unless overridden."""

    @abstractmethod
    def _labels(self, table: Table) -> Labels:
        """Every row's labels."""

    def _values(self, labels: NDArray[Any]) -> NDArray[Any]:
        """The labels that get a column, sorted."""
        return np.unique(labels)


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


def _array(values: list[Any]) -> NDArray[Any]:
    text = any(isinstance(value, str) for value in values)
    return np.array(values, dtype=object if text else None)


def place_among(values: NDArray[Any], labels: NDArray[Any]) -> Numbers:
    """The place of each label among the sorted `values`, -1 where it is not there."""
    if len(values) == 0 or len(labels) == 0:
        return np.full(len(labels), -1, dtype=np.int64)
    place = np.minimum(np.searchsorted(values, labels), len(values) - 1)
    return np.where(values[place] == labels, place, -1).astype(np.int64)


def indicator(rows: Numbers, columns: Numbers, shape: tuple[int, int]) -> Sparse:
    """Ones at the places named; each is named once."""
    return sparse.csr_matrix((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=shape)


def nothing(rows: int, columns: int) -> Sparse:
    """A matrix of zeros."""
    none = np.zeros(0, dtype=np.int64)
    return indicator(none, none, (rows, columns))


def unit_length(matrix: Sparse) -> Sparse:
    """Each row scaled to length one, float32; a row of zeros stays zero."""
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1), dtype=np.float64).ravel())
    scale = np.repeat(1.0 / np.where(lengths > 0, lengths, 1.0), np.diff(matrix.indptr))
    data = (matrix.data * scale).astype(np.float32)
    return sparse.csr_matrix((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def typed(table: Table, name: str, kinds: Sequence[ColumnType], block: object) -> Column:
    """The column; SettingsError where its type is none of `kinds`."""
    column = table.columns[name]
    if column.type not in kinds:
        raise SettingsError(
            f"{type(block).__name__} reads a column of {' or '.join(kinds)}, but {name!r} is {column.type}. "
            "Set another type for the column, or choose another block"
        )
    return column


def present(column: Column) -> Labels:
    """Rows that have a value, and the values."""
    rows = np.flatnonzero(~column.missing()).astype(np.int64)
    return rows, column.values[rows]
