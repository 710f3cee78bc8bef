"""`llm4rec describe`: what can be said of items, with its evidence; of one, or of a whole catalog into a file."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llm4rec.apps.cli.engine import Where
from llm4rec.apps.cli.options import AsJson, SettingsFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm4rec.core import Description, Generator
    from llm4rec.engine import Engine, Settings

Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="With --all: a .jsonl file; a job that was stopped goes on in it."),
]
AsItems = Annotated[
    Path | None,
    typer.Option(
        "--as-items",
        help="With --all: also the items table (.parquet, .csv, .jsonl) with texts where the original is short.",
    ),
]
Rephrase = Annotated[
    bool, typer.Option("--rephrase", help="The generator of the settings may put the words.")
]


def describe(  # noqa: PLR0913, PLR0917 - one parameter an option
    engine: Where,
    item: Annotated[list[str] | None, typer.Option("--item", help="An item id. Repeatable.")] = None,
    every: Annotated[bool, typer.Option("--all", help="The whole catalog, into the file of -o.")] = False,
    output: Output = None,
    style: Annotated[str, typer.Option("--style", help="short, plain, long, simple or facts.")] = "plain",
    language: Annotated[
        str, typer.Option("--language", help="en, zh or auto: that of an item's own words.")
    ] = "auto",
    rephrase: Rephrase = False,
    as_items: AsItems = None,
    settings_file: SettingsFile = None,
    json: AsJson = False,
) -> None:
    """Say what is known of items, every claim with its evidence."""
    from llm4rec.apps.cli.screen import Bars, as_json
    from llm4rec.core import SettingsError
    from llm4rec.engine import Engine, read_settings

    if bool(item) == every:
        raise SettingsError("give either --item ID or --all with -o FILE.jsonl")
    if every != (output is not None) or (as_items is not None and not every):
        raise SettingsError("--all, -o FILE.jsonl and --as-items belong together")
    settings = read_settings(settings_file)
    asked: dict[str, Any] = {
        "style": style,
        "language": language,
        "generator": _generator(settings) if rephrase else None,
    }
    loaded = Engine.load(engine, settings)
    if output is None:
        found = loaded.describe(item, **asked)
        as_json([one.as_json() for one in found]) if json else _show(found)
        return
    facts = {"file": str(output), **asdict(loaded.describe_all(output, progress=Bars(), **asked))}
    if as_items is not None:
        _write_items(loaded, output, as_items)
    as_json(facts) if json else _list(facts)


def _generator(settings: Settings) -> Generator:
    """The language model of the settings; SettingsError where there is none."""
    from llm4rec.core import SettingsError
    from llm4rec.engine.build import build_generator

    generator = build_generator(settings)
    if generator is None:
        raise SettingsError("--rephrase needs a generator: set generator.name in llm4rec.toml")
    return generator


def _list(facts: dict[str, Any]) -> None:
    for name, value in facts.items():
        typer.echo(f"{name.replace('_', ' ')}: {value}")


def _show(found: Sequence[Description]) -> None:
    """Texts on standard output, what was measured of them beside it."""
    from llm4rec.apps.cli.screen import say

    for one in found:
        typer.echo(one.text or f"({one.title})")
        chinese = one.language == "zh"
        unit, ease = ("characters", "characters a sentence") if chinese else ("words", "Flesch reading ease")
        say(f"{one.item}: {one.length} {unit}, {ease} {one.readability:g}, {len(one.claims)} claims")
        for note in one.notes:
            say(f"note: {note}")


def _write_items(engine: Engine, file: Path, table: Path) -> None:
    """The items of an engine with the texts of a file of descriptions."""
    from llm4rec.data import write_items
    from llm4rec.engine.describing import enriched
    from llm4rec.engine.describing_all import read_descriptions

    write_items(enriched(engine.catalog, read_descriptions(file)), table)
