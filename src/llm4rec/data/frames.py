"""Frames of other libraries as sheets: polars, pandas, Arrow. Loads none of them itself."""

from __future__ import annotations

from typing import Any

import polars as pl

from llm4rec.core import SettingsError
from llm4rec.data.report import Findings
from llm4rec.data.sheet import Sheet


def _library(thing: object) -> str:
    """The library of a frame or a table; asked by name, so that pandas is not imported to find out."""
    kind = type(thing)
    tables = {"DataFrame": "pandas", "Table": "pyarrow", "RecordBatch": "pyarrow"}
    library = kind.__module__.split(".")[0]
    return library if tables.get(kind.__name__) == library else ""


def sheet_of(thing: object, name: str, findings: Findings) -> Sheet:
    """A frame as a sheet called `name`; values of mixed types become text, with a note."""
    if isinstance(thing, pl.LazyFrame):
        frame = thing.collect()
    elif isinstance(thing, pl.DataFrame):
        frame = thing
    elif _library(thing) == "pandas":
        frame = _from_pandas(thing, name, findings)
    elif _library(thing) == "pyarrow":
        frame = pl.DataFrame(pl.from_arrow(thing))
    else:
        what = type(thing).__name__
        raise SettingsError(f"{name}: cannot read a {what}; give a polars, pandas or Arrow table, or a path")
    objects = [column.name for column in frame.iter_columns() if column.dtype == pl.Object]
    for column in objects:
        frame = frame.with_columns(_as_text(column, frame[column].to_list(), name, findings))
    if frame.height == 0:
        findings.problem(name, "has no rows", "Give a frame with rows, or none.")
    return Sheet(name, frame, is_file=False)


def _from_pandas(thing: Any, name: str, findings: Findings) -> pl.DataFrame:
    """Column by column, because one column of mixed types would spoil the frame."""
    columns = []
    for place, label in enumerate(thing.columns):
        values = thing.iloc[:, place]
        try:
            columns.append(pl.from_pandas(values).alias(str(label)))
        except (TypeError, ValueError, pl.exceptions.PolarsError):
            columns.append(_as_text(str(label), values.tolist(), name, findings))
    return pl.DataFrame(columns)


def _as_text(column: str, values: list[Any], name: str, findings: Findings) -> pl.Series:
    kinds = sorted({type(value).__name__ for value in values if not _absent(value)})
    findings.note(name, f"values of different types ({', '.join(kinds)}) were taken as text", column)
    return pl.Series(column, [None if _absent(value) else str(value) for value in values], dtype=pl.String)


def _absent(value: Any) -> bool:
    return value is None or type(value).__name__ in ("NAType", "NaTType") or value != value  # noqa: PLR0124
