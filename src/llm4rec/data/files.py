"""Table files as text or typed columns: parquet, csv, tsv, jsonl. Knows nothing of what the columns mean."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from llm4rec.core import DataError, NotFoundError, Problem, suggest
from llm4rec.data.report import Findings, shown
from llm4rec.data.sheet import Sheet

SUFFIXES = (".parquet", ".csv", ".jsonl", ".tsv", ".ndjson")
BOM = b"\xef\xbb\xbf"


def read_table(path: str | Path, findings: Findings | None = None) -> Sheet:
    """The table of a file. Broken rows are left out and become problems; DataError where nothing can be read.

    Without `findings`, any problem is a DataError.
    """
    path = Path(path)
    _exists(path)
    found = findings if findings is not None else Findings()
    with path.open("rb") as file:
        start = file.read(4)
    if not start.removeprefix(BOM):
        raise _unreadable(path, "the file is empty", "Write a table into it, or remove it.")
    if start.startswith(BOM):
        found.note(path.name, "starts with a byte order mark, which was skipped")
    sheet = _READERS[path.suffix.lower()](path, found)
    if len(sheet) == 0 and not sheet.skipped:
        remedy = "Add rows, or remove the file."
        found.problem(path.name, "has a header but no rows", remedy)
    if findings is None and found.problems:
        raise DataError(found.problems)
    return sheet


def _exists(path: Path) -> None:
    if path.suffix.lower() not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise NotFoundError(f"{path.name}: cannot read this kind of file; tables are one of {known}")
    if not path.is_file():
        there = sorted(p.name for p in path.parent.iterdir()) if path.parent.is_dir() else []
        listed = ", ".join(there[:20]) or "nothing"
        raise NotFoundError(
            f"no file {path.name!r} in {path.parent}{suggest(path.name, there)}; there is: {listed}"
        )


def _unreadable(path: Path, message: str, remedy: str, row: int | None = None) -> DataError:
    return DataError([Problem(path.name, None, row, None, message, remedy)])


def _parquet(path: Path, found: Findings) -> Sheet:
    del found
    try:
        return Sheet(path.name, pl.read_parquet(path))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        why = f"cannot be read as parquet, it may be cut off: {shown(str(error))}"
        raise _unreadable(path, why, "Copy or write the file again.") from None


def _csv(path: Path, found: Findings) -> Sheet:
    """Every value as text: what is a number is judged over the whole column, never over its first rows."""
    import pyarrow as pa
    from pyarrow import csv

    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    header = _header(path, separator)
    broken: list[Any] = []

    def skip(row: Any) -> str:
        broken.append(row)
        return "skip"

    try:
        table = csv.read_csv(
            path,
            # One thread: only then does pyarrow number the broken rows.
            read_options=csv.ReadOptions(use_threads=False, block_size=1 << 24),
            parse_options=csv.ParseOptions(
                delimiter=separator, newlines_in_values=True, invalid_row_handler=skip
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()),
                strings_can_be_null=True,
                null_values=[""],
                quoted_strings_can_be_null=True,
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        _utf8(path)
        why = f"cannot be read as CSV: {shown(str(error))}"
        raise _unreadable(path, why, "Write the file again.") from None
    frame = pl.DataFrame(pl.from_arrow(table))
    skipped = _broken_rows(path, broken, found)
    _open_quote(path, frame, found)
    return Sheet(path.name, frame, plain=True, skipped=skipped)


def _header(path: Path, separator: str) -> list[str]:
    """Names of the columns; DataError where the header cannot be one."""
    import csv

    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            names = next((row for row in csv.reader(file, delimiter=separator) if row), [])
    except UnicodeDecodeError:
        _utf8(path)
        raise
    except csv.Error as error:
        raise _unreadable(path, f"cannot be read as CSV: {error}", "Write the file again.") from None
    other = next((s for s in ";\t|," if len(names) == 1 and s != separator and s in names[0]), None)
    if other:
        remedy = f"Write the file with {separator!r} between the fields."
        raise _unreadable(path, f"fields seem to be separated by {other!r}, not by {separator!r}", remedy)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _unreadable(path, f"column {twice[0]!r} appears twice in the header", "Rename one of them.")
    return names


def _broken_rows(path: Path, broken: list[Any], found: Findings) -> tuple[int, ...]:
    if not broken:
        return ()
    first = broken[0]
    # pyarrow counts the header as row 1.
    rows = tuple(row.number - 1 for row in broken)
    found.problems.append(
        Problem(
            path.name,
            None,
            rows[0],
            shown(first.text),
            f"has {first.actual_columns} fields where the header has {first.expected_columns}",
            "Put quotes around values that contain the separator, or complete the row.",
            len(broken),
        )
    )
    return rows


def _open_quote(path: Path, frame: pl.DataFrame, found: Findings) -> None:
    """A quote that is never closed swallows the rest of the file into one value of the last row."""
    last = [value for value in frame.row(-1) if value and "\n" in value] if frame.height else []
    if last and sum(chunk.count(b'"') for chunk in _chunks(path)) % 2:
        message = "a quote is opened here and never closed: all that follows became one value"
        remedy = "Close the quote, or double it if it belongs to the text."
        found.problems.append(Problem(path.name, None, frame.height, shown(last[-1]), message, remedy))


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(1 << 24):
            yield chunk


def _utf8(path: Path) -> None:
    """DataError that names the first line and byte that are not UTF-8; nothing where all are."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                byte = line[error.start]
                why = f"is not UTF-8: line {number}, byte {error.start + 1} is 0x{byte:02x}"
                raise _unreadable(path, why, "Convert the file to UTF-8.") from None


def _jsonl(path: Path, found: Findings) -> Sheet:
    del found
    data = path.read_bytes().removeprefix(BOM)
    try:
        # Over the whole file: a column that is a number in the first rows may be text later.
        return Sheet(path.name, pl.read_ndjson(io.BytesIO(data), infer_schema_length=None))
    except pl.exceptions.PolarsError as error:
        _utf8(path)
        _broken_line(path, data)
        raise _unreadable(path, f"cannot be read: {shown(str(error))}", "Write the file again.") from None


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON, write null")


def _broken_line(path: Path, data: bytes) -> None:
    """DataError that names the first line that is not a JSON object, or mixes types with an earlier line."""
    types: dict[str, type] = {}
    for row, line in enumerate((text for text in data.splitlines() if text.strip()), start=1):
        try:
            record = json.loads(line, parse_constant=_refuse)
        except ValueError as error:
            raise _bad_line(path, row, line, f"is not JSON: {error}") from None
        if not isinstance(record, dict):
            raise _bad_line(path, row, line, "is not a JSON object")
        for name, value in record.items():
            kind = type(value)
            if value is not None and types.setdefault(name, kind) is not kind:
                _mixed(path, row, (name, value), types[name])


def _bad_line(path: Path, row: int, line: bytes, message: str) -> DataError:
    remedy = 'Write one object a line: {"user_id": 1, "item_id": 2}'
    return DataError([Problem(path.name, None, row, shown(line.decode("utf-8")), message, remedy)])


def _mixed(path: Path, row: int, cell: tuple[str, object], first: type) -> None:
    name, value = cell
    if {type(value), first} <= {int, float, str}:
        return
    message = f"is {type(value).__name__} here and {first.__name__} before"
    remedy = "Write every value of a column in the same way."
    raise DataError([Problem(path.name, name, row, shown(value), message, remedy)])


_READERS = {".parquet": _parquet, ".csv": _csv, ".tsv": _csv, ".jsonl": _jsonl, ".ndjson": _jsonl}
