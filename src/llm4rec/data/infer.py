"""What an attribute means, judged by its values. Converts nothing and has no say where a type is set."""

from __future__ import annotations

import polars as pl

from llm4rec.core import ColumnType
from llm4rec.data.report import Findings
from llm4rec.data.sheet import Sheet
from llm4rec.data.times import ISO
from llm4rec.data.values import can_be_text

DAY = r"^\s*\d{1,2}-[A-Za-z]{3}-\d{4}\s*$"
NUMBER = r"^\s*([+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|nan|NaN)\s*$"
LEADING_ZERO = r"^\s*0\d"
# Fewer values than this say nothing of whether a column is an id.
ENOUGH = 20
LONG = 30
ALMOST = 0.9


def infer_type(sheet: Sheet, column: str, findings: Findings) -> ColumnType | None:
    """The type of an attribute; None, with a note, where the column is better left out."""
    values = sheet.frame[column]
    kind = values.dtype
    if values.null_count() == len(values):
        return _left_out(sheet, column, "is empty", findings)
    if isinstance(kind, pl.Categorical | pl.Enum) or kind == pl.Boolean:
        return ColumnType.CATEGORY
    if kind.is_numeric():
        return ColumnType.NUMBER
    if kind in (pl.Date, pl.Datetime):
        return ColumnType.TIME
    if kind == pl.Binary:
        return ColumnType.MEDIA
    if isinstance(kind, pl.List | pl.Array):
        if kind.inner.is_float():
            return ColumnType.VECTOR
        if can_be_text(kind.inner):
            return ColumnType.TAGS
    if kind == pl.String:
        return _of_text(sheet, column, values.drop_nulls(), findings)
    return _left_out(sheet, column, f"has values we do not read ({kind})", findings)


def _left_out(sheet: Sheet, column: str, why: str, findings: Findings) -> ColumnType | None:
    findings.note(sheet.file, f"{why}: left out", sheet.told(column))
    return None


def _of_text(sheet: Sheet, column: str, words: pl.Series, findings: Findings) -> ColumnType | None:
    words = words.filter(words.str.strip_chars() != "")
    if len(words) == 0:
        return _left_out(sheet, column, "is empty", findings)
    typed = _typed_text(sheet, column, words, findings)
    if typed is not None:
        return typed
    distinct = words.n_unique() / len(words)
    length = float(words.str.len_chars().mean() or 0.0)  # type: ignore[arg-type]
    if len(words) >= ENOUGH and distinct >= 0.95:
        compact = float(words.str.contains(r"^[\x21-\x7e]+$").mean() or 0.0)  # type: ignore[arg-type]
        if compact >= 0.95:
            set_it = sheet.how_to_type(column, "category")
            why = f"looks like an id, which teaches nothing (set {set_it} to use it)"
            return _left_out(sheet, column, why, findings)
        return ColumnType.TEXT
    return ColumnType.TEXT if length > LONG and distinct > 0.5 else ColumnType.CATEGORY


def _typed_text(sheet: Sheet, column: str, words: pl.Series, findings: Findings) -> ColumnType | None:
    """Number or time, where every value is one; a note where almost all are."""
    tests = {ColumnType.TIME: words.str.contains(ISO) | words.str.contains(DAY)}
    if sheet.plain and not words.str.contains(LEADING_ZERO).any():
        tests[ColumnType.NUMBER] = words.str.contains(NUMBER)
    for kind, passed in tests.items():
        share = float(passed.mean() or 0.0)  # type: ignore[arg-type]
        if share == 1.0:
            return kind
        if share >= ALMOST:
            others = int((~passed).sum())
            message = f"would be a {kind} but for these; set {sheet.how_to_type(column, kind)} to see them"
            findings.note(sheet.file, message, sheet.told(column), others)
    return None
