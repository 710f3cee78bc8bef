"""`llm4rec describe`: what can be said of items, with its evidence; of one, or of a whole catalog into a file."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llm4rec.apps.cli.engine import Where
from llm4rec.apps.cli.options import AsJson, SettingsFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm4rec.core import Catalog, Description


def describe(  # noqa: PLR0913, PLR0917 - one parameter an option
    engine: Where,
    item: Annotated[list[str] | None, typer.Option("--item", help="An item id. Repeatable.")] = None,
    every: Annotated[bool, typer.Option("--all", help="The whole catalog, into the file of -o.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="With --all: a .jsonl file; a job that was stopped goes on in it."
        ),
    ] = None,
    style: Annotated[str, typer.Option("--style", help="short, plain, long, simple or facts.")] = "plain",
    language: Annotated[
        str, typer.Option("--language", help="en, zh or auto: that of an item's own words.")
    ] = "auto",
    rephrase: Annotated[
        bool, typer.Option("--rephrase", help="The generator of the settings may put the words.")
    ] = False,
    as_items: Annotated[
        Path | None,
        typer.Option(
            "--as-items",
            help="With --all: also the items table (.parquet, .csv, .jsonl) with texts where the original is short.",
        ),
    ] = None,
    settings_file: SettingsFile = None,
    json: AsJson = False,
) -> None:
    """Say what is known of items, every claim with its evidence."""
    from llm4rec.apps.cli.screen import Bars, as_json
    from llm4rec.core import SettingsError
    from llm4rec.data import write_items
    from llm4rec.engine import Engine, read_settings
    from llm4rec.engine.build import build_generator

    if bool(item) == every:
        raise SettingsError("give either --item ID or --all with -o FILE.jsonl")
    if every != (output is not None) or (as_items is not None and not every):
        raise SettingsError("--all, -o FILE.jsonl and --as-items belong together")
    settings = read_settings(settings_file)
    generator = build_generator(settings) if rephrase else None
    if rephrase and generator is None:
        raise SettingsError("--rephrase needs a generator: set generator.name in llm4rec.toml")
    loaded = Engine.load(engine, settings)
    if output is None:
        found = loaded.describe(item, style=style, language=language, generator=generator)
        as_json([one.as_json() for one in found]) if json else _show(found)
        return
    told = loaded.describe_all(output, style=style, language=language, generator=generator, progress=Bars())
    if as_items is not None:
        write_items(_enriched(loaded.catalog, output), as_items)
    facts = {"file": str(output), **asdict(told)}
    if json:
        as_json(facts)
        return
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


def _enriched(catalog: Catalog, file: Path) -> Catalog:
    from llm4rec.engine.describing import enriched
    from llm4rec.engine.describing_all import read_descriptions

    return enriched(catalog, read_descriptions(file))
