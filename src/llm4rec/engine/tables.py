"""Catalogs, users and interactions to parquet files and back, types kept. Knows nothing of models."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import polars as pl

from llm4rec.core import (
    Catalog,
    Column,
    ColumnType,
    EventContexts,
    FolderError,
    Interactions,
    Users,
    Vocabulary,
)

D = TypeVar("D", Catalog, Users)
IDS = "__id__"
CONTEXT = "context:"  # before the name of each column of contexts


def write_described(table: Catalog | Users, path: Path) -> None:
    """Ids and columns to one parquet file, with the types of the columns in its neighbour `.json`."""
    frame = {IDS: pl.Series(list(table.ids.ids), dtype=pl.Int64 if table.ids.numeric else pl.String)}
    for name, column in table.columns.items():
        frame[f"c:{name}"] = _series(column)
    pl.DataFrame(frame).write_parquet(path)
    types = {name: column.type.value for name, column in table.columns.items()}
    path.with_suffix(".json").write_text(json.dumps({"types": types}, ensure_ascii=False), encoding="utf-8")


def read_described(kind: type[D], path: Path) -> D:
    """What `write_described` wrote."""
    try:
        frame = pl.read_parquet(path)
        types: Mapping[str, str] = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["types"]
        columns = {name: _column(frame[f"c:{name}"], ColumnType(t)) for name, t in types.items()}
        return kind(Vocabulary(frame[IDS].to_list()), columns)
    except (OSError, pl.exceptions.PolarsError, KeyError, ValueError) as error:
        raise FolderError(f"{path} cannot be read: {error}. Fit and save the engine again") from error


def _series(column: Column) -> pl.Series:
    if column.type in (ColumnType.NUMBER, ColumnType.TIME):
        return pl.Series(column.values, dtype=pl.Float64)
    if column.type is ColumnType.VECTOR:
        return pl.Series(column.values.tolist(), dtype=pl.List(pl.Float32))
    if column.type is ColumnType.TAGS:
        return pl.Series([list(value) for value in column.values], dtype=pl.List(pl.String))
    if column.type is ColumnType.MEDIA:
        binary = [value if isinstance(value, bytes) else None for value in column.values]
        names = [value if isinstance(value, str) else None for value in column.values]
        return pl.DataFrame(
            {"bytes": pl.Series(binary, dtype=pl.Binary), "path": pl.Series(names, dtype=pl.String)}
        ).to_struct()
    return pl.Series(list(column.values), dtype=pl.String)


def _column(series: pl.Series, kind: ColumnType) -> Column:
    if kind in (ColumnType.NUMBER, ColumnType.TIME):
        return Column(kind, series.to_numpy().astype(np.float64))
    if kind is ColumnType.VECTOR:
        return Column(kind, np.array(series.to_list(), dtype=np.float32).reshape(len(series), -1))
    values = np.empty(len(series), dtype=object)
    for row, value in enumerate(series.to_list()):
        values[row] = _value(value, kind)
    return Column(kind, values)


def _value(value: Any, kind: ColumnType) -> Any:
    if kind is ColumnType.TAGS:
        return tuple(value)
    if kind is ColumnType.MEDIA:
        return value["bytes"] if value["bytes"] is not None else value["path"]
    return value


def write_interactions(interactions: Interactions, path: Path) -> None:
    """All columns to one parquet file."""
    names = np.array(interactions.kind_names, dtype=object)
    frame = pl.DataFrame(
        {
            "user": interactions.users,
            "item": interactions.items,
            "kind": pl.Series(names[interactions.kinds].tolist(), dtype=pl.String),
            "value": interactions.values,
            "timestamp": interactions.timestamps,
        }
    )
    for name, values in (("text", interactions.texts), ("impression", interactions.impressions)):
        if values is not None:
            told = [None if value is None else str(value) for value in values]
            frame = frame.with_columns(pl.Series(name, told, dtype=pl.String))
    if interactions.contexts is not None:
        for name in interactions.contexts.names:
            words = pl.Series(
                f"{CONTEXT}{name}", interactions.contexts.column(name).tolist(), dtype=pl.String
            )
            frame = frame.with_columns(words)
    frame.write_parquet(path)


def read_interactions(path: Path) -> Interactions:
    """What `write_interactions` wrote, in the same order."""
    try:
        frame = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise FolderError(f"{path} cannot be read: {error}. Fit and save the engine again") from error
    kinds = frame["kind"].to_list()
    names = tuple(dict.fromkeys(kinds)) or ("click",)
    place = {name: number for number, name in enumerate(names)}
    return Interactions.of(
        frame["user"].to_numpy(),
        frame["item"].to_numpy(),
        kinds=[place[k] for k in kinds],
        kind_names=names,
        values=frame["value"].to_numpy(),
        timestamps=frame["timestamp"].to_numpy(),
        texts=_objects(frame, "text"),
        impressions=_objects(frame, "impression"),
        contexts=_contexts(frame),
    )


def _contexts(frame: pl.DataFrame) -> EventContexts | None:
    columns = {c.removeprefix(CONTEXT): frame[c].to_list() for c in frame.columns if c.startswith(CONTEXT)}
    return EventContexts.of(columns) if columns else None


def _objects(frame: pl.DataFrame, name: str) -> Any:
    return np.array(frame[name].to_list(), dtype=object) if name in frame.columns else None
