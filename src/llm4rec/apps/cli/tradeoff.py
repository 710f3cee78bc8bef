"""`llm4rec tradeoff`: what diversity, novelty, coverage and fairness cost on this data, and the setting to take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llm4rec.apps.cli import options as o

if TYPE_CHECKING:
    from llm4rec.evaluation.tradeoff import Traded

Output = Annotated[Path, typer.Option("--output", "-o", help="Where points, settings, pictures and page go.")]
Model = Annotated[str | None, typer.Option("--model", help="Whose lists; default: that of the settings.")]
Rerankers = Annotated[
    str | None,
    typer.Option("--rerankers", help="Such as 'mmr,dpp(window=5),novel+mmr'; default: what suits the data."),
]
Against = Annotated[str, typer.Option("--against", help="Models whose own lists stand beside; 'none': none.")]
Provider = Annotated[
    str | None,
    typer.Option("--provider", help="Column of providers; default: one that looks like it; 'none': none."),
]
Loss = Annotated[float, typer.Option("--loss", help="Share of NDCG@10 that may be lost.")]
Budget = Annotated[float, typer.Option("--budget", help="No setting begins after so many minutes.")]


def tradeoff(  # noqa: PLR0913, PLR0917 - one parameter an option
    folder: o.Folder,
    output: Output = Path("llm4rec-tradeoff"),
    model: Model = None,
    rerankers: Rerankers = None,
    against: Against = "popular,itemknn,als,ease",
    provider: Provider = None,
    loss: Loss = 0.02,
    budget: Budget = 10.0,
    protocol: o.Protocol = "leave-last-out",
    encoder: o.EncoderName = None,
    assignments: o.Assignments = None,
    settings_file: o.SettingsFile = None,
    clean: o.Cleaned = None,
    json: o.AsJson = False,
) -> None:
    """Measure what rerankers cost and gain in all strengths; the same command goes on after an interruption."""
    from llm4rec.apps.cli.evaluate import resolved
    from llm4rec.apps.cli.screen import Bars, as_json
    from llm4rec.apps.cli.tune import one_model
    from llm4rec.data.splits import split
    from llm4rec.engine import split_variants
    from llm4rec.evaluation.tradeoff import Sweep
    from llm4rec.evaluation.tradeoff import tradeoff as measured

    assigned = [*o.encoder_settings(encoder), *(assignments or ())]
    settings = one_model(o.settings_with(model, assigned, settings_file))
    others = () if against == "none" else tuple(split_variants(against))
    sweep = Sweep(rerankers, others, provider, loss, budget)
    loaded, _ = o.load_clean(folder, clean)
    asked = split(loaded.dataset, resolved(protocol, loaded), loaded.marks)
    found = measured(loaded.dataset, asked, settings, sweep, output, Bars())
    found.write(output)
    as_json(found.as_json()) if json else _show(found, output)


def _show(found: Traded, folder: Path) -> None:
    """What was asked of the test part, what is recommended, and where it all is, for people."""
    from llm4rec.apps.cli.screen import say, table
    from llm4rec.evaluation.tradeoff.page import change_interval
    from llm4rec.evaluation.tradeoff.traded import PAGE, SETTINGS

    content = found.as_json()
    heads = [content["accuracy"], *content["axes"]]
    rows = []
    for name, row in content["rows"].items():
        if row["test"] is None:
            continue
        cells = [row["test"].get(head) for head in heads]
        said = [_change(one) if row["rerankers"] and one else _mean(one) for one in cells]
        mark = "* " if name == found.choice.name else ""
        rows.append([f"{mark}{name}", *said])
    title = f"test, asked once, {len(rows)} of {len(content['rows'])} settings; changes against {found.base}"
    table(title, ["setting", *heads], rows)
    for note in found.notes:
        say(f"note: {note}")
    accuracy = content["rows"][found.choice.name]["test"][content["accuracy"]]
    typer.echo(f"recommended: {found.choice.name} ({found.choice.rule})")
    if accuracy["change"] is not None:
        typer.echo(
            f"on the test part: {content['accuracy']} {_change(accuracy)} ({change_interval(accuracy)})"
        )
    typer.echo(f"in {folder}: {SETTINGS}, {PAGE}, tradeoff.json, pictures")
    typer.echo(f"next: llm4rec fit FOLDER -o ENGINE --settings {folder / SETTINGS}")


def _change(found: dict[str, float | None]) -> str:
    return _mean(found) if found["change"] is None else f"{100 * found['change']:+.1f} %"


def _mean(found: dict[str, float | None] | None) -> str:
    return "-" if found is None or found["mean"] is None else f"{found['mean']:.4f}"
