"""`llm4rec ask`: a request in plain language to an engine, and how it was understood."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llm4rec.apps.cli.engine import Where
from llm4rec.apps.cli.options import AsJson, SettingsFile

if TYPE_CHECKING:
    from llm4rec.engine import Engine
    from llm4rec.engine.wishes import Asked


def ask(  # noqa: PLR0913, PLR0917 - one parameter an option
    engine: Where,
    text: Annotated[str, typer.Argument(help="What is wanted, in English or Chinese.", show_default=False)],
    user: Annotated[
        str | None, typer.Option("--user", help="A user id; without one, nobody's taste counts.")
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="How many items.")] = 10,
    without: Annotated[
        str | None, typer.Option("--without", help="Numbers of what was understood to be taken away: 2,3.")
    ] = None,
    taste: Annotated[
        float | None,
        typer.Option("--taste", min=0.0, help="What the user's taste weighs; default: ask.taste."),
    ] = None,
    settings_file: SettingsFile = None,
    json: AsJson = False,
) -> None:
    """Find items by a sentence: constraints hold, wishes order, and what was understood is shown."""
    from llm4rec.apps.cli.screen import as_json

    opened = _opened(engine, settings_file, taste)
    year = time.gmtime().tm_year
    found = opened.ask(text, user=user, n=n, year=year)
    if without:
        kept = found.reading.without(*_places(without, len(found.reading.pieces)))
        found = opened.ask(kept.model_copy(update={"notes": ()}), user=user, n=n, year=year)
    if json:
        as_json({"reading": found.reading.model_dump(mode="json"), "answer": asdict(found.answer)})
    else:
        _show(found)


def _opened(folder: Path, settings_file: Path | None, taste: float | None) -> Engine:
    """The engine, with the language model of this machine's settings: a folder names none."""
    from llm4rec.engine import Engine, read_settings

    opened = Engine.load(folder)
    here = read_settings(settings_file)
    asked = here.ask if taste is None else here.ask.model_copy(update={"taste": taste})
    opened.settings = opened.settings.model_copy(update={"generator": here.generator, "ask": asked})
    return opened


def _places(without: str, pieces: int) -> list[int]:
    from llm4rec.core import SettingsError

    places = [part.strip() for part in without.split(",")]
    if not all(place.isdecimal() and 1 <= int(place) <= pieces for place in places):
        raise SettingsError(
            f"--without {without!r}: numbers from 1 to {pieces}, parted by commas, of what was understood"
        )
    return [int(place) - 1 for place in places]


def _show(found: Asked) -> None:
    from llm4rec.apps.cli.engine import show
    from llm4rec.apps.cli.screen import say

    lines = str(found.reading).splitlines()
    pieces = len(found.reading.pieces)
    for place, line in enumerate(lines):
        say(f"{place + 1}. {line}" if place < pieces else line)
    show(found.answer, False, "found")
