"""`llm4rec explain`: why items are recommended, in words and as evidence."""

from __future__ import annotations

from typing import Annotated

import typer

from llm4rec.apps.cli.engine import Where, ids_of
from llm4rec.apps.cli.options import AsJson, SettingsFile


def explain(  # noqa: PLR0913, PLR0917 - one parameter an option
    engine: Where,
    user: Annotated[str | None, typer.Option("--user", help="A user id.")] = None,
    history: Annotated[
        str | None, typer.Option("--history", help="Item ids A,B,C, oldest first, of anybody.")
    ] = None,
    item: Annotated[
        list[str] | None,
        typer.Option("--item", help="This item instead of the recommended ones. Repeatable."),
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="How many items are recommended.")] = 10,
    language: Annotated[str, typer.Option("--language", help="en, zh or auto: the user's own.")] = "auto",
    rephrase: Annotated[
        bool, typer.Option("--rephrase", help="The generator of the settings may put the words.")
    ] = False,
    settings_file: SettingsFile = None,
    json: AsJson = False,
) -> None:
    """Say why items are recommended to a user id, or for a bare history of item ids."""
    from llm4rec.apps.cli.screen import as_json, say, table
    from llm4rec.core import SettingsError
    from llm4rec.engine import Engine, read_settings
    from llm4rec.engine.build import build_generator

    if (user is None) == (history is None):
        raise SettingsError("give either --user ID or --history A,B,C")
    generator = build_generator(read_settings(settings_file)) if rephrase else None
    if rephrase and generator is None:
        raise SettingsError("--rephrase needs a generator: set generator.name in llm4rec.toml")
    found = Engine.load(engine, read_settings(settings_file)).explain(
        user, ids_of(history), item, n=n, language=language, generator=generator
    )
    if json:
        as_json([explanation.as_json() for explanation in found])
        return
    table("", ["place", "item", "title", "why"], [(e.place, e.item, e.title, e.text) for e in found])
    for note in dict.fromkeys(note for e in found for note in e.notes):
        say(f"note: {note}")
