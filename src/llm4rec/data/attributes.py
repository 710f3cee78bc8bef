"""Columns of items and users as typed attributes. Opens no media; knows nothing of interactions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from llm4rec.core import Column, ColumnType, suggest
from llm4rec.data.about import IGNORE
from llm4rec.data.infer import DAY, infer_type
from llm4rec.data.media import read_media
from llm4rec.data.report import Findings
from llm4rec.data.sheet import Sheet
from llm4rec.data.times import epoch, iso_seconds
from llm4rec.data.values import can_be_text, numbers_of, words_of

SEPARATOR = "|"
# What these columns of items mean needs no judging.
FIXED = {
    "title": ColumnType.TEXT,
    "description": ColumnType.TEXT,
    "text": ColumnType.TEXT,
    "categories": ColumnType.TAGS,
    "image": ColumnType.MEDIA,
    "audio": ColumnType.MEDIA,
}


def read_attributes(
    sheet: Sheet, id_column: str, types: Mapping[str, str], root: Path | None, findings: Findings
) -> dict[str, Column]:
    """Every column but the id, typed: as `types` says, as its name says, or as its values look."""
    columns = {}
    for name in [c for c in sheet.frame.columns if c != id_column]:
        if types.get(name) == IGNORE:
            continue
        kind = ColumnType(types[name]) if name in types else _type_of(sheet, name, findings)
        if kind is ColumnType.MEDIA:
            columns[name] = Column(kind, read_media(sheet, name, root, findings))
        elif kind is not None:
            columns[name] = Column(kind, _READERS[kind](sheet, name, findings))
    return columns


def _type_of(sheet: Sheet, name: str, findings: Findings) -> ColumnType | None:
    values = sheet.frame[name]
    fixed = FIXED.get(name) if values.null_count() < len(values) else None
    return fixed or infer_type(sheet, name, findings)


def check_types(types: Mapping[str, str], sheets: list[Sheet], findings: Findings) -> None:
    """A type set for a column that no table has is a problem."""
    known = {column for sheet in sheets for column in sheet.frame.columns}
    for column in types:
        if column not in known:
            message = f"types.{column} is set, but no table has this column{suggest(column, known)}"
            findings.problem("dataset.toml", message, "Correct the name, or remove the line.", column)


def _objects(values: list[Any]) -> NDArray[Any]:
    return np.fromiter(values, dtype=object, count=len(values))


def _number(sheet: Sheet, name: str, findings: Findings) -> NDArray[Any]:
    numbers = numbers_of(sheet, name, findings)
    return numbers.fill_null(float("nan")).to_numpy().copy()


def _words(sheet: Sheet, name: str, findings: Findings) -> pl.Series:
    """As text, null where blank and, with a problem, where it is none."""
    words = words_of(sheet, name, findings)
    return pl.Series(name, [None] * len(sheet), dtype=pl.String) if words is None else words


def _time(sheet: Sheet, name: str, findings: Findings) -> NDArray[Any]:
    values = sheet.frame[name]
    if values.dtype in (pl.Date, pl.Datetime):
        seconds = epoch(values)
    elif values.dtype.is_numeric():
        seconds = numbers_of(sheet, name, findings)
    else:
        words = _words(sheet, name, findings)
        day = words.str.strip_chars().str.to_date("%d-%b-%Y", strict=False)
        day = day.set(~words.str.contains(DAY).fill_null(False), None)
        seconds = iso_seconds(words)[0].fill_null(epoch(day))
        if sheet.plain and seconds.null_count() == len(seconds):
            seconds = words.cast(pl.Float64, strict=False)
        remedy = "Write ISO dates such as 2024-05-01, or leave the value empty."
        findings.bad(sheet, name, words.is_not_null() & seconds.is_null(), "is not a date", remedy)
    return seconds.fill_null(float("nan")).to_numpy().copy()


def _category(sheet: Sheet, name: str, findings: Findings) -> NDArray[Any]:
    words = _words(sheet, name, findings)
    lower = words.str.strip_chars().str.to_lowercase()
    truth = sheet.plain and bool(lower.drop_nulls().is_in(["true", "false"]).all())
    if truth or sheet.frame[name].dtype == pl.Boolean:
        words = lower.replace({"true": "yes", "false": "no"})
    return _objects(words.to_list())


def _text(sheet: Sheet, name: str, findings: Findings) -> NDArray[Any]:
    return _objects(_words(sheet, name, findings).to_list())


def _tags(sheet: Sheet, name: str, findings: Findings) -> NDArray[Any]:
    values = sheet.frame[name]
    if isinstance(values.dtype, pl.Array):
        values = values.arr.to_list()
    if not isinstance(values.dtype, pl.List):
        values = _words(sheet, name, findings).str.split(SEPARATOR)
    elif not can_be_text(values.dtype.inner):
        message, remedy = f"tags are not {values.dtype}", "Write lists of text, or text with | between tags."
        findings.bad(sheet, name, values.is_not_null(), message, remedy)
        return _objects([()] * len(values))
    rows = values.cast(pl.List(pl.String)).to_list()
    return _objects([tuple(t.strip() for t in row or () if t and t.strip()) for row in rows])


def _vector(sheet: Sheet, name: str, findings: Findings) -> NDArray[Any]:
    """Lists of numbers of one length as a matrix; CSV holds them as "[0.1, 0.2]"."""
    values = _number_lists(sheet, name, findings)
    lengths = values.list.len().fill_null(0)
    there = lengths > 0
    width = int(lengths.filter(there)[0]) if there.any() else 0
    message = f"a vector has another length than the first, which has {width} numbers"
    remedy = "Give every vector the same length, or leave it empty."
    matrix = np.full((len(values), width), np.nan, dtype=np.float32)
    if findings.bad(sheet, name, there & (lengths != width), message, remedy) or width == 0:
        return matrix
    flat = values.filter(there).explode().cast(pl.Float32).fill_null(float("nan"))
    matrix[there.to_numpy()] = flat.to_numpy().reshape(-1, width)
    infinite = pl.Series(np.isinf(matrix).any(axis=1))
    findings.bad(sheet, name, infinite, "a vector holds an infinite number", "Write finite numbers.")
    return matrix


def _number_lists(sheet: Sheet, name: str, findings: Findings) -> pl.Series:
    values = sheet.frame[name]
    empty = pl.Series(name, [None] * len(values), dtype=pl.List(pl.Float64))
    remedy = "Write lists of numbers: [0.1, 0.2]."
    if isinstance(values.dtype, pl.Array):
        values = values.arr.to_list()
    if values.dtype == pl.String:
        words = _words(sheet, name, findings)
        strange = ~words.str.contains(r"^\s*\[[-+0-9.eE,\s]*\]\s*$")
        if findings.bad(sheet, name, strange, "is not a list of numbers", remedy):
            return empty
        parts = words.str.strip_chars("[] \t").str.replace_all(r"\s", "").str.split(",")
        return parts.cast(pl.List(pl.Float64), strict=False)
    if not isinstance(values.dtype, pl.List) or not values.dtype.inner.is_numeric():
        findings.problem(sheet.file, f"a vector is not {values.dtype}", remedy, sheet.told(name))
        return empty
    return values.cast(pl.List(pl.Float64))


_READERS: dict[ColumnType, Callable[[Sheet, str, Findings], NDArray[Any]]] = {
    ColumnType.NUMBER: _number,
    ColumnType.TIME: _time,
    ColumnType.CATEGORY: _category,
    ColumnType.TAGS: _tags,
    ColumnType.TEXT: _text,
    ColumnType.VECTOR: _vector,
}
