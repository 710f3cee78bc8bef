"""A data set as records that a store keeps: feedback in the order of time, items and users with their attributes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isnan
from typing import Any

import numpy as np

from llm4rec.core import (
    Catalog,
    Column,
    ColumnType,
    Dataset,
    EventContexts,
    Feedback,
    ItemVersion,
    Users,
    UserVersion,
)

SIZE = 2_000  # records of one batch


def feedback(dataset: Dataset, size: int = SIZE) -> Iterator[list[Feedback]]:
    """Every interaction, oldest first, in batches; always the same batches for the same data."""
    order = np.argsort(dataset.interactions.timestamps, kind="stable")
    for start in range(0, len(order), size):
        yield _events(dataset, order[start : start + size])


def _events(dataset: Dataset, numbers: Any) -> list[Feedback]:
    rows = dataset.interactions.take(numbers)
    none: Sequence[Any] = [None] * len(rows)
    columns = (
        dataset.users.ids.names(rows.users),
        dataset.catalog.ids.names(rows.items),
        [rows.kind_names[kind] for kind in rows.kinds.tolist()],
        rows.timestamps.tolist(),
        [None if isnan(value) else value for value in rows.values.tolist()],
        none if rows.texts is None else rows.texts.tolist(),
        none if rows.impressions is None else rows.impressions.tolist(),
        _contexts(rows.contexts, len(rows)),
    )
    return [Feedback(*told) for told in zip(*columns, strict=True)]


def _contexts(contexts: EventContexts | None, rows: int) -> list[dict[str, str]]:
    return [{} if contexts is None else contexts.told(row) for row in range(rows)]


def versions(dataset: Dataset, size: int = SIZE) -> Iterator[list[ItemVersion] | list[UserVersion]]:
    """Items, then users, in batches, as of the newest interaction; what is missing is left out, and so are media bytes."""
    times = dataset.interactions.timestamps
    time = float(times.max()) if len(times) else 0.0
    for start in range(0, len(dataset.catalog), size):
        yield [ItemVersion(name, time, told) for name, told in _described(dataset.catalog, start, size)]
    for start in range(0, len(dataset.users), size):
        yield [UserVersion(name, time, told) for name, told in _described(dataset.users, start, size)]


def _described(table: Catalog | Users, start: int, size: int) -> Iterator[tuple[Any, dict[str, Any]]]:
    columns = {name: _values(column, start, size) for name, column in table.columns.items()}
    for row, name in enumerate(table.ids.ids[start : start + size]):
        told = {column: values[row] for column, values in columns.items()}
        yield name, {column: value for column, value in told.items() if value is not None}


def _values(column: Column, start: int, size: int) -> list[Any]:
    """Plain values, None where one is missing."""
    rows = np.arange(start, min(start + size, len(column)))
    part = column.take(rows)
    missing = part.missing().tolist()
    return [
        None if gone else _plain(part.type, value) for gone, value in zip(missing, part.values, strict=True)
    ]


def _plain(kind: ColumnType, value: Any) -> Any:
    if kind in (ColumnType.NUMBER, ColumnType.TIME):
        number = float(value)
        return int(number) if number.is_integer() and abs(number) < 2**53 else number
    if kind is ColumnType.VECTOR:
        return [float(one) for one in value]
    if kind is ColumnType.TAGS:
        return list(value)
    return None if isinstance(value, bytes) else value


def types(table: Catalog | Users) -> dict[str, str]:
    """The type of each column."""
    return {name: column.type.value for name, column in table.columns.items()}
