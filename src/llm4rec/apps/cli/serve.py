"""`llm4rec serve`: an engine over HTTP. The work is in apps/rest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llm4rec.apps.cli.options import KeyName, SettingsFile

if TYPE_CHECKING:
    from llm4rec.apps.rest.options import ServeSettings

Engine = Annotated[
    Path | None,
    typer.Argument(
        help="An engine folder; without one, what the store says is promoted.", show_default=False
    ),
]
Stored = Annotated[str, typer.Option("--store", help="A file, or postgresql://USER@HOST/NAME.")]
Host = Annotated[str, typer.Option("--host", help="Where to listen; others than loopback need a key.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65_535)]
Workers = Annotated[int, typer.Option("--workers", min=1, help="Processes that answer.")]
Rate = Annotated[float, typer.Option("--rate", min=0, help="Requests a second of one key, for long; 0: any.")]
Burst = Annotated[int, typer.Option("--burst", min=1, help="Requests of one key at once.")]
Body = Annotated[float, typer.Option("--body-mb", min=0.001, help="Largest body, in megabytes.")]
Page = Annotated[bool, typer.Option("--page/--no-page", help="Serve the web page too; it needs one worker.")]
Reports = Annotated[
    Path | None,
    typer.Option("--reports", help="Folder of JSON of evaluate and tradeoff that the page opens."),
]


def serve(  # noqa: PLR0913, PLR0917 - one parameter an option
    engine: Engine = None,
    store: Stored = "llm4rec.db",
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Workers = 1,
    rate: Rate = 0.0,
    burst: Burst = 200,
    body_mb: Body = 4.0,
    page: Page = True,
    reports: Reports = None,
    pseudonym_key_env: KeyName = "",
    settings_file: SettingsFile = None,
) -> None:
    """Serve an engine over HTTP: it answers, takes feedback, and learns while it serves."""
    from llm4rec.apps.rest.options import ServeSettings
    from llm4rec.apps.rest.serving import serve as run

    options = {"host": host, "port": port, "workers": workers, "rate": rate, "burst": burst, "page": page}
    more = {"reports": "" if reports is None else str(reports.resolve()), "body_bytes": int(body_mb * 1e6)}
    more["pseudonym_key_env"] = pseudonym_key_env
    settings = ServeSettings.of(options | more, "serve")
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
        typer.echo(
            f"the page: http://{settings.host}:{settings.port}/ as soon as the engine is ready  (Ctrl+C ends)"
        )
    elif settings.page:
        typer.echo("no page is served: its sockets need --workers 1")
