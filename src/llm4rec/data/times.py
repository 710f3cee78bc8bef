"""Moments as UTC seconds: numbers of any unit, dates, ISO text. Knows nothing of users and items."""

from __future__ import annotations

import polars as pl

from llm4rec.data.report import Findings, shown
from llm4rec.data.sheet import Sheet

YEAR_2100 = 4_102_444_800.0
ORDER_BELOW = 1e6
EARLY = 1e8  # March 1973: smaller numbers say nothing of their unit.
UNITS = {"seconds": 1.0, "milliseconds": 1e3, "microseconds": 1e6, "nanoseconds": 1e9}
ISO = (
    r"^\s*(\d{4}-\d{2}-\d{2})"
    r"(?:[T ](\d{2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?\s*(Z|z|[+-]\d{2}:?\d{2})?)?\s*$"
)
NAIVE = "times without a time zone were taken as UTC"
REMEDY = "Write unix seconds or ISO dates such as 2024-05-01T12:30:00Z."


def read_times(sheet: Sheet, column: str, findings: Findings) -> tuple[pl.Series, bool] | None:
    """UTC seconds and whether they are a clock (an order where not); None where there is a problem."""
    values = sheet.frame[column]
    remedy = "Give every row a time, or remove the column: rows are then taken in the order of the file."
    missing = values.is_null()
    if values.dtype == pl.String:
        missing = missing | (values.str.strip_chars() == "")
    elif values.dtype.is_float():
        missing = missing | values.is_nan()
    if findings.bad(sheet, column, missing, "a time is missing", remedy):
        return None
    if values.dtype.is_temporal():
        return _of_dates(sheet, column, values, findings)
    if values.dtype == pl.String:
        return _of_text(sheet, column, values, findings)
    if values.dtype.is_numeric():
        return _of_numbers(sheet, column, values.cast(pl.Float64), findings)
    findings.problem(sheet.file, f"a time is not {values.dtype}", REMEDY, sheet.told(column))
    return None


def _of_dates(
    sheet: Sheet, column: str, values: pl.Series, findings: Findings
) -> tuple[pl.Series, bool] | None:
    if values.dtype not in (pl.Date, pl.Datetime):
        findings.problem(sheet.file, f"a time is not {values.dtype}", REMEDY, sheet.told(column))
        return None
    if getattr(values.dtype, "time_zone", None) is None:
        findings.note(sheet.file, NAIVE, sheet.told(column))
    return _possible(sheet, column, epoch(values), findings)


def epoch(values: pl.Series) -> pl.Series:
    """Dates or datetimes as UTC seconds."""
    micro = values.cast(pl.Datetime("us")).dt.timestamp("us")
    # Whole seconds apart: polars divides by multiplying with 1e-6, which is off in the last digit.
    return (micro // 1_000_000).cast(pl.Float64) + (micro % 1_000_000).cast(pl.Float64) / 1e6


def _of_text(
    sheet: Sheet, column: str, values: pl.Series, findings: Findings
) -> tuple[pl.Series, bool] | None:
    numbers = values.str.strip_chars().cast(pl.Float64, strict=False)
    seconds, naive = iso_seconds(values)
    strange = numbers.is_null() & seconds.is_null()
    if findings.bad(sheet, column, strange, "is neither a number nor an ISO date", REMEDY):
        return None
    if seconds.null_count() == len(seconds):
        return _of_numbers(sheet, column, numbers, findings)
    message = "some times are numbers and some are dates; this is the first number"
    if findings.bad(sheet, column, seconds.is_null(), message, "Write all times in the same way."):
        return None
    if naive.any():
        findings.note(sheet.file, NAIVE, sheet.told(column), int(naive.sum()))
    return _possible(sheet, column, seconds, findings)


def iso_seconds(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """UTC seconds of ISO text (null where it is none), and which had no time zone."""
    frame = values.str.extract_groups(ISO).struct.unnest()
    frame.columns = ["date", "hour", "minute", "second", "zone"]
    number = {name: pl.col(name).cast(pl.Float64).fill_null(0.0) for name in ("hour", "minute", "second")}
    zone = pl.col("zone").str.replace(":", "", literal=True)
    sign = pl.when(zone.str.starts_with("-")).then(-1.0).otherwise(1.0)
    ahead = zone.str.slice(1, 2).cast(pl.Float64, strict=False) * 3600
    ahead = ahead + zone.str.slice(3, 2).cast(pl.Float64, strict=False) * 60
    day = pl.col("date").str.to_date("%Y-%m-%d", strict=False).cast(pl.Int32).cast(pl.Float64) * 86_400
    moment = day + number["hour"] * 3600 + number["minute"] * 60 + number["second"]
    moment = moment - (sign * ahead).fill_null(0.0)
    possible = (number["hour"] < 24) & (number["minute"] < 60) & (number["second"] < 61)
    result = frame.select(
        pl.when(possible).then(moment).alias("seconds"),
        (pl.col("date").is_not_null() & pl.col("zone").is_null()).alias("naive"),
    )
    return result["seconds"], result["naive"]


def _possible(
    sheet: Sheet, column: str, seconds: pl.Series, findings: Findings
) -> tuple[pl.Series, bool] | None:
    early = findings.bad(sheet, column, seconds < 0, "a time lies before 1970", REMEDY)
    late = findings.bad(sheet, column, seconds >= YEAR_2100, "a time lies after the year 2100", REMEDY)
    return None if early or late else (seconds, True)


def _of_numbers(
    sheet: Sheet, column: str, numbers: pl.Series, findings: Findings
) -> tuple[pl.Series, bool] | None:
    infinite = ~numbers.is_finite()
    impossible = findings.bad(sheet, column, infinite, "a time is not a finite number", REMEDY)
    numbers = numbers.set(infinite, None)
    impossible |= findings.bad(sheet, column, numbers < 0, "a time is negative", REMEDY)
    known = pl.Series(column, [False]).new_from_index(0, len(numbers))
    units = {}
    for unit, per_second in UNITS.items():
        rows = (numbers >= EARLY * per_second) & (numbers < YEAR_2100 * per_second)
        known = known | rows
        if rows.any():
            units[unit] = rows
    strange = ~known & (numbers >= EARLY)
    impossible |= findings.bad(sheet, column, strange, "a time lies after the year 2100", REMEDY)
    if impossible or _mixed(sheet, column, numbers, units, findings):
        return None
    return _scaled(sheet, column, numbers, units, findings)


def _mixed(
    sheet: Sheet, column: str, numbers: pl.Series, units: dict[str, pl.Series], findings: Findings
) -> bool:
    """A problem where times are written in more than one unit; the message has a row of each."""
    if len(units) < 2:
        return False
    firsts = {unit: int(rows.arg_max() or 0) for unit, rows in units.items()}
    told = ", ".join(
        f"row {sheet.row(first)} is in {unit} ({shown(int(numbers[first]))})"
        for unit, first in firsts.items()
    )
    fewest = min(units.values(), key=lambda rows: int(rows.sum()))
    findings.bad(sheet, column, fewest, f"times are in different units: {told}", "Write all in seconds.")
    return True


def _scaled(
    sheet: Sheet, column: str, numbers: pl.Series, units: dict[str, pl.Series], findings: Findings
) -> tuple[pl.Series, bool]:
    file, told = sheet.file, sheet.told(column)
    if not units:
        largest = float(numbers.max() or 0.0)  # type: ignore[arg-type]
        message = f"is a small counter (at most {largest:g}) and was taken as an order, not as a clock"
        if largest < ORDER_BELOW:
            findings.note(file, message, told)
            return numbers, False
        findings.note(file, "all times lie before 1973: if it is an order, that does no harm", told)
        return numbers, True
    unit = next(iter(units))
    if unit != "seconds":
        findings.note(file, f"was in {unit} and became seconds", told, len(numbers))
    early = int((numbers < EARLY * UNITS[unit]).sum())
    if early:
        message = "times before 1973: zero often stands for an unknown time"
        findings.note(file, message, told, early)
    # By numpy, because polars divides by multiplying with the inverse, which is off in the last digit.
    return pl.Series(numbers.name, numbers.to_numpy() / UNITS[unit]), True
