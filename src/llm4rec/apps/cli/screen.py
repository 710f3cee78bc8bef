"""What a person sees while and after something runs: progress bars, tables, JSON. Knows nothing of the work."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

import typer

T = TypeVar("T")
PATIENCE = 2.0  # seconds of silence before a bar appears


class Bars:
    """Progress on standard error: a bar once a step has taken two seconds; plain lines where there is no terminal."""

    def __call__(self, steps: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
        """The steps, one by one, with their progress shown."""
        started, bar = time.monotonic(), None
        size = total if total is not None else (len(steps) if isinstance(steps, Sequence) else None)
        try:
            for done, step in enumerate(steps):
                yield step
                if bar is None and time.monotonic() - started > PATIENCE and sys.stderr.isatty():
                    bar = _bar(label, size)
                if bar is not None:
                    bar.update(bar.task_ids[0], completed=done + 1)
        finally:
            if bar is not None:
                bar.stop()
        took = time.monotonic() - started
        if bar is None and took > PATIENCE:
            typer.echo(f"{label}: {took:.1f} s", err=True)


def _bar(label: str, total: int | None) -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    bar.add_task(label, total=total)
    bar.start()
    return bar


def say(text: str) -> None:
    """A line for a person, on standard error, so that standard output stays clean for results."""
    typer.echo(text, err=True)


def to_json(content: Any) -> str:
    """One JSON document; a number that is not finite is an error of ours, not a value."""
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)


def as_json(content: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(to_json(content))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on standard output, as wide as it needs to be."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    result = Table(title=Text(title), title_justify="left", show_edge=False, pad_edge=False)
    body = [[_cell(value) for value in row] for row in rows]
    for place, column in enumerate(columns):
        numeric = bool(body) and all(_is_number(row[place]) for row in body)
        result.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in body:
        result.add_row(*(Text(cell) for cell in row))
    console = Console()
    if not console.is_terminal:
        console = Console(width=160)
    console.print(result)


def _cell(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).replace("-", "", 1).isdigit()
