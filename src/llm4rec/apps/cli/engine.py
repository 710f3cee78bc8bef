"""`llm4rec fit` and `llm4rec recommend`: from a folder of data to a folder of an engine to recommendations."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llm4rec.apps.cli.options import (
    AsJson,
    Assignments,
    Cleaned,
    EncoderName,
    Folder,
    SettingsFile,
    encoder_settings,
    load_clean,
    settings_with,
)

if TYPE_CHECKING:
    from llm4rec.core import Recommendations

Where = Annotated[Path, typer.Argument(help="An engine folder made by `llm4rec fit`.", show_default=False)]


def fit(  # noqa: PLR0913, PLR0917 - one parameter an option
    folder: Folder,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The engine folder to write.", show_default=False)
    ],
    model: Annotated[str | None, typer.Option("--model", help="Which model; default: auto.")] = None,
    budget: Annotated[
        float | None, typer.Option("--budget", help="Minutes that choosing a model may take.")
    ] = None,
    encoder: EncoderName = None,
    assignments: Assignments = None,
    settings_file: SettingsFile = None,
    clean: Cleaned = None,
    json: AsJson = False,
) -> None:
    """Learn an engine from a dataset folder and write it."""
    from llm4rec.apps.cli.screen import Bars, as_json
    from llm4rec.engine import Engine
    from llm4rec.engine.folder import refuse_foreign

    refuse_foreign(output)
    started = time.monotonic()
    within = [] if budget is None else [f"fit.budget={budget}"]
    assigned = [*encoder_settings(encoder), *(assignments or ()), *within]
    settings = settings_with(model, assigned, settings_file)
    loaded, _ = load_clean(folder, clean)
    engine = Engine(settings).fit(loaded.dataset, progress=Bars())
    engine.save(output)
    facts = {
        "engine": str(output),
        "model": engine.fitted.name,
        "version": engine.fitted.version,
        "users": len(loaded.dataset.users),
        "items": len(loaded.dataset.catalog),
        "interactions": len(loaded.dataset.interactions),
        "seconds": round(time.monotonic() - started, 1),
        "config": engine.model.config.model_dump(mode="json"),
        "notes": list(engine.fitted.told),
    }
    as_json(facts) if json else _say(facts)


def _say(facts: Mapping[str, Any]) -> None:
    """What was learnt, for people."""
    from llm4rec.apps.cli.screen import say

    for note in facts["notes"]:
        say(note)
    typer.echo(
        f"{facts['model']} learnt from {facts['interactions']} interactions of {facts['users']} users with "
        f"{facts['items']} items in {facts['seconds']} s; engine written to {facts['engine']}"
    )


def recommend(  # noqa: PLR0913, PLR0917 - one parameter an option
    engine: Where,
    user: Annotated[str | None, typer.Option("--user", help="A user id.")] = None,
    history: Annotated[
        str | None, typer.Option("--history", help="Item ids A,B,C, oldest first, of anybody.")
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="How many items.")] = 10,
    session: Annotated[
        str | None, typer.Option("--session", help="Item ids A,B,C looked at just now, behind the history.")
    ] = None,
    query: Annotated[str | None, typer.Option("--query", help="Words of a search: lifts what fits.")] = None,
    seen: Annotated[bool, typer.Option("--seen", help="Items of the history may come back.")] = False,
    allowed: Annotated[str | None, typer.Option("--allowed", help="Only these item ids.")] = None,
    excluded: Annotated[str | None, typer.Option("--excluded", help="Never these item ids.")] = None,
    context: Annotated[
        list[str] | None,
        typer.Option("--context", help="NAME=VALUE, in which it is asked: device=phone; repeatable."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Recommend items for a user id, or for a bare history of item ids."""
    from llm4rec.core import SettingsError
    from llm4rec.engine import Engine, read_settings

    if (user is None) == (history is None):
        raise SettingsError("give either --user ID or --history A,B,C")
    answer = Engine.load(engine, read_settings()).recommend(
        user=user,
        history=ids_of(history),
        n=n,
        session=ids_of(session) or (),
        query=query,
        seen="include" if seen else "exclude",
        allowed=ids_of(allowed),
        excluded=ids_of(excluded),
        context=_context(context),
        explain=True,
    )
    show(answer, json)


def ids_of(text: str | None) -> list[str] | None:
    """ "A,B,C" as ids."""
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]


def _context(told: list[str] | None) -> dict[str, str]:
    """NAME=VALUE, each, by name."""
    from llm4rec.core import SettingsError

    pairs = [part.partition("=") for part in told or ()]
    wrong = next((name for name, equals, _ in pairs if not equals or not name.strip()), None)
    if wrong is not None:
        raise SettingsError(f"--context {wrong!r}: write NAME=VALUE, such as device=phone")
    return {name.strip(): value.strip() for name, _, value in pairs}


def show(answer: Recommendations, json: bool, title: str = "recommendations") -> None:
    """One answer as a table or as JSON, with what could not be done as asked."""
    from llm4rec.apps.cli.screen import as_json, say, table

    if json:
        as_json(asdict(answer))
        return
    reasons = answer.reasons or ((),) * len(answer)
    table(
        title,
        ["", "item", "title", "score", "because of"],
        [
            (place + 1, item, name, score, "; ".join(r.evidence for r in why))
            for place, (item, name, score, why) in enumerate(
                zip(answer.items, answer.titles, answer.scores, reasons, strict=True)
            )
        ],
    )
    for note in answer.degraded:
        say(f"note: {note}")
