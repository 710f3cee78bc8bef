"""What a check has found: problems, notes and counts. Knows nothing of how it was found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import polars as pl

from llm4rec.core import Problem
from llm4rec.data.sheet import Sheet

WIDTH = 60


def shown(value: object) -> str:
    """A value as it may stand in a message: at most 60 characters, control characters escaped."""
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, pl.Series):
        value = value.head(5).to_list()
    text = repr(value[: WIDTH * 2]) if isinstance(value, str) else str(value)
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"


@dataclass(frozen=True)
class Note:
    """Something that was accepted, but that one should know of; `count` rows where that makes sense."""

    file: str
    column: str | None
    message: str
    count: int | None = None

    def __str__(self) -> str:
        place = self.file if self.column is None else f"{self.file}, column {self.column!r}"
        more = "" if self.count is None else f" [{self.count} rows]"
        return f"{place}: {self.message}{more}"


@dataclass(frozen=True)
class CheckReport:
    """All that is wrong (problems), all that was assumed (notes), and how much there is (counts)."""

    name: str
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()
    counts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """True where the data can be used as it is."""
        return not self.problems

    def to_json(self) -> str:
        """The report as JSON text."""
        content = {
            "name": self.name,
            "ok": self.ok,
            "counts": dict(self.counts),
            "problems": [asdict(problem) for problem in self.problems],
            "notes": [asdict(note) for note in self.notes],
        }
        return json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False)

    def __str__(self) -> str:
        lines = [f"{self.name}: {'can be used' if self.ok else f'{len(self.problems)} problem(s)'}"]
        lines += [f"  {name}: {_plain(value)}" for name, value in self.counts.items()]
        lines += [f"problem: {problem}" for problem in self.problems]
        lines += [f"note: {note}" for note in self.notes]
        return "\n".join(lines)


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(part)}" for name, part in value.items())
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


class Findings:
    """Collects problems and notes while tables are read; a million bad rows are one problem with a count."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.notes: list[Note] = []

    def problem(self, file: str, message: str, remedy: str, column: str | None = None) -> None:
        """Something is wrong with a file or a column as a whole."""
        self.problems.append(Problem(file, column, None, None, message, remedy))

    def note(self, file: str, message: str, column: str | None = None, count: int | None = None) -> None:
        """Something was assumed or left out."""
        self.notes.append(Note(file, column, message, count))

    def bad(self, sheet: Sheet, column: str, rows: pl.Series, message: str, remedy: str) -> bool:
        """One problem for all true `rows` of a column, naming the first; False where there are none."""
        rows = rows.fill_null(False)
        count = int(rows.sum())
        if count:
            first = int(rows.arg_max() or 0)
            value = shown(sheet.frame[column][first])
            self.problems.append(
                Problem(sheet.file, sheet.told(column), sheet.row(first), value, message, remedy, count)
            )
        return count > 0

    def report(self, name: str, counts: Mapping[str, Any]) -> CheckReport:
        """What was collected, as a report."""
        return CheckReport(name, tuple(self.problems), tuple(self.notes), counts)
