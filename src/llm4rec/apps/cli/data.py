"""`llm4rec data`: look at a data set before anything is learnt from it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from llm4rec.apps.cli.options import AsJson, Folder

app = typer.Typer(help="Check and show data sets.", no_args_is_help=True, pretty_exceptions_enable=False)


@app.command("check")
def check(
    folder: Folder,
    safety: Annotated[
        bool, typer.Option("--safety", help="Also look for attacks and harmful content in item texts.")
    ] = False,
    json: AsJson = False,
) -> None:
    """List everything that is wrong or worth knowing, with file, row, column, value and remedy. Exit code 2 if wrong."""
    from llm4rec.data import check as check_source

    report = check_source(folder)
    if safety and report.ok:
        _check_safety(folder, json)
    elif json:
        typer.echo(report.to_json())
    else:
        typer.echo(str(report))
    if not report.ok:
        raise typer.Exit(2)


def _check_safety(folder: Path, json: bool) -> None:
    """The report, and which items hold attacks or harmful content."""
    from json import loads

    from llm4rec.apps.cli.screen import as_json, table
    from llm4rec.core.suspect import suspicious
    from llm4rec.data import harmful, load
    from llm4rec.engine.safety import default_guard

    loaded = load(folder)
    catalog = loaded.dataset.catalog
    found: dict[str, list[object]] = {
        name: [catalog.ids.ids[n] for n in numbers]
        for name, numbers in harmful(loaded.dataset, default_guard()).items()
    }
    for name, text in zip(catalog.ids.ids, catalog.texts, strict=True):
        for reason in suspicious(text).reasons:
            found.setdefault(reason, []).append(name)
    if json:
        as_json({**loads(loaded.report.to_json()), "safety": found})
        return
    typer.echo(str(loaded.report))
    rows = [(why, len(ids), ", ".join(map(str, ids[:5]))) for why, ids in found.items()]
    table("attacks and harmful content", ["found", "items", "such as"], rows or [("nothing", 0, "")])


@app.command("show")
def show(folder: Folder, json: AsJson = False) -> None:
    """Print counts, columns with their types, and the first items and interactions."""
    from llm4rec.apps.cli.screen import as_json, table
    from llm4rec.data import load

    loaded = load(folder)
    facts = _facts(loaded, folder)
    if json:
        as_json(facts)
        return
    table(
        str(facts["name"]),
        ["fact", "value"],
        [(k, v) for k, v in facts.items() if not isinstance(v, dict | list)],
    )
    columns = facts["columns"]
    table(
        "columns of items",
        ["column", "type", "missing"],
        [(n, c["type"], c["missing"]) for n, c in columns.items()],
    )
    table("first items", ["id", "title"], facts["first_items"])


def _facts(loaded, folder: Path):  # type: ignore[no-untyped-def]
    dataset = loaded.dataset
    catalog = dataset.catalog
    return {
        "name": dataset.name,
        "folder": str(folder),
        "synthetic": dataset.synthetic,
        **loaded.report.counts,
        "splits": {name: str(value) for name, value in loaded.splits.items()},
        "columns": {
            name: {"type": column.type.value, "missing": int(column.missing().sum())}
            for name, column in catalog.columns.items()
        },
        "first_items": [[catalog.ids.ids[n], catalog.titles[n]] for n in range(min(5, len(catalog)))],
        "notes": [str(note) for note in loaded.report.notes],
    }
