"""`llm4rec store`: make, fill, back up and clean a store. The work is in the rooms of the engine and the store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from llm4rec.apps.cli.options import AsJson, KeyName

app = typer.Typer(
    help="Make, fill, back up and clean a store.", no_args_is_help=True, pretty_exceptions_enable=False
)

Url = Annotated[
    str, typer.Argument(help="A file (shop.db), or postgresql://USER@HOST/NAME.", show_default=False)
]
Tenant = Annotated[str, typer.Option("--tenant", help="Whose rows.")]


@app.command("init")
def init(url: Url, pseudonym_key_env: KeyName = "", json: AsJson = False) -> None:
    """Make a store, or bring an older one to the newest schema, and say what it is."""
    from llm4rec.engine.storing import opened

    with opened(url, pseudonym_key_env, new=True) as store:
        names = "pseudonyms" if store.about["pseudonyms"] else "as they are"
        facts = {"store": store.name, "schema": int(store.about["schema"]), "clock": store.clock()}
        _tell({**facts, "vectors": store.about["vectors"], "ids of people": names}, json)


@app.command("import")
def import_folder(
    url: Url,
    folder: Annotated[Path, typer.Argument(help="A dataset folder, or one interactions file.")],
    tenant: Tenant = "default",
    pseudonym_key_env: KeyName = "",
    json: AsJson = False,
) -> None:
    """Keep a dataset folder. The same command again keeps nothing twice, and goes on where it was broken off."""
    from llm4rec.data import read_dataset
    from llm4rec.data.kept_edits import read_edits
    from llm4rec.engine.storing import import_dataset, opened

    dataset, edits = read_dataset(folder), read_edits(folder)
    with opened(url, pseudonym_key_env, new=True) as store:
        _tell(import_dataset(store, dataset, tenant, edits), json)


@app.command("export")
def export(
    url: Url,
    folder: Annotated[Path, typer.Argument(help="The folder to write; it must not exist.")],
    tenant: Tenant = "default",
    pseudonym_key_env: KeyName = "",
    json: AsJson = False,
) -> None:
    """Write what is kept as a dataset folder, for `llm4rec fit`."""
    from llm4rec.engine.storing import export_folder, noted, opened

    with opened(url, pseudonym_key_env) as store:
        facts = export_folder(store, folder, tenant)
        noted(store, "data exported", "", tenant)
        _tell(facts, json)


@app.command("backup")
def backup(
    url: Url, file: Annotated[Path, typer.Argument(help="The file to write; it must not exist.")]
) -> None:
    """Copy a store, of either kind, into one SQLite file while others write."""
    from llm4rec.engine.storing import backed_up

    typer.echo(f"written: {backed_up(url, file)}")


@app.command("restore")
def restore(
    url: Url,
    file: Annotated[Path, typer.Argument(help="The backup.")],
    erasures: Annotated[
        str, typer.Option("--erasures", help="A store that knows who was erased after the backup was made.")
    ] = "",
) -> None:
    """Put a backup into a new file or an empty database."""
    from llm4rec.engine.storing import restored

    again = restored(file, url, erasures)
    told = f"; {again} erased again" if erasures else ""
    typer.echo(f"restored{told}")


@app.command("retain")
def retain(
    url: Url,
    days: Annotated[float, typer.Option("--days", min=0, help="How old may stay.", show_default=False)],
    tenant: Tenant = "default",
    pseudonym_key_env: KeyName = "",
    json: AsJson = False,
) -> None:
    """Drop older impressions, keys and edits that newer ones took the place of; how often items were shown stays."""
    import time

    from llm4rec.engine.storing import opened

    with opened(url, pseudonym_key_env) as store:
        done = store.retain(time.time() - days * 86_400, tenant=tenant)
        counts = {"impressions": done.impressions, "keys": done.keys, "edits": done.edits}
        _tell({f"{what} dropped": count for what, count in counts.items()}, json)


@app.command("erase")
def erase(
    url: Url,
    user: Annotated[str, typer.Option("--user", help="Whom.", show_default=False)],
    tenant: Tenant = "default",
    pseudonym_key_env: KeyName = "",
    json: AsJson = False,
) -> None:
    """Remove every row of a person and print the proof, which the store keeps. Backups and engines are not reached."""
    from llm4rec.core import as_plain
    from llm4rec.engine.storing import noted, opened

    with opened(url, pseudonym_key_env) as store:
        proof = store.erase(user, tenant=tenant)
        noted(store, "user erased", proof.subject, tenant)
        _tell(as_plain(proof), json)


@app.command("audit")
def audit(
    url: Url,
    last: Annotated[int, typer.Option("--last", min=1, help="So many, the latest.")] = 50,
    action: Annotated[
        str, typer.Option("--action", help="Only what begins so: 'engine', 'refit', 'key'.")
    ] = "",
    tenant: Tenant = "default",
    json: AsJson = False,
) -> None:
    """Show who changed what and when: versions promoted and rolled back, refits, keys, people erased and handed out."""
    from llm4rec.apps.cli.screen import as_json, table
    from llm4rec.engine.storing import audit_of, opened

    with opened(url) as store:
        rows = audit_of(store, tenant, last, action)
    if json:
        as_json(rows)
        return
    columns = ["when", "who", "what", "subject", "told"]
    table("audit", columns, [tuple(row[name] for name in columns) for row in rows])


def _tell(facts: dict[str, Any], json: bool) -> None:
    from llm4rec.apps.cli.screen import as_json, table

    if json:
        as_json(facts)
    else:
        table("store", ["fact", "value"], facts.items())
