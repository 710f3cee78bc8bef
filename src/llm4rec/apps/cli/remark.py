"""`llm4rec remark`: a remark about a list, how it was understood, and the list before and after."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llm4rec.apps.cli.engine import Where, ids_of, show
from llm4rec.apps.cli.options import AsJson

if TYPE_CHECKING:
    from llm4rec.core import Recommendations
    from llm4rec.engine import Engine
    from llm4rec.engine.remarks import Remarked


def remark(  # noqa: PLR0913, PLR0917 - one parameter an option
    engine: Where,
    text: Annotated[
        str, typer.Argument(help="What there is to say about the list, in English or Chinese.")
    ] = "",
    user: Annotated[str | None, typer.Option("--user", help="A user id.")] = None,
    history: Annotated[
        str | None, typer.Option("--history", help="Item ids A,B,C, oldest first, of anybody.")
    ] = None,
    shown: Annotated[
        str | None,
        typer.Option("--shown", help="The list spoken of, A,B,C; default: what was recommended before."),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="A JSON file that keeps the remarks; the next ones add to it."),
    ] = None,
    undo: Annotated[
        list[int] | None, typer.Option("--undo", help="The number of a step to take back. Repeatable.")
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="How many items.")] = 10,
    json: AsJson = False,
) -> None:
    """Say something about a list: what was understood is shown, can be undone, and changes the next list."""
    from llm4rec.core import SettingsError
    from llm4rec.engine import Engine, read_settings

    if (user is None) == (history is None):
        raise SettingsError("give either --user ID or --history A,B,C")
    opened = Engine.load(engine, read_settings())
    so_far = _kept(file)
    asker: dict[str, Any] = {"user": user, "history": ids_of(history), "n": n}
    before = opened.recommend(**asker, remarks=so_far)
    said = _said(opened, text, ids_of(shown) or list(before.items), so_far, undo)
    after = opened.recommend(**asker, remarks=said)
    if file is not None:
        file.write_text(said.read.model_dump_json(indent=1) + "\n", encoding="utf-8")
    _show(said, before, after, json)


def _kept(file: Path | None) -> Any:
    """The remarks that a file keeps; none where there is no file yet."""
    from llm4rec.engine.remarks import remarks_of

    return remarks_of(file) if file is not None and file.exists() else None


def _said(opened: Engine, text: str, shown: list[Any], so_far: Any, undo: list[int] | None) -> Remarked:
    """The remarks with the new one, and without what is taken back; an empty text with --undo says nothing new."""
    from llm4rec.engine.remarks import Remarked

    if so_far is not None and undo and not text.strip():
        return Remarked(so_far, tuple(shown)).without(*undo)
    said = opened.remark(text, shown=shown, so_far=so_far, year=time.gmtime().tm_year)
    return said.without(*undo) if undo else said


def _show(said: Remarked, before: Recommendations, after: Recommendations, json: bool) -> None:
    from llm4rec.apps.cli.screen import as_json, say

    if json:
        as_json({**said.as_json(), "before": asdict(before), "after": asdict(after)})
        return
    for line in str(said.read).splitlines():
        say(line)
    show(before, False, "before")
    show(after, False, "after")
