"""`llm4rec serve`: an engine over HTTP. The work is in apps/rest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llm4rec.apps.cli.options import SettingsFile

if TYPE_CHECKING:
    from llm4rec.apps.rest.options import ServeSettings

Reports = Annotated[
    Path | None,
    typer.Option("--reports", help="Folder of JSON of evaluate and tradeoff that the page opens."),
]


def serve(  # noqa: PLR0913, PLR0917 - one parameter an option
    engine: Annotated[
        Path | None,
        typer.Argument(
            help="An engine folder; without one, what the store says is promoted.", show_default=False
        ),
    ] = None,
    store: Annotated[
        str, typer.Option("--store", help="A file, or postgresql://USER@HOST/NAME.")
    ] = "llm4rec.db",
    host: Annotated[str, typer.Option("--host", help="Where to listen; others than loopback need a key.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option("--port", min=0, max=65_535)] = 8000,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes that answer.")] = 1,
    rate: Annotated[
        float, typer.Option("--rate", min=0, help="Requests a second of one key, for long; 0: any.")
    ] = 0.0,
    burst: Annotated[int, typer.Option("--burst", min=1, help="Requests of one key at once.")] = 200,
    body_mb: Annotated[float, typer.Option("--body-mb", min=0.001, help="Largest body, in megabytes.")] = 4.0,
    page: Annotated[
        bool, typer.Option("--page/--no-page", help="Serve the web page too; it needs one worker.")
    ] = True,
    reports: Reports = None,
    settings_file: SettingsFile = None,
) -> None:
    """Serve an engine over HTTP: it answers, takes feedback, and learns while it serves."""
    from llm4rec.apps.rest.options import ServeSettings
    from llm4rec.apps.rest.serving import serve as run

    options: dict[str, object] = {
        "host": host,
        "port": port,
        "workers": workers,
        "rate": rate,
        "burst": burst,
        "page": page,
    }
    options["reports"] = "" if reports is None else str(reports.resolve())
    settings = ServeSettings.of({**options, "body_bytes": int(body_mb * 1e6)}, "serve")
    _tell(settings)
    run(
        None if engine is None else str(engine),
        store,
        settings,
        "" if settings_file is None else str(settings_file),
    )


def _tell(settings: ServeSettings) -> None:
    """Where the page is, or why there is none, on standard output: the log is standard error. SettingsError where the extra is missing."""
    from importlib.util import find_spec

    from llm4rec.core import SettingsError

    if any(find_spec(name) is None for name in ("fastapi", "uvicorn", "prometheus_client", "nicegui")):
        raise SettingsError("serving needs the extra: pip install 'llm4rec[serve]'")
    if settings.with_page:
        typer.echo(f"the page: http://{settings.host}:{settings.port}/  (Ctrl+C ends)")
    elif settings.page:
        typer.echo("no page is served: its sockets need --workers 1")
