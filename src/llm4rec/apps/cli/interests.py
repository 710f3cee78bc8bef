"""`llm4rec interests`: what somebody likes, how sure that is, and what proves it; edited by its owner."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from llm4rec.apps.cli.engine import Where, ids_of, show
from llm4rec.apps.cli.options import AsJson


def interests(
    engine: Where,
    user: Annotated[str | None, typer.Option("--user", help="A user id.")] = None,
    history: Annotated[
        str | None, typer.Option("--history", help="Item ids A,B,C, oldest first, of anybody.")
    ] = None,
    edit: Annotated[
        Path | None, typer.Option("--edit", help="A JSON file: topics, keywords, removed, erased.")
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="How many items are shown with --edit.")] = 10,
    language: Annotated[str, typer.Option("--language", help="en, zh or auto: the user's own.")] = "auto",
    json: AsJson = False,
) -> None:
    """Show what a user likes and dislikes, and the events that prove it."""
    from llm4rec.apps.cli.screen import as_json, table
    from llm4rec.core import ProfileEdits, SettingsError
    from llm4rec.engine import Engine, read_settings

    if (user is None) == (history is None):
        raise SettingsError("give either --user ID or --history A,B,C")
    edits = None if edit is None else ProfileEdits.read(edit)
    loaded, past = Engine.load(engine, read_settings()), ids_of(history)
    profile = loaded.interests(user, past, edits=edits, language=language)
    answer = None if edits is None else loaded.recommend(user, past, n, profile=edits)
    if json:
        as_json({**profile.as_json(), **({} if answer is None else {"recommendations": asdict(answer)})})
        return
    typer.echo(profile.text)
    rows = [*profile.topics, *profile.keywords, *profile.disliked]
    table(
        "",
        ["", "name", "weight", "sure", "because of"],
        [(e.kind, e.name, e.weight, e.sure, "; ".join(p.title for p in e.proof[:3])) for e in rows],
    )
    if answer is not None:
        show(answer, False, "with these edits")
