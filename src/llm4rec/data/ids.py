"""Columns of ids: whole numbers or text, never both, never missing. Knows nothing of other columns."""

from __future__ import annotations

import polars as pl

from llm4rec.data.report import Findings, shown
from llm4rec.data.sheet import Sheet

WHOLE = r"^-?(0|[1-9][0-9]{0,17})$"
WHOLE_AS_FLOAT = r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]+)?$"
MISSING = ("nan", "NaN", "None", "none", "null", "NULL", "<NA>", "NaT")
LARGEST_WHOLE_FLOAT = float(2**53)
FILL = "Give every row an id, or remove the row."


def read_ids(sheet: Sheet, column: str, findings: Findings) -> pl.Series | None:
    """The ids as Int64 or String; null where one is missing, None where the column cannot hold ids.

    Both are problems.
    """
    values = sheet.frame[column]
    kind = values.dtype
    if isinstance(kind, pl.Categorical | pl.Enum):
        values, kind = values.cast(pl.String), pl.String()
    if kind == pl.String:
        return _text(sheet, column, values, findings)
    if kind.is_integer():
        findings.bad(sheet, column, values.is_null(), "an id is missing", FILL)
        return _narrow(values)
    if kind.is_float() or kind.is_decimal():
        return _floats(sheet, column, values.cast(pl.Float64), findings)
    if kind == pl.Null:
        findings.bad(sheet, column, values.is_null(), "an id is missing", FILL)
        return None
    message = f"ids are whole numbers or text, not {kind}"
    findings.bad(sheet, column, values.is_not_null(), message, "Write the ids as numbers or as text.")
    return None


def _narrow(values: pl.Series) -> pl.Series:
    """As Int64 where they fit."""
    narrow = values.cast(pl.Int64, strict=False)
    return narrow if narrow.null_count() == values.null_count() else values


def _floats(sheet: Sheet, column: str, values: pl.Series, findings: Findings) -> pl.Series | None:
    """12.0 is 12, as pandas writes a column of whole numbers with a gap in it."""
    missing = values.is_null() | values.is_nan()
    findings.bad(sheet, column, missing, "an id is missing", FILL)
    known = values.set(missing, None)
    broken = (known != known.floor()) | (known.abs() >= LARGEST_WHOLE_FLOAT)
    remedy = "Write the ids as whole numbers or as text."
    if findings.bad(sheet, column, broken, "an id is not a whole number", remedy):
        return None
    findings.note(sheet.file, "ids such as 12.0 were taken as whole numbers", sheet.told(column))
    return known.cast(pl.Int64)


def _text(sheet: Sheet, column: str, values: pl.Series, findings: Findings) -> pl.Series | None:
    bare = values.str.strip_chars()
    missing = values.is_null() | (bare == "")
    findings.bad(sheet, column, missing, "an id is missing or empty", FILL)
    words = bare.is_in(MISSING)
    remedy = "Give every row an id; if it really is one, write it differently."
    findings.bad(sheet, column, words, "an id is the word for a missing value", remedy)
    known = values.set(missing.fill_null(True) | words.fill_null(False), None)
    if known.null_count() == len(known):
        return known
    if sheet.plain:
        if bool(known.str.contains(WHOLE).all()):
            return known.cast(pl.Int64)
        if bool(known.str.contains(WHOLE_AS_FLOAT).all()):
            return _floats_as_text(sheet, column, known, findings)
    _note_odd_text(sheet, column, known, findings)
    return known


def _floats_as_text(sheet: Sheet, column: str, known: pl.Series, findings: Findings) -> pl.Series | None:
    numbers = known.cast(pl.Float64)
    remedy = "Write the ids as whole numbers or as text."
    if findings.bad(sheet, column, numbers != numbers.floor(), "an id is not a whole number", remedy):
        return None
    findings.note(sheet.file, "ids such as 12.0 were taken as whole numbers", sheet.told(column))
    return numbers.cast(pl.Int64)


def _note_odd_text(sheet: Sheet, column: str, known: pl.Series, findings: Findings) -> None:
    whole = int(known.str.contains(WHOLE).sum())
    declared = not sheet.is_file or sheet.file.endswith(".parquet")
    if 0 < whole < known.count() and not declared:
        message = "some ids are whole numbers and some are text: all were taken as text"
        findings.note(sheet.file, message, sheet.told(column), whole)
    spaced = int((known != known.str.strip_chars()).sum())
    if spaced:
        message = "ids with spaces around them were kept as they are"
        findings.note(sheet.file, message, sheet.told(column), spaced)


def check_distinct(sheet: Sheet, column: str, ids: pl.Series, findings: Findings) -> None:
    """Every id once; the problem names the first id that stands twice, and both rows."""
    again = ids.is_not_null() & ~ids.is_first_distinct()
    if not again.any():
        return
    second = int(again.arg_max() or 0)
    first = int((ids == ids[second]).arg_max() or 0)
    message = f"{shown(ids[second])} stands in row {sheet.row(first)} and again in row {sheet.row(second)}"
    findings.bad(sheet, column, again, message, "Keep one row an id.")


def comparable(
    ids: pl.Series, others: pl.Series, sheets: tuple[Sheet, Sheet], column: str, findings: Findings
) -> tuple[pl.Series, pl.Series]:
    """Ids of events and of a table as one type; ids that never match are a problem."""
    here, there = sheets
    types = "whole numbers" if ids.dtype.is_integer() else "text", "text"
    differ = ids.dtype.is_integer() != others.dtype.is_integer()
    if differ:
        types = ("whole numbers", "text") if ids.dtype.is_integer() else ("text", "whole numbers")
        ids, others = ids.cast(pl.String), others.cast(pl.String)
    elif ids.dtype != others.dtype:
        ids, others = ids.cast(pl.Int128), others.cast(pl.Int128)
    if not ids.drop_nulls().is_in(others.drop_nulls().implode()).any():
        why = f", which are {types[1]} there and {types[0]} here" if differ else ""
        message = f"no id is among those of {there.file}{why}"
        findings.bad(here, column, ids.is_not_null(), message, "Write the ids in the same way in both.")
    elif differ:
        message = f"ids are {types[0]} here and {types[1]} in {there.file}: compared as text"
        findings.note(here.file, message, here.told(column))
    return ids, others
