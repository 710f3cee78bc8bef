"""Checkpoints of a student's course: one file rewritten after each epoch, plain tensors, read back by the same lesson only."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from llm4rec.core import FolderError
from llm4rec.models.checkpoint_net import moments, recall, under
from llm4rec.models.student_lessons import Lessons
from llm4rec.models.student_training_net import Course

if TYPE_CHECKING:
    from llm4rec.models.student import StudentConfig

FORMAT = "1"


def keeper(config: StudentConfig, course: Course, lessons: Lessons) -> Callable[[Course], None]:
    """What keeps the course after each epoch; a checkpoint of the same lesson is read into `course` first.

    The file carries settings, data and seed in its name, so that several fits share a folder.
    """
    if not config.checkpoint:
        return lambda course: None
    folder = Path(config.checkpoint).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"student-{signature(course, lessons)}.safetensors"
    if path.is_file():
        read(path, course)
    return lambda course: write(path, course)


def signature(course: Course, lessons: Lessons) -> str:
    """Sixteen hexadecimal digits of all that decides what is learnt."""
    sums = hashlib.blake2b(digest_size=8)
    told = course.config.model_dump(mode="json", exclude={"checkpoint"})
    sums.update(json.dumps([FORMAT, course.form, told, course.seed, course.device], sort_keys=True).encode())
    answers = lessons.answers
    for array in (
        answers.items,
        answers.bounds,
        answers.lists,
        lessons.chances,
        lessons.gates,
        lessons.following,
    ):
        sums.update(array.tobytes())
    return sums.hexdigest()


def write(path: Path, course: Course) -> None:
    """Beside its place, then renamed: a kill while writing leaves the last good one."""
    tensors = {f"net.{name}": value.clone() for name, value in course.net.state_dict().items()} | moments(
        course.optimiser
    )
    beside = path.with_suffix(f".{os.getpid()}.tmp")
    told = json.dumps({"epoch": course.epoch, "steps": course.steps})
    save_file(tensors, beside, metadata={"course": told})
    beside.replace(path)


def read(path: Path, course: Course) -> None:
    """The inverse of `write`, into a course that has just begun; FolderError where the file is damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {})["course"])
            found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        course.net.load_state_dict(under("net.", found))
    except (SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise FolderError(f"checkpoint {path} is damaged ({error}); delete it to begin anew") from error
    recall(course.optimiser, found)
    course.epoch, course.steps = facts["epoch"], facts["steps"]
