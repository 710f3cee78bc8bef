"""The command line's front: which commands there are, and what an error looks like. Knows nothing of their work."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from llm4rec import __version__
from llm4rec.apps.cli import (
    adapt,
    ask,
    audit,
    chat,
    compare,
    compress,
    data,
    demo,
    describe,
    distil,
    engine,
    evaluate,
    explain,
    interests,
    keys,
    lists,
    models,
    remark,
    replay,
    report,
    serve,
    simulate,
    store,
    tradeoff,
    tune,
)

app = typer.Typer(
    name="llm4rec",
    help="A recommender engine with a language model inside. Start with `llm4rec demo`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("demo")(demo.demo)
app.add_typer(data.app, name="data")
app.command("fit")(engine.fit)
app.command("adapt")(adapt.adapt)
app.command("compress")(compress.compress)
app.command("distil")(distil.distil)
app.command("distil-encoder")(distil.distil_encoder)
app.command("recommend")(engine.recommend)
app.command("explain")(explain.explain)
app.command("describe")(describe.describe)
app.command("interests")(interests.interests)
app.command("ask")(ask.ask)
app.command("chat")(chat.chat)
app.command("remark")(remark.remark)
app.command("serve")(serve.serve)
app.add_typer(keys.app, name="keys")
app.add_typer(models.app, name="models")
app.command("report")(report.report)
app.command("evaluate")(evaluate.evaluate)
app.command("audit")(audit.audit)
app.command("replay")(replay.replay)
app.command("compare")(compare.compare)
app.command("simulate")(simulate.simulate)
app.command("tune")(tune.tune)
app.add_typer(store.app, name="store")
app.command("tradeoff")(tradeoff.tradeoff)
app.command("list")(lists.list_components)
app.command("settings")(lists.settings)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"llm4rec {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """A recommender engine with a language model inside."""


def run() -> None:
    """The entry point: bad input is one message on standard error and exit code 2, never a traceback."""
    try:
        app()
    except BrokenPipeError:
        sys.stderr.close()
    except KeyboardInterrupt:
        typer.secho("stopped; nothing half-written was left behind", err=True)
        sys.exit(130)
    except Exception as error:
        # Loaded here, because --help needs no nouns and should answer at once.
        from llm4rec.core.errors import Llm4recError

        if not isinstance(error, Llm4recError | OSError | MemoryError):
            raise
        typer.secho(f"error: {error or type(error).__name__}", fg=typer.colors.RED, err=True)
        sys.exit(2)


if __name__ == "__main__":
    run()
