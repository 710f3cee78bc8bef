"""`llm4rec list` and `llm4rec settings`: what there is to choose from."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from llm4rec.apps.cli.options import AsJson


def list_components(
    kind: Annotated[
        str | None, typer.Argument(help="model, encoder, generator, protocol or metric; none: all of them.")
    ] = None,
    name: Annotated[str | None, typer.Argument(help="One of them, with its settings.")] = None,
    json: AsJson = False,
) -> None:
    """List what can be named: models, encoders, generators, protocols, metrics; with a name, its settings and defaults."""
    from llm4rec.apps.cli.screen import as_json, table
    from llm4rec.core import NotFoundError, suggest

    rows: list[tuple[str, ...]] = []
    if kind is not None and name is not None and kind not in ("protocol", "metric"):
        rows += _options(kind, name)
        columns = ["setting", "default"]
    else:
        rows += [row for k in ([kind] if kind else _kinds()) for row in _names(k) if _asked(row[1], name)]
        if name is not None and not rows:
            raise NotFoundError(
                f"no {kind} named {name!r}{suggest(name, [row[1] for row in _names(str(kind))])}"
            )
        columns = ["kind", "name", "about"]
    if json:
        as_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        table("", columns, rows)


def _asked(usage: str, name: str | None) -> bool:
    """Whether a row is the one asked for: "cold-items" finds "cold-items[:SHARE] or …"."""
    return name is None or re.split(r"[^\w-]", usage)[0] == re.split(r"[^\w-]", name)[0]


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
