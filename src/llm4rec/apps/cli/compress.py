"""`llm4rec compress`: an encoder made smaller and faster, with what that costs printed; the result works as its name does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from llm4rec.apps.cli.options import AsJson, Cleaned, load_clean

Encoder = Annotated[
    str, typer.Argument(help="minilm, a folder, or a name in the local hub cache.", show_default=False)
]
Output = Annotated[
    Path, typer.Option("--output", "-o", help="The encoder folder to write.", show_default=False)
]
Texts = Annotated[
    Path | None, typer.Option("--texts", help="A dataset folder: whose texts it is measured on.")
]
Precision = Annotated[
    str, typer.Option("--precision", help="int8, bf16, fp32, or auto: the smallest within the limits.")
]
Width = Annotated[int | None, typer.Option("--width", min=1, help="Numbers a vector; default: all.")]
Options = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="A setting of compressing (most_drift=0.02). Repeatable."
    ),
]


def compress(  # noqa: PLR0913, PLR0917 - one parameter an option
    encoder: Encoder,
    output: Output,
    texts: Texts = None,
    precision: Precision = "auto",
    width: Width = None,
    assignments: Options = None,
    clean: Cleaned = None,
    json: AsJson = False,
) -> None:
    """Make a text encoder smaller and faster, print what it costs, and write it."""
    from llm4rec.apps.cli.screen import Bars, as_json
    from llm4rec.engine import compress_encoder, parse_assignments

    given = {"source": encoder, "precision": precision, "width": width}
    options = {**parse_assignments(assignments or ()), **given}
    dataset = None if texts is None else load_clean(texts, clean)[0].dataset
    made = compress_encoder(output, options, dataset, Bars())
    as_json(made.report) if json else _show(made.report, output)


def _show(report: Mapping[str, Any], output: Path) -> None:
    """Size, speed and price of every precision and width, for people."""
    from llm4rec.apps.cli.screen import say, table

    for note in report["notes"]:
        say(note)
    columns = ["precision", "MB", "texts/s", "ms a text", "drift", "drift p99", "neighbours kept", "NDCG@10"]
    rows = [
        [
            told["precision"],
            f"{told['megabytes']:.1f}",
            f"{told['texts_per_second']:.1f}",
            f"{told['single_ms']:.1f}",
            told["drift"]["mean"],
            told["drift"]["p99"],
            f"{told['neighbours_kept']:.1%}",
            _change(told),
        ]
        for told in report["precisions"]
    ]
    table(f"measured on {report['measured_on']}", columns, rows)
    rows = [[told["width"], f"{told['share_kept']:.1%}", _change(told)] for told in report["widths"]]
    table("fewer dimensions", ["width", "share kept", "NDCG@10"], rows)
    typer.echo(
        f"{report['chosen']}: {report['why']}; encoder written to {output} in {report['seconds']} s; "
        f"use it with --encoder {output}"
    )


def _change(told: Mapping[str, Any]) -> str:
    """ "0.0312 (-0.2%, -1.0% to +0.6%)", or a dash where no questions were asked."""
    change = told["ndcg_change"]
    if change is None:
        return "–"
    return f"{told['ndcg']:.4f} ({change['change']:+.1%}, {change['low']:+.1%} to {change['high']:+.1%})"
