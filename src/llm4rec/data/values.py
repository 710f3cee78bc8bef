"""Columns as plain numbers or plain text, whatever they were written as. Knows nothing of what they mean."""

from __future__ import annotations

import polars as pl

from llm4rec.data.report import Findings
from llm4rec.data.sheet import Sheet


def can_be_text(kind: object) -> bool:
    """Whether values of this type have one plain way to be written."""
    if isinstance(kind, pl.Categorical | pl.Enum):
        return True
    plain = (pl.String, pl.Boolean, pl.Null, pl.Date, pl.Datetime)
    return isinstance(kind, pl.DataType) and (kind in plain or kind.is_numeric())


def words_of(sheet: Sheet, column: str, findings: Findings) -> pl.Series | None:
    """A column as text, null where it is blank; None, which is a problem, where it holds no text."""
    values = sheet.frame[column]
    if not can_be_text(values.dtype):
        message, remedy = f"text is not {values.dtype}", "Write text, or rename the column."
        findings.bad(sheet, column, values.is_not_null(), message, remedy)
        return None
    words = values.cast(pl.String)
    return words.set(words.str.strip_chars() == "", None)


def numbers_of(sheet: Sheet, column: str, findings: Findings) -> pl.Series:
    """A column as finite Float64, null where a value is missing; anything else is a problem."""
    values = sheet.frame[column]
    if values.dtype == pl.String:
        bare = values.str.strip_chars()
        bare = bare.set(bare == "", None)
        numbers = bare.cast(pl.Float64, strict=False)
        strange = bare.is_not_null() & numbers.is_null()
        remedy = "Write a number (with a point, not a comma), or leave the value empty."
        findings.bad(sheet, column, strange, "is not a number", remedy)
        if not sheet.plain and not strange.any():
            findings.note(sheet.file, "numbers were written as text", sheet.told(column))
    elif values.dtype.is_numeric() or values.dtype in (pl.Boolean, pl.Null):
        numbers = values.cast(pl.Float64)
    else:
        findings.problem(sheet.file, f"a number is not {values.dtype}", "Write numbers.", sheet.told(column))
        return pl.Series(column, [None], dtype=pl.Float64).new_from_index(0, len(values))
    numbers = numbers.set(numbers.is_nan(), None)
    findings.bad(sheet, column, numbers.is_infinite(), "is not a finite number", "Write a number.")
    return numbers
