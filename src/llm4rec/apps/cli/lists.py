"""`llm4rec list` and `llm4rec settings`: what there is to choose from."""

from __future__ import annotations

from typing import Annotated

import typer

from llm4rec.apps.cli.options import AsJson


def list_components(
    kind: Annotated[str | None, typer.Argument(help="model, encoder; none: every kind.")] = None,
    name: Annotated[str | None, typer.Argument(help="One of them, with its settings.")] = None,
    json: AsJson = False,
) -> None:
    """List what can be named: models, encoders, protocols, metrics; with a name, its settings and defaults."""
    from llm4rec.apps.cli.screen import as_json, table

    rows: list[tuple[str, ...]] = []
    if kind is not None and name is not None:
        rows += _options(kind, name)
        columns = ["setting", "default"]
    else:
        rows += [row for k in ([kind] if kind else _kinds()) for row in _names(k)]
        columns = ["kind", "name", "about"]
    if json:
        as_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        table("", columns, rows)


def _kinds() -> list[str]:
    from llm4rec.engine.registry import TABLE

    return [*TABLE, "protocol", "metric"]


def _names(kind: str) -> list[tuple[str, str, str]]:
    from llm4rec.engine.registry import names

    if kind == "protocol":
        from llm4rec.data import PROTOCOLS

        return [(kind, usage, " ".join((work.__doc__ or "").split())) for usage, work in PROTOCOLS.values()]
    if kind == "metric":
        from llm4rec.evaluation import METRICS

        return [(kind, name, about) for name, about in METRICS.items()]
    return [(kind, name, entry.about) for name, entry in names(kind).items()]


def _options(kind: str, name: str) -> list[tuple[str, str]]:
    from llm4rec.engine.registry import component

    config = component(kind, name).config_type()
    return [(key, str(value)) for key, value in config.model_dump().items()]


def settings() -> None:
    """Print every setting with its meaning and default, as an llm4rec.toml to start from."""
    from llm4rec.engine import commented_default

    typer.echo(commented_default(), nl=False)
