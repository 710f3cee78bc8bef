"""Checkpoints of a training course: one file an epoch rewritten in place, plain tensors, read back by the same fit only."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from llm4rec.core import FolderError
from llm4rec.models.attention_training_net import Course, Lesson
from llm4rec.models.checkpoint_net import moments, recall, under

if TYPE_CHECKING:
    from llm4rec.models.attention import AttentionConfig

FORMAT = "1"
IRRELEVANT = {"checkpoint", "patience"}  # change neither what an epoch learns nor which is kept


def keeper(config: AttentionConfig, lesson: Lesson, course: Course, judged: bool) -> Callable[[Course], None]:
    """What keeps the course after each epoch; a checkpoint of the same fit is read into `course` first.

    The file carries the fit in its name (settings, data and seed), so that several fits share a folder and none
    goes on from another's weights.
    """
    if not config.checkpoint:
        return lambda course: None
    folder = Path(config.checkpoint).expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"attention-{signature(config, lesson, judged)}.safetensors"
    if path.is_file():
        read(path, course)
    return lambda course: write(path, course)


def signature(config: AttentionConfig, lesson: Lesson, judged: bool) -> str:
    """Sixteen hexadecimal digits of all that decides what is learnt."""
    sums = hashlib.blake2b(digest_size=8)
    told = config.model_dump(mode="json", exclude=IRRELEVANT)
    sums.update(json.dumps([FORMAT, told, lesson.seed, lesson.half, judged], sort_keys=True).encode())
    source = lesson.source.sparse
    for array in (
        lesson.pieces.items,
        lesson.pieces.tokens,
        lesson.pieces.times,
        lesson.pieces.bounds,
        lesson.source.dense,
        source.indices,
        source.data,
    ):
        sums.update(array.tobytes())
    return sums.hexdigest()


def write(path: Path, course: Course) -> None:
    """Beside its place, then renamed: a kill while writing leaves the last good one."""
    facts = {
        "epoch": course.epoch,
        "steps": course.steps,
        "best_epoch": course.best_epoch,
        "scores": course.scores,
    }
    beside = path.with_suffix(f".{os.getpid()}.tmp")
    save_file(tensors(course), beside, metadata={"course": json.dumps(facts)})
    beside.replace(path)


def tensors(course: Course) -> dict[str, Tensor]:
    """Everything of a course that is not a plain number."""
    return (
        {f"network.{name}": value.clone() for name, value in course.network.state_dict().items()}
        | {f"averaged.{name}": value.clone() for name, value in course.averaged.state_dict().items()}
        | {f"best.{name}": value.clone() for name, value in course.best.items()}
        | moments(course.optimiser)
    )


def read(path: Path, course: Course) -> None:
    """The inverse of `write`, into a course that has just begun. FolderError where the file is damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {})["course"])
            found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        course.network.load_state_dict(under("network.", found))
        course.averaged.load_state_dict(under("averaged.", found))
        course.best = under("best.", found)
        recall(course.optimiser, found)
        course.epoch, course.steps = facts["epoch"], facts["steps"]
        course.best_epoch, course.scores = facts["best_epoch"], facts["scores"]
    except (SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise FolderError(f"checkpoint {path} is damaged ({error}); delete it to begin anew") from error
