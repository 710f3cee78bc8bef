"""`llm4rec keys`: who may enter a service; made, listed, revoked. A key is told once and kept as a hash."""

from __future__ import annotations

from typing import Annotated

import typer

from llm4rec.apps.cli.options import AsJson, KeyName

app = typer.Typer(help="API keys of a service: create, list, revoke.", no_args_is_help=True)
Kept = Annotated[str, typer.Argument(help="A store: a file, or postgresql://….", show_default=False)]


@app.command()
def create(
    store: Kept,
    role: Annotated[
        str, typer.Option("--role", help="read, write or admin; each may do what those before may.")
    ],
    tenant: Annotated[str, typer.Option("--tenant", help="Whose data it opens.")] = "default",
    label: Annotated[str, typer.Option("--label", help="Where it is used, for the list.")] = "",
    pseudonym_key_env: KeyName = "",
) -> None:
    """Make a key and print it; it cannot be printed again. From the first key on, a service wants one."""
    from llm4rec.apps.rest import keys
    from llm4rec.engine.storing import opened

    with opened(store, pseudonym_key_env, new=True) as kept:
        typer.echo(keys.create(kept, role, tenant=tenant, label=label))  # type: ignore[arg-type]


@app.command("list")
def list_keys(store: Kept, pseudonym_key_env: KeyName = "", json: AsJson = False) -> None:
    """List all keys: their ids, roles, labels and whether they still count."""
    from llm4rec.apps.cli.screen import as_json, table
    from llm4rec.apps.rest import keys
    from llm4rec.engine.storing import opened

    with opened(store, pseudonym_key_env) as kept:
        found = list(keys.known(kept).values())
    columns = ["id", "role", "label", "time", "revoked"]
    rows = [{name: getattr(key, name) for name in columns} for key in found]
    if json:
        as_json(rows)
    else:
        table("keys", columns, [tuple(row.values()) for row in rows])


@app.command()
def revoke(
    store: Kept,
    key: Annotated[str, typer.Argument(help="The id of a key, as listed.")],
    pseudonym_key_env: KeyName = "",
) -> None:
    """End a key; running services refuse it a second later."""
    from llm4rec.apps.rest import keys
    from llm4rec.engine.storing import opened

    with opened(store, pseudonym_key_env) as kept:
        typer.echo(f"revoked {keys.revoke(kept, key).id}")
