"""`teach`: a course and a causal model in, a model that knows the course out, with a report. Loads torch late."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from llm4rec.core import FolderError, Progress, SettingsError, silent
from llm4rec.writers.folders import EVENTS, NAMES, marks_of
from llm4rec.writers.teaching.config import SCRATCH, TeachConfig
from llm4rec.writers.teaching.course import Course, Rows

INSIDE = NAMES.parent.name
REPORT = "report.json"
# Changes neither what a step learns nor which state is kept.
IRRELEVANT = {"checkpoint_every", "stop_after"}


@dataclass(frozen=True)
class Taught:
    """Where the model lies, and what happened: `report` is what report.json holds."""

    folder: Path
    report: Mapping[str, Any]


@dataclass(frozen=True)
class World:
    """What teaching is given from outside: where it computes, and who watches."""

    device: str = "cpu"
    progress: Progress = silent


def teach(
    course: Course, output: Path | str, config: TeachConfig | None = None, world: World | None = None
) -> Taught:
    """Teach the model of `config.source` and write it to the folder `output`, which generator 'local' opens.

    The same course, settings and seed give the same model on one machine; a run that was killed goes on from its last
    checkpoint when called again. The state kept is the one that was least surprised by how held-out lessons end.
    ComponentError: a folder that will not do, a loss that is not finite, memory that ran out; FolderError: an output
    folder that is not ours; SettingsError: too little room for a lesson.
    """
    from llm4rec.writers.teaching.loop_net import Run, resume, train
    from llm4rec.writers.teaching.pupil_net import pupil

    started = time.monotonic()
    config, world, output = config or TeachConfig(), world or World(), Path(output).expanduser().absolute()
    inside = _begin(output)
    pupil_ = _seeded_pupil(pupil, course, config, world.device)
    rows = Rows(course.lessons, pupil_.tokens, course.window, pupil_.room)
    held = list(Rows(course.held, pupil_.tokens, course.window, pupil_.room).whole(config.most_questions))
    if not any(any(row.learnt) for row in held[:1] or [rows.row(0, config.seed, 0)]):
        raise SettingsError(
            f"a lesson does not fit into the {pupil_.room} tokens of the model; set a larger room"
        )
    run = Run(pupil_, rows, held, config, inside, _signature(course, config))
    resumed = resume(run)
    went_on = run.step
    train(run, world.progress)
    report = {
        "source": config.source,
        "method": SCRATCH if config.source == SCRATCH else config.method,
        "weights": sum(value.numel() for value in pupil_.model.parameters()),
        "lessons": len(course.lessons),
        "held_out": len(held),
        "before": run.told["first"],
        "after": run.told["best"],
        "steps": run.step,
        "best_step": run.told["best_step"],
        "history": run.told["history"],
        "names": len(course.names),
        "notes": [f"went on from step {went_on}, where an earlier run had stopped"] if resumed else [],
        "seconds": round(time.monotonic() - started, 1),
    }
    _finish(output, pupil_, course, report)
    return Taught(output, report)


def _seeded_pupil(make: Any, course: Course, config: TeachConfig, device: str) -> Any:
    """The model as it begins, its drawn weights by the seed alone."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return make(course, config, device)


def _signature(course: Course, config: TeachConfig) -> str:
    """Sixteen hexadecimal digits of all that decides what is learnt."""
    told: list[Any] = [config.model_dump(mode="json", exclude=IRRELEVANT), course.signature()]
    if config.source != SCRATCH:
        weights = sorted(Path(config.source).expanduser().glob("*.safetensors"))
        told += [hashlib.blake2b(path.read_bytes(), digest_size=8).hexdigest() for path in weights]
    return hashlib.blake2b(json.dumps(told).encode(), digest_size=8).hexdigest()


def _begin(output: Path) -> Path:
    """The folder inside `output` for what a run keeps; a folder that is not ours is refused, never emptied."""
    aside = _aside(output)
    if aside.is_dir() and not output.exists():
        aside.rename(output)  # a swap that was interrupted
    if output.exists() and not output.is_dir():
        raise FolderError(f"{output} is a file; name a folder for the model")
    if output.is_dir() and any(output.iterdir()) and not (output / INSIDE).is_dir():
        raise FolderError(
            f"{output} holds other things than a taught model, so it is left alone; name another folder"
        )
    (output / INSIDE).mkdir(parents=True, exist_ok=True)
    return output / INSIDE


def _finish(output: Path, pupil: Any, course: Course, report: Mapping[str, Any]) -> None:
    """Write the model beside `output`, then put it in its place in one move; the checkpoint goes with the old folder."""
    from safetensors.numpy import save_file

    fresh, aside = output.with_name(f".{output.name}.new"), _aside(output)
    for leftover in (fresh, aside):
        shutil.rmtree(leftover, ignore_errors=True)
    (fresh / INSIDE).mkdir(parents=True)
    pupil.save(fresh)
    (fresh / NAMES).write_text(json.dumps(dict(course.names), ensure_ascii=False) + "\n", encoding="utf-8")
    marks = np.array(sorted(set(marks_of(course.events))), dtype=np.uint64)
    save_file({"marks": marks}, fresh / EVENTS)
    (fresh / INSIDE / REPORT).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    output.rename(aside)
    fresh.rename(output)
    shutil.rmtree(aside)


def _aside(output: Path) -> Path:
    return output.with_name(f".{output.name}.old")
