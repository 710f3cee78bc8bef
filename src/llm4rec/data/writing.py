"""A data set out to a folder that `read_dataset` reads back. Knows nothing of engines."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from llm4rec.core import Catalog, Column, ColumnType, Dataset, FolderError, Interactions, Users
from llm4rec.data.occasions import CONTEXT

Suffix = Literal["parquet", "csv", "jsonl"]
NUMBERS = (ColumnType.NUMBER, ColumnType.TIME)


def write_folder(dataset: Dataset, path: str | Path, suffix: Suffix = "parquet") -> Path:
    """Interactions, items, users and dataset.toml under `path`, which must not exist or be an empty folder.

    Written beside and renamed when complete: there is never half a folder under that name.
    """
    path = Path(path)
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise FolderError(f"{path} exists already; choose another folder, or remove it")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.parent / f".{path.name}.{os.getpid()}.part"
    try:
        beside.mkdir()
        _write_tables(dataset, beside, suffix)
        (beside / "dataset.toml").write_text(_about(dataset), encoding="utf-8")
        os.replace(beside, path)
    except OSError as error:
        raise FolderError(f"cannot write {path}: {error}") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return path


def _write_tables(dataset: Dataset, folder: Path, suffix: Suffix) -> None:
    plain = suffix == "csv"
    tables = {
        "interactions": _events(dataset),
        "items": _described(dataset.catalog, "item_id", plain),
        "users": _described(dataset.users, "user_id", plain),
    }
    for name, table in tables.items():
        _WRITERS[suffix](table, folder / f"{name}.{suffix}")


_WRITERS: dict[Suffix, Callable[[pl.DataFrame, Path], Any]] = {
    "parquet": pl.DataFrame.write_parquet,
    "csv": pl.DataFrame.write_csv,
    "jsonl": pl.DataFrame.write_ndjson,
}


def _events(dataset: Dataset) -> pl.DataFrame:
    """The columns that the reader knows, absent ones left out; values only where an event has one."""
    rows: Interactions = dataset.interactions
    columns: dict[str, pl.Series | list[Any]] = {
        "user_id": dataset.users.ids.names(rows.users),
        "item_id": dataset.catalog.ids.names(rows.items),
        "timestamp": _whole(rows.timestamps),
        "kind": [rows.kind_names[kind] for kind in rows.kinds.tolist()],
        "value": pl.Series(rows.values).fill_nan(None),
    }
    if rows.texts is not None:
        columns["text"] = pl.Series(rows.texts.tolist(), dtype=pl.String)
    if rows.impressions is not None:
        columns["impression"] = pl.Series(rows.impressions.tolist(), dtype=pl.String)
    if rows.contexts is not None:
        for name in rows.contexts.names:
            words = rows.contexts.column(name).tolist()
            columns[f"{CONTEXT}{name}"] = pl.Series(words, dtype=pl.String)
    return pl.DataFrame(columns)


def _described(table: Catalog | Users, id_column: str, plain: bool) -> pl.DataFrame:
    columns: dict[str, Any] = {id_column: list(table.ids.ids)}
    for name, column in table.columns.items():
        columns[name] = _series(column, plain)
    return pl.DataFrame(columns)


def _series(column: Column, plain: bool) -> pl.Series:
    """A column as polars has it; `plain` tables hold tags as "a|b" and vectors as "[1.0, 2.0]"."""
    if column.type in NUMBERS:
        return _whole(column.values)
    if column.type is ColumnType.TAGS:
        tags = [list(values) for values in column.values]
        return pl.Series(["|".join(t) for t in tags]) if plain else pl.Series(tags, dtype=pl.List(pl.String))
    if column.type is ColumnType.VECTOR:
        vectors = [None if np.isnan(row).any() else row.tolist() for row in column.values]
        texts = [None if row is None else json.dumps(row) for row in vectors]
        return pl.Series(texts) if plain else pl.Series(vectors, dtype=pl.List(pl.Float32))
    return pl.Series(column.values.tolist())


def _whole(values: np.ndarray[Any, Any]) -> pl.Series:
    """Numbers without ".0" where all of them are whole; NaN is missing."""
    series = pl.Series(np.asarray(values, dtype=np.float64)).fill_nan(None)
    there = series.drop_nulls()
    whole = bool((there == there.floor()).all()) and bool((there.abs() < 2**53).all())
    return series.cast(pl.Int64) if whole else series


def _about(dataset: Dataset) -> str:
    """dataset.toml; JSON strings are TOML strings."""
    types = {
        name: column.type.value
        for table in (dataset.users, dataset.catalog)
        for name, column in table.columns.items()
    }
    lines = [
        f"name = {quoted(dataset.name)}",
        f"about = {quoted('. '.join(note.rstrip('.') for note in dataset.notes))}",
        f"synthetic = {'true' if dataset.synthetic else 'false'}",
    ]
    if types:
        lines += ["", "[types]", *(f"{quoted(name)} = {quoted(kind)}" for name, kind in types.items())]
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    """A string as TOML writes it; JSON strings are TOML strings."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
