"""`llm4rec refit`: the engine that a store says serves, fitted again and judged. The work is in engine/live."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from llm4rec.apps.cli.options import AsJson, KeyName, SettingsFile


def refit(
    store: Annotated[str, typer.Argument(help="A store: a file, or postgresql://….", show_default=False)],
    data: Annotated[
        Path | None,
        typer.Option("--data", help="A dataset folder in place of what the engine was fitted on."),
    ] = None,
    promote: Annotated[
        bool, typer.Option("--promote/--no-promote", help="Promote it by itself where it passes.")
    ] = True,
    tenant: Annotated[str, typer.Option("--tenant", help="Whose engine.")] = "default",
    pseudonym_key_env: KeyName = "",
    settings_file: SettingsFile = None,
    json: AsJson = False,
) -> None:
    """Fit what serves again with all that happened since; promoted only where held-back events show it is no worse."""
    from llm4rec.apps.cli.screen import as_json, say
    from llm4rec.engine import read_settings
    from llm4rec.engine.live import refit_store

    settings = read_settings(settings_file)
    job = refit_store(
        store,
        settings,
        tenant=tenant,
        promote=promote,
        data=data,
        progress=say,
        pseudonym_key_env=pseudonym_key_env,
    )
    if json:
        as_json(job.as_json())
    else:
        version = str(job.report.get("version", ""))
        typer.echo(f"{job.id} {job.state}{f' as {version}' if version else ''}: {job.report['reason']}")
