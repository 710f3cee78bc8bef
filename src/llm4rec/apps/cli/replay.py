"""`llm4rec replay`: how good is a model on a stream, event by event, and does it get better or worse."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llm4rec.apps.cli import options as o

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm4rec.engine import Settings

Model = Annotated[
    list[str],
    typer.Option("--model", help="A model, with settings in brackets: 'ease(decay=none)'. Repeatable."),
]
Plot = Annotated[Path | None, typer.Option("--plot", help="Draw the course of it into this .svg file.")]

Warm = Annotated[float, typer.Option("--warm", help="Share of events fitted before the first question.")]
UpdateEvery = Annotated[
    int, typer.Option("--update-every", min=0, help="Events until histories know of them; 0: never.")
]
RefitEvery = Annotated[
    int, typer.Option("--refit-every", min=0, help="Events until the engine is fitted again; 0: never.")
]
Window = Annotated[int, typer.Option("--window", min=1, help="Questions a window.")]
Most = Annotated[int | None, typer.Option("--most", min=1, help="Questions at most.")]


def replay(  # noqa: PLR0913, PLR0917 - one parameter an option
    folder: o.Folder,
    model: Model = ["sequence", "popular"],  # noqa: B006 - typer copies it
    metrics: o.Metrics = None,
    warm: Warm = 0.5,
    update_every: UpdateEvery = 1,
    refit_every: RefitEvery = 0,
    window: Window = 1_000,
    most: Most = None,
    target_time: o.TargetTime = False,
    assignments: o.Assignments = None,
    settings_file: o.SettingsFile = None,
    clean: o.Cleaned = None,
    json: o.JsonFile = None,
    plot: Plot = None,
) -> None:
    """Events in order of time: recommend, score, learn. Quality in windows, and where it drifted."""
    from llm4rec.apps.cli.screen import Bars
    from llm4rec.evaluation.replay import ReplayConfig, stream_of, told
    from llm4rec.evaluation.replay import replay as run

    checked_plot(plot)
    given: dict[str, Any] = {"warm": warm, "update_every": update_every, "refit_every": refit_every}
    given |= {"window": window, "most": most, "target_time": target_time}
    if metrics is not None:
        given["metrics"] = tuple(m.strip() for m in metrics.split(",") if m.strip())
    config = ReplayConfig.of(given, "replay")
    settings, options = o.settings_and_options(assignments, settings_file)
    makers = engines(settings, model, options)
    loaded, _ = o.load_clean(folder, clean)
    found = {name: run(loaded.dataset, make, config, Bars()) for name, make in makers.items()}
    content = told(found, config, stream_of(loaded.dataset, config))
    content["replay"] |= {"dataset": loaded.dataset.name, "synthetic": loaded.dataset.synthetic}
    written(content, json)
    metric = config.metrics[0]
    course = {name: row["windows"][metric] for name, row in content["models"].items()}
    draw(course, "to", (f"questions, windows of {config.window}", metric), plot)
    if str(json) != "-":
        _show(content)


def engines(settings: Settings, models: list[str], options: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    """A maker of fresh engines by variant; wrong names and settings are refused now."""
    from llm4rec.apps.cli.evaluate import with_options
    from llm4rec.engine import Engine, parse_variant, split_variants

    names = list(dict.fromkeys(name for given in models for name in split_variants(given)))
    settings = with_options(settings, ",".join(names), options)
    made: dict[str, Callable[[], Any]] = {}
    for variant in names:
        name, own = parse_variant(variant)
        one = settings.with_model(name, own)
        Engine(one).check()
        made[variant] = partial(Engine, one)
    return made


def checked_plot(plot: Path | None) -> None:
    """SettingsError where a picture is asked for that is not SVG; before hours of work rather than after."""
    from llm4rec.core import SettingsError

    if plot is not None and plot.suffix != ".svg":
        raise SettingsError(f"--plot {plot.name}: a picture is an .svg file")


def draw(course: dict[str, Any], across: str, labels: tuple[str, str], plot: Path | None) -> None:
    """Means with intervals by name along the field `across` into a file, where one is asked for."""
    from llm4rec.apps.cli.screen import say

    if plot is not None:
        from llm4rec.evaluation.partial import write_text
        from llm4rec.evaluation.plots import lines

        fields = (across, "mean", "low", "high")
        series = {name: [tuple(row[f] for f in fields) for row in rows] for name, rows in course.items()}
        write_text(plot, lines(series, *labels))
        say(f"plot: {plot}")


def written(content: Any, json: Path | None) -> None:
    """The JSON where it is wanted; '-' prints."""
    from llm4rec.apps.cli.screen import to_json
    from llm4rec.evaluation.partial import write_text

    if json is not None and str(json) == "-":
        typer.echo(to_json(content))
    elif json is not None:
        write_text(json, to_json(content) + "\n")


def _show(content: Any) -> None:
    from llm4rec.apps.cli.screen import say, table

    names = content["replay"]["metrics"]
    rows = []
    for name, row in content["models"].items():
        cells = [f"{m['mean']:.4f} ({m['low']:.4f}–{m['high']:.4f})" for m in row["metrics"].values()]
        ends = [row["windows"][names[0]][at]["mean"] for at in (0, -1)]
        rows.append([name, *cells, *(f"{value:.4f}" for value in ends), row["fits"], len(row["alarms"])])
    title = f"{content['replay']['questions']} questions in order of time"
    table(title, ["model", *names, "first window", "last window", "fits", "alarms"], rows)
    for name, row in content["models"].items():
        for alarm in row["alarms"]:
            say(
                f"{name}: {names[0]} went {alarm['way']} at question {alarm['at']}, since about {alarm['since']}: "
                f"{alarm['before']:.4f} to {alarm['after']:.4f}"
            )
