"""`llm4rec report`: a user says that an item should not be shown, takes it back, or somebody decides."""

from __future__ import annotations

from typing import Annotated

import typer

from llm4rec.apps.cli.engine import Where


def report(  # noqa: PLR0913, PLR0917 - one parameter an option
    engine: Where,
    item: Annotated[str, typer.Option("--item", help="The item.", show_default=False)],
    user: Annotated[str, typer.Option("--user", help="Who says so.", show_default=False)],
    category: Annotated[
        str, typer.Option("--category", help="What it is; `other` where nothing fits.")
    ] = "other",
    text: Annotated[str, typer.Option("--text", help="In their own words.")] = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the report back.")] = False,
    clear: Annotated[bool, typer.Option("--clear", help="Decide that the item may stay.")] = False,
    hide: Annotated[bool, typer.Option("--hide", help="Decide that the item is not shown.")] = False,
) -> None:
    """Report an item. It is hidden once enough users have done so, until it is cleared."""
    from llm4rec.core import SettingsError
    from llm4rec.engine import Engine, read_settings

    asked = [name for name, given in (("withdraw", withdraw), ("clear", clear), ("hide", hide)) if given]
    if len(asked) > 1:
        raise SettingsError("give one of --withdraw, --clear and --hide")
    settings = read_settings()
    loaded = Engine.load(engine, settings)
    action = asked[0] if asked else "report"
    known = loaded.catalog.ids.ids[loaded.catalog.ids.numbers([item], "item")[0]]
    loaded.report(known, user, category, text, action=action)
    if not settings.safety.reports:
        loaded.save(engine)
    standing = len(loaded.reports.open().get(known, ()))
    at = loaded.settings.safety.review_at
    hidden = "; it is hidden from everybody" if known in loaded.reports.under_review(at) else ""
    typer.echo(f"{item}: {standing} of {at} reports stand{hidden}")
