"""`llm4rec adapt`: a language model learns from a folder of data: an encoder of texts, or a causal model that recommends."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llm4rec.apps.cli.options import AsJson, Cleaned, Folder, load_clean

if TYPE_CHECKING:
    from llm4rec.core import Dataset

Output = Annotated[
    Path, typer.Option("--output", "-o", help="The encoder folder to write.", show_default=False)
]
Tasks = Annotated[
    list[str] | None, typer.Option("--task", help="What is learnt; repeatable, or separated by commas.")
]
Method = Annotated[
    str | None, typer.Option("--method", help="head, last:N, lora, prefix or full; default: lora.")
]
Source = Annotated[
    str | None,
    typer.Option("--from", help="The model to begin with; default: minilm; of recommend: scratch."),
]
Replay = Annotated[
    Path | None, typer.Option("--replay", help="A folder of earlier data, some of it in each batch.")
]
MostForgetting = Annotated[
    float | None, typer.Option("--most-forgetting", help="Loss on the earlier data allowed, of 1.")
]
Twins = Annotated[bool, typer.Option("--twins", help="Train each task alone too, for comparison.")]
SeenOnly = Annotated[
    str | None, typer.Option("--protocol", help="See only what this protocol lets models be fitted on.")
]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="Of everything random.")]
Device = Annotated[str, typer.Option("--device", help="Where it computes: cpu, cuda.")]
RECOMMEND = "recommend"
Options = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="A setting of adapting (learning_rate=1e-4). Repeatable."
    ),
]


def adapt(  # noqa: PLR0913, PLR0917 - one parameter an option
    folder: Folder,
    output: Output,
    task: Tasks = None,
    method: Method = None,
    source: Source = None,
    replay: Replay = None,
    most_forgetting: MostForgetting = None,
    twins: Twins = False,
    protocol: SeenOnly = None,
    seed: Seed = None,
    device: Device = "cpu",
    assignments: Options = None,
    clean: Cleaned = None,
    json: AsJson = False,
) -> None:
    """Adapt a text encoder to the data of a folder, on one task or several; or, on task recommend, a causal model."""
    from llm4rec.apps.cli.screen import Bars, as_json
    from llm4rec.engine import adapt_encoder

    given = {
        "tasks": None if task is None else [name.strip() for one in task for name in one.split(",")],
        "method": method,
        "source": source,
        "most_forgetting": most_forgetting,
        "twins": twins or None,
        "seed": seed,
    }
    options = {**_options(assignments), **{key: value for key, value in given.items() if value is not None}}
    if RECOMMEND in options.get("tasks", ()):
        _teach(_recommending(options, replay), _fitted_on(folder, protocol, clean), output, device, json)
        return
    dataset = _fitted_on(folder, protocol, clean)
    old = None if replay is None else _fitted_on(replay, None, clean)
    made = adapt_encoder(dataset, output, options, old, device, Bars())
    as_json(made.report) if json else _show(made.report, output)


def _recommending(options: dict[str, Any], replay: Path | None) -> dict[str, Any]:
    """The options of the task recommend; SettingsError names what is only for encoders."""
    from llm4rec.core import SettingsError

    wrong = [name for name in ("most_forgetting", "twins") if name in options] + (
        ["replay"] if replay else []
    )
    if wrong or len(options["tasks"]) > 1:
        what = f"--{wrong[0].replace('_', '-')}" if wrong else "another task"
        raise SettingsError(
            f"--task {RECOMMEND} teaches a causal model and does not go with {what}; leave that out"
        )
    return {key: value for key, value in options.items() if key != "tasks"}


def _teach(options: dict[str, Any], dataset: Dataset, output: Path, device: str, json: bool) -> None:
    """The task recommend: a causal model, taught and told about."""
    from llm4rec.apps.cli.screen import Bars, as_json, say
    from llm4rec.engine import read_settings, teach_recommending

    report = teach_recommending(dataset, output, options, read_settings(), device, Bars()).report
    if json:
        as_json(report)
        return
    for note in report["notes"]:
        say(note)
    typer.echo(
        f"{report['weights']} weights learnt from {report['lessons']} lessons; surprise at how {report['held_out']} held-out "
        f"histories end: {report['before']:.2f} nats before, {report['after']:.2f} after; model written to {output} in "
        f"{report['seconds']} s; use it with generator.name='local' and generator.options.folder='{output}'"
    )


def _options(assignments: list[str] | None) -> dict[str, Any]:
    """`--set` as typed options; weights.sentiment=2 is the weight of a task."""
    from llm4rec.engine import parse_assignments

    options: dict[str, Any] = {}
    for key, value in parse_assignments(assignments or ()).items():
        section, dot, name = key.partition(".")
        if dot:
            options.setdefault(section, {})[name] = value
        else:
            options[key] = value
    return options


def _fitted_on(folder: Path, protocol: str | None, clean: list[str] | None) -> Dataset:
    """The data of a folder; with a protocol, that part of it that a model may be fitted on."""
    from llm4rec.apps.cli.evaluate import resolved
    from llm4rec.core import SettingsError
    from llm4rec.data import split

    loaded, _ = load_clean(folder, clean)
    if protocol is None:
        return loaded.dataset
    folds = split(loaded.dataset, resolved(protocol, loaded), loaded.marks).folds
    if len(folds) > 1:
        raise SettingsError(
            f"protocol {protocol!r} has {len(folds)} folds, and an encoder may see one of them; "
            "name a protocol with one fold, such as cold-items or official:COLUMN"
        )
    return folds[0].train


def _show(report: Mapping[str, Any], output: Path) -> None:
    """What became better and what it cost, for people."""
    from llm4rec.apps.cli.screen import say, table

    for note in report["notes"]:
        say(note)
    twins = any("twin" in told for told in report["tasks"].values())
    columns = ["task", "figure", "before", "after", *(["alone"] if twins else [])]
    rows = [
        [task, told["figure"], told["before"], told["after"], *([told["twin"]] if twins else [])]
        for task, told in report["tasks"].items()
    ]
    table("held-out examples", columns, rows)
    if report["old"]:
        rows = [[task, *told.values()] for task, told in report["old"].items()]
        table("earlier data", ["task", "before", "after", "forgotten"], rows)
    probe = report["probe"]
    typer.echo(
        f"similarity probe {probe['before']:.1f} before, {probe['after']:.1f} after; encoder written to {output} "
        f"in {report['seconds']} s; use it with --encoder {output}"
    )
