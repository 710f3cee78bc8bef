"""`llm4rec models`: engine versions in a store; listed, registered, promoted, run in the shadow, rolled back."""

from __future__ import annotations

import json as jsons
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llm4rec.apps.cli.options import AsJson, KeyName

if TYPE_CHECKING:
    from llm4rec.core import EngineRecord

app = typer.Typer(help="Engine versions in a store: list, register, promote, shadow, roll back.")
Kept = Annotated[str, typer.Argument(help="A store: a file, or postgresql://….", show_default=False)]
Version = Annotated[str, typer.Argument(help="A version, or how it begins.", show_default=False)]
Tenant = Annotated[str, typer.Option("--tenant", help="Whose engines.")]


def _say(record: EngineRecord, json: bool, told: str) -> None:
    from llm4rec.apps.cli.screen import as_json

    as_json(asdict(record)) if json else typer.echo(told)


@app.command("list")
def list_versions(
    store: Kept, tenant: Tenant = "default", pseudonym_key_env: KeyName = "", json: AsJson = False
) -> None:
    """List the versions of a store: which serves, which is in the shadow, which a rollback leads to."""
    from llm4rec.apps.cli.screen import as_json, table
    from llm4rec.engine.live import open_registry

    with open_registry(store, tenant, pseudonym_key_env) as registry:
        standing = registry.standing()
    rows = [{**asdict(record), "state": standing.state(name)} for name, record in standing.known.items()]
    if json:
        as_json(rows)
        return
    columns = ["version", "state", "model", "data", "parent", "metrics", "folder"]
    table(
        "engine versions",
        columns,
        [
            (
                row["version"],
                row["state"],
                row["settings"].get("model", ""),
                row["fingerprint"],
                row["parent"],
                ", ".join(f"{name} {value}" for name, value in row["metrics"].items()),
                row["folder"],
            )
            for row in rows
        ],
    )


@app.command()
def register(
    store: Kept,
    folder: Annotated[Path, typer.Argument(help="An engine folder.", show_default=False)],
    metrics: Annotated[
        Path | None, typer.Option("--metrics", help="A JSON file of figures to keep with it.")
    ] = None,
    tenant: Tenant = "default",
    pseudonym_key_env: KeyName = "",
    json: AsJson = False,
) -> None:
    """Enter an engine folder with its lineage; what serves stays."""
    from llm4rec.core import SettingsError
    from llm4rec.engine.live import open_registry

    try:
        told = jsons.loads(metrics.read_text(encoding="utf-8")) if metrics is not None else None
    except ValueError as error:
        raise SettingsError(f"--metrics {metrics} is no JSON: {error}") from None
    if told is not None and not isinstance(told, dict):
        raise SettingsError(f"--metrics {metrics}: names and values are wanted, as in {{'ndcg@10': 0.1}}")
    with open_registry(store, tenant, pseudonym_key_env, new=True) as registry:
        record = registry.register(folder, told)
    _say(record, json, f"registered {record.version}: {folder}")


@app.command()
def promote(
    store: Kept,
    version: Version,
    tenant: Tenant = "default",
    pseudonym_key_env: KeyName = "",
    json: AsJson = False,
) -> None:
    """Serve a version from now on, once it has been loaded and found to be what was registered."""
    from llm4rec.engine.live import open_registry

    with open_registry(store, tenant, pseudonym_key_env) as registry:
        registry.load(version)
        record = registry.promote(version)
    _say(record, json, f"promoted {record.version}; running services take it over")


@app.command()
def shadow(
    store: Kept,
    version: Annotated[str, typer.Argument(help="A version, or how it begins; 'none' ends it.")],
    tenant: Tenant = "default",
    pseudonym_key_env: KeyName = "",
    json: AsJson = False,
) -> None:
    """Let a version answer beside the one that serves: compared, never shown."""
    from llm4rec.engine.live import open_registry

    with open_registry(store, tenant, pseudonym_key_env) as registry:
        if version != "none":
            registry.load(version)
        record = registry.shadow("" if version == "none" else version)
    if record is None:
        typer.echo("no version was in the shadow")
    else:
        _say(record, json, f"{record.version} {record.action}")


@app.command()
def rollback(
    store: Kept, tenant: Tenant = "default", pseudonym_key_env: KeyName = "", json: AsJson = False
) -> None:
    """Serve the version before again."""
    from llm4rec.engine.live import open_registry

    with open_registry(store, tenant, pseudonym_key_env) as registry:
        before = registry.standing().promoted[-2:-1]
        if before:
            registry.load(before[0])
        record = registry.rollback()
    _say(record, json, f"{record.version} serves again; {record.reason}")
