"""`llm4rec tune`: search the settings of one engine on validation, and write the best as a settings file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llm4rec.apps.cli import options as o

if TYPE_CHECKING:
    from llm4rec.data import LoadedDataset
    from llm4rec.engine import Settings
    from llm4rec.evaluation.tuning import Outcome, Tuned
    from llm4rec.evaluation.tuning.task import Task

OFTEN = 5.0  # seconds between two lines about trials that are nothing special


Output = Annotated[Path, typer.Option("--output", "-o", help="Where trials, settings and the picture go.")]
Model = Annotated[str | None, typer.Option("--model", help="Whose settings; default: that of the settings.")]
Ranges = Annotated[
    list[str] | None,
    typer.Option(
        "--space",
        metavar="KEY=RANGE",
        help="What to search: KEY=LOW:HIGH[:log] or KEY=A|B|C. Repeatable; default: what the model has.",
    ),
]
Trials = Annotated[int | None, typer.Option("--trials", min=1, help="Stop after so many trials.")]
Budget = Annotated[
    float | None, typer.Option("--budget", help="Stop after so many minutes; default: 10, or --trials.")
]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, help="Processes at once.")]
Metric = Annotated[
    str | None, typer.Option("--metric", help="What to judge by; default: ndcg@10, for ratings rmse.")
]


def tune(  # noqa: PLR0913, PLR0917 - one parameter an option
    folder: o.Folder,
    output: Output = Path("llm4rec-tune"),
    model: Model = None,
    space: Ranges = None,
    trials: Trials = None,
    budget: Budget = None,
    jobs: Jobs = 1,
    protocol: o.Protocol = "leave-last-out",
    metric: Metric = None,
    assignments: o.Assignments = None,
    settings_file: o.SettingsFile = None,
    clean: o.Cleaned = None,
    json: o.AsJson = False,
) -> None:
    """Search the settings of a model on validation; the same command goes on after an interruption."""
    from llm4rec.apps.cli.screen import as_json
    from llm4rec.evaluation.tuning import Limits, parse_space, usual_space
    from llm4rec.evaluation.tuning import tune as search

    settings = one_model(o.settings_with(model, assignments, settings_file))
    wanted = parse_space(space, settings) if space else usual_space(settings)
    minutes = settings.fit.budget if budget is None and trials is None else budget
    limits = Limits(trials, minutes, jobs)
    loaded, _ = o.load_clean(folder, clean)
    task = _task(settings, loaded, protocol, metric)
    found = search(task, wanted, output, limits, _Teller(task, limits))
    as_json(found.as_json()) if json else _show(found, output)


def one_model(settings: Settings) -> Settings:
    """The settings with one model in them: `auto` chooses among several, which is not one model."""
    from llm4rec.apps.cli.screen import say
    from llm4rec.engine import Engine
    from llm4rec.engine.choosing import AUTO, DEFAULT

    if settings.fit.model == AUTO:
        say(f"'auto' chooses among models: {DEFAULT!r} is taken; name another with --model")
        settings = settings.with_model(DEFAULT, settings.models.get(AUTO, {}))
    Engine(settings).check()
    return settings


def _task(settings: Settings, loaded: LoadedDataset, protocol: str, metric: str | None) -> Task:
    """What each trial does; texts are read once before, so that no trial does it."""
    from llm4rec.apps.cli.evaluate import resolved
    from llm4rec.apps.cli.screen import Bars
    from llm4rec.engine.build import build_encoder
    from llm4rec.engine.spaces import JUDGED_BY, USUAL
    from llm4rec.evaluation import parse_metric
    from llm4rec.evaluation.tuning.task import task_of

    judged = parse_metric(metric or JUDGED_BY.get(settings.fit.model, USUAL))
    task = task_of(settings, loaded.dataset, resolved(protocol, loaded), judged, loaded.marks)
    encoder = build_encoder(settings, Bars())
    if encoder is not None and any(loaded.dataset.catalog.texts):
        encoder.encode(loaded.dataset.catalog.texts)
    return task


class _Teller:
    """A line for a trial that is first, best or failed, and now and then for the others."""

    def __init__(self, task: Task, limits: Any) -> None:
        self._task, self._limits = task, limits
        self._last = 0.0

    def __call__(self, done: Outcome, best: Outcome | None) -> None:
        """Told of each finished trial."""
        from llm4rec.apps.cli.screen import say

        now = time.monotonic()
        if not (done.failed or done == best or now - self._last > OFTEN):
            return
        self._last = now
        total = f" of {self._limits.trials}" if self._limits.trials else ""
        spent = f"{done.at / 60:.1f} min" + (f" of {self._limits.minutes:g}" if self._limits.minutes else "")
        values = " ".join(f"{key}={_brief(value)}" for key, value in done.values.items())
        name = self._task.metric.name
        came = f"failed: {done.error}" if done.metric is None else f"{name} {done.metric:.5f}"
        top = "" if best is None or best == done or best.metric is None else f" (best {best.metric:.5f})"
        say(f"trial {done.number + 1}{total}, {spent}: {came}{top}  {values}")


def _brief(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "none" if value is None else str(value)


def _show(found: Tuned, folder: Path) -> None:
    """The best trials, what mattered, and where it all is, for people."""
    from llm4rec.apps.cli.screen import say, table
    from llm4rec.evaluation.tuning.tuned import FACTS, PICTURE, SETTINGS

    name, keys = found.task.metric.name, list(found.space)
    sign = 1 if found.task.metric.rule.lower_is_better else -1
    good = [t for t in found.trials if t.metric is not None]
    good.sort(key=lambda t: (sign * (t.metric or 0.0), t.number))
    shown = good[:5] + [t for t in good[5:] if t.number == 0]
    rows = [(t.number + 1, t.metric, *(_brief(t.values[key]) for key in keys)) for t in shown]
    table(
        f"best of {len(found.trials)} trials on validation; trial 1: as it was", ["trial", name, *keys], rows
    )
    if found.importance:
        mattered = ", ".join(f"{key} {share:.0%}" for key, share in found.importance.items())
        typer.echo(f"what mattered: {mattered}")
    for note in found.notes:
        say(f"note: {note}")
    written = ", ".join(f for f in (SETTINGS, FACTS, PICTURE) if (folder / f).is_file())
    typer.echo(f"ended after {found.ended}; in {folder}: {written}")
    typer.echo(f"next: llm4rec fit FOLDER -o ENGINE --settings {folder / SETTINGS}")
