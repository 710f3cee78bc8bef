"""`adapt`: a data set and an encoder in, a better encoder for that data out, with a report of what it cost. Loads torch late."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llm4rec.core import Dataset, Progress, silent
from llm4rec.encoders import weights
from llm4rec.encoders.adapting import folder as folders
from llm4rec.encoders.adapting import wordwise
from llm4rec.encoders.adapting.config import AdaptConfig, Task
from llm4rec.encoders.adapting.examples import Examples
from llm4rec.encoders.adapting.reading import examples_of
from llm4rec.encoders.adapting.told import heads_told

if TYPE_CHECKING:
    from llm4rec.encoders.adapting.loop_net import Run

FORMAT = 1


@dataclass(frozen=True)
class Adapted:
    """Where the encoder lies, and what happened: `report` is what report.json holds, `notes` are sentences of it."""

    folder: Path
    report: Mapping[str, Any]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know."""
        return tuple(self.report["notes"])


@dataclass(frozen=True)
class World:
    """What adapting is given from outside: where it computes, who watches, and earlier data to replay."""

    device: str = "cpu"
    progress: Progress = silent
    old: Dataset | None = None


@dataclass
class _Story:
    """What is told at the end."""

    notes: list[str] = field(default_factory=list)
    twins: dict[Task, float] = field(default_factory=dict)


def adapt(
    dataset: Dataset, output: Path | str, config: AdaptConfig | None = None, world: World | None = None
) -> Adapted:
    """Train the encoder of `config.source` on `dataset` and write it to the folder `output`.

    Only the interactions passed in are seen; a share of them is held out inside to choose the best state. The state
    kept has lost less than `probe_loss` points of general similarity and, with old data, forgotten no more than
    `most_forgetting` of it: where one that answers better has not, part of the way to it is taken. The same data, settings and seed give the same encoder on one machine; a run that was
    killed goes on from its last checkpoint when called again. DataError names a task without examples; ComponentError a
    loss that is not finite or memory that ran out; FolderError an output folder that is not ours.
    """
    from llm4rec.encoders.adapting.saving_net import save
    from llm4rec.encoders.adapting.session_net import ready

    started = time.monotonic()
    config, world, output = config or AdaptConfig(), world or World(), Path(output).expanduser().absolute()
    tasks = examples_of(dataset, config, world.old)
    inside = folders.begin(output)
    story = _Story([note for examples in tasks.values() for note in examples.notes])
    story.notes += _left_behind(config)
    run, resumed = ready(tasks, config, inside, world.device)
    if resumed:
        story.notes.append(f"went on from step {run.course.step}, where an earlier run had stopped")
    _trained(run, world, "all")
    if config.twins and len(tasks) > 1:
        terms = {task: config.alone(task, run.steps, run.between) for task in tasks}
        story.twins = {task: _twin(tasks[task], terms[task], inside, world) for task in tasks}
    report = _report(run, story, config)
    words = _words(run, config, report)
    report["seconds"] = round(time.monotonic() - started, 1)

    def write(fresh: Path) -> None:
        save(run.course, fresh)
        wordwise.write(fresh / folders.INSIDE, words)

    folders.finish(output, write, report)
    return Adapted(output, report)


def _left_behind(config: AdaptConfig) -> list[str]:
    """Heads learnt before for other tasks: the encoder moves away from under them, so they are not kept."""
    lost = [task for task in heads_told(weights.find(config.source)) if task not in config.tasks]
    if not lost:
        return []
    return [
        f"heads of {', '.join(lost)} are not kept, because these tasks are not learnt here; name them to keep them"
    ]


def _trained(run: Run, world: World, name: str) -> None:
    """The run to its end, watched by its tracker."""
    from llm4rec.encoders.adapting.loop_net import train
    from llm4rec.encoders.adapting.tracking import tracker

    run.tracker = tracker(run.config, run.folder / folders.RUNS, run.course.step, name)
    try:
        train(run, world.progress)
    finally:
        run.tracker.close()


def _twin(examples: Examples, config: AdaptConfig, inside: Path, world: World) -> float:
    """The figure of a task that learnt alone, from the same beginning by these terms."""
    from llm4rec.encoders.adapting.measure_net import measured
    from llm4rec.encoders.adapting.session_net import ready

    task = examples.task
    run, _ = ready({task: examples}, config, inside / f"twin-{task}", world.device)
    _trained(run, world, task)
    return measured(run.course.network, run.tasks, run.config)[task]


def _words(run: Run, config: AdaptConfig, report: Mapping[str, Any]) -> dict[Task, wordwise.Words]:
    """Word counts beside the heads of labels, where they help; told in the report of each task."""
    from llm4rec.encoders.adapting.figures import macro_f1
    from llm4rec.encoders.adapting.measure_net import answered, asked_rows

    found: dict[Task, wordwise.Words] = {}
    for task, examples in run.tasks.items() if config.words else ():
        spec = run.course.network.specs[task]
        if spec.kind != "classes" or not spec.reads_text or examples.targets is None:
            continue
        held = asked_rows(examples, config)
        chances = answered(run.course.network, examples, held)
        words = wordwise.learnt_beside(examples, held, chances)
        told = {"trust": 1.0, "share": 0.0, "after": macro_f1(chances, examples.targets[held])}
        if words is not None:
            found[task] = words
            both = words.beside([examples.texts[n] for n in examples.left[held, 0]], chances)
            told = {
                "trust": words.trust,
                "share": words.share,
                "after": macro_f1(both, examples.targets[held]),
            }
        report["tasks"][task]["with_words"] = told
    return found


def _report(run: Run, story: _Story, config: AdaptConfig) -> dict[str, Any]:
    """What report.json holds."""
    from llm4rec.encoders.adapting.measure_net import measured, probed

    course, told = run.course, run.course.told
    after = measured(course.network, run.tasks, config)
    probe = probed(course.network)
    old = {}
    if told["first_old"]:
        now = measured(course.network, run.tasks, config, old=True)
        old = {
            task: {"before": first, "after": now[task], "forgotten": first - now[task]}
            for task, first in told["first_old"].items()
        }
    return {
        "format": FORMAT,
        "source": config.source,
        "source_digest": weights.digest(weights.find(config.source)),
        "method": config.method,
        "steps": course.step,
        "best_step": told["best_step"],
        "best_share": told["best_share"],
        "tasks": {task: _told(run, task, after[task], story.twins.get(task)) for task in run.tasks},
        "probe": {"before": run.probe_before, "after": probe, "lost": run.probe_before - probe},
        "old": old,
        "history": told["history"],
        "config": config.model_dump(mode="json"),
        "notes": [*story.notes, *_verdict(run, config)],
    }


def _told(run: Run, task: Task, after: float, twin: float | None) -> dict[str, Any]:
    from llm4rec.encoders.adapting.measure_net import NAMES

    examples = run.tasks[task]
    found: dict[str, Any] = {
        "figure": NAMES[task],
        "before": run.course.told["first"][task],
        "after": after,
        "learnt_from": len(examples.rows(held=False)),
        "held_out": len(examples.rows(held=True)),
        "replayed_from": len(examples.rows(held=False, old=True)),
        "labels": list(run.course.network.specs[task].labels),
    }
    if twin is not None:
        found |= {"twin": twin, "against_twin": after - twin}
    return found


def _verdict(run: Run, config: AdaptConfig) -> list[str]:
    """Which state was kept and why."""
    told = run.course.told
    if told["best_step"]:
        kept = f"kept the state of step {told['best_step']} of {run.course.step}"
        if told["best_share"] < 1.0:
            kept += f", {told['best_share']:.0%} of the way there: the guards allow no more of it"
    else:
        kept = "kept the encoder as it was: no later state answered better within the guards"
    notes = [kept]
    if told["refused"]:
        notes.append(
            f"{told['refused']} states answered better but were refused: they had lost {config.probe_loss:g} points of "
            f"general similarity or more, or forgotten more than {config.most_forgetting:g} of the old data. Points on the way "
            "back were tried. A smaller learning_rate, a larger stay, another method or a wider guard may keep more"
        )
    return notes
