"""The training loop of students: seeded epochs of batches. Knows neither users nor files."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from llm4rec.core import ComponentError, Floats, Numbers, Progress, short_of_memory
from llm4rec.core.known import joined_ranges
from llm4rec.models.student_lessons import Lessons, Start
from llm4rec.models.student_memory import Memory
from llm4rec.models.student_net import Batch, Net, loss_of
from llm4rec.models.student_reading import Reader

if TYPE_CHECKING:
    from llm4rec.models.student import Form, StudentConfig

LEAST_STEPS = 8  # an epoch, however small the data
LEAST_BATCH = 16
CELLS = 8_000_000  # scores held at once: batches shrink where items are many
SORTED = 32  # batches whose rows are sorted by length together


@dataclass(eq=False)
class Course:
    """How far training is: everything that another process needs to go on."""

    net: Net
    optimiser: torch.optim.Optimizer
    config: StudentConfig
    form: Form
    seed: int
    device: str
    epoch: int = 0
    steps: int = 0

    @classmethod
    def begin(cls, form: Form, config: StudentConfig, start: Start, seed: int, device: str) -> Course:
        """Before the first step."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            net = Net(form, config, start).to(device)
        tables = [p for n, p in net.named_parameters() if p.ndim > 1]
        others = [p for n, p in net.named_parameters() if p.ndim <= 1]
        groups = [{"params": tables, "weight_decay": config.reg}, {"params": others, "weight_decay": 0.0}]
        optimiser = torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.98))
        return cls(net, optimiser, config, form, seed, device)

    def served(self, near: Numbers) -> tuple[Reader, Floats, Memory]:
        """What answering needs."""
        return self.net.served(near)


def train(course: Course, lessons: Lessons, keep: Callable[[Course], None], progress: Progress) -> None:
    """Run the epochs that are left. Each has a seed of its own, so that an interrupted course goes on as if it had not
    been. ComponentError where the loss is not finite or memory runs out; the epoch before stays kept.
    """
    config = course.config
    left = range(course.epoch, config.epochs)
    for _ in progress(left, f"teaching {course.form}", len(left)):
        with _told(course):
            one_epoch(course, lessons)
        course.epoch += 1
        keep(course)


@contextmanager
def _told(course: Course) -> Iterator[None]:
    """Failures for want of memory, by name."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not short_of_memory(error):
            raise
        raise ComponentError(
            f"student: no memory in epoch {course.epoch + 1} with batch_size = {course.config.batch_size}; set "
            f"batch_size = {max(1, course.config.batch_size // 2)}, or a smaller memory or full_up_to"
        ) from error


def one_epoch(course: Course, lessons: Lessons) -> None:
    """One pass over all rows in an order of its own."""
    config, net = course.config, course.net
    rng = np.random.default_rng([course.seed, course.epoch])
    size = batch_rows(len(lessons), config.batch_size, len(net.outputs))
    total = config.epochs * math.ceil(len(lessons) / size)
    net.train()
    for rows in batches(np.diff(lessons.answers.bounds), size, rng):
        for group in course.optimiser.param_groups:
            group["lr"] = config.learning_rate * pace(course.steps, total)
        course.optimiser.zero_grad(set_to_none=True)
        loss = loss_of(net, batch_of(course, lessons, rows, rng), lessons, rows, config.soft)
        need_finite(loss, course)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        course.optimiser.step()
        course.steps += 1
    for parameter in net.parameters():  # the last step has no loss behind it
        need_finite(parameter.sum(), course)


def need_finite(value: Tensor, course: Course) -> None:
    """ComponentError unless `value` is a number."""
    if not torch.isfinite(value):
        raise ComponentError(
            f"student: the loss or a weight is {value.item()} in epoch {course.epoch + 1}; "
            f"lower learning_rate (now {course.config.learning_rate:g})"
        )


def batch_rows(rows: int, most: int, items: int) -> int:
    """Rows a step: `most`, fewer on small data or where items are many."""
    few = max(LEAST_BATCH, math.ceil(rows / LEAST_STEPS))
    return max(1, min(most, few, CELLS // max(items, 1)))


def pace(steps: int, total: int) -> float:
    """Share of the learning rate: up in a tenth of all steps, at most 100, then down by a cosine to nearly nothing."""
    warm = max(1, min(100, total // 10))
    return min(1.0, (steps + 1) / warm) * (
        0.02 + 0.98 * 0.5 * (1.0 + math.cos(math.pi * min(steps / total, 1.0)))
    )


def batches(lengths: Numbers, size: int, rng: np.random.Generator) -> Iterator[Numbers]:
    """Row numbers in random order, each once; rows of one batch are about equally long."""
    order = rng.permutation(len(lengths))
    for at in range(0, len(order), SORTED * size):
        some = order[at : at + SORTED * size]
        some = some[np.argsort(lengths[some], kind="stable")]
        parts = [some[start : start + size] for start in range(0, len(some), size)]
        for place in rng.permutation(len(parts)):
            yield parts[place]


def batch_of(course: Course, lessons: Lessons, rows: Numbers, rng: np.random.Generator) -> Batch:
    """Histories of these rows, and the items that they are compared over."""
    answers, device = lessons.answers, course.device
    starts, stops = answers.bounds[rows], answers.bounds[rows + 1]
    starts = np.maximum(starts, stops - course.config.window)
    places, bounds = joined_ranges(starts, stops)
    lengths = np.diff(bounds)
    owners = np.repeat(np.arange(len(rows)), lengths)
    ages = np.repeat(bounds[1:], lengths) - 1 - np.arange(bounds[-1])
    size = len(course.net.outputs)
    place, columns, louder = np.arange(size), None, None
    if size > course.config.full_up_to:
        columns, listed = _drawn(answers.lists[rows], lessons.following[rows], size, course.config, rng)
        place = np.full(size, len(columns))
        place[columns] = np.arange(len(columns))
        drawn = max(len(columns) - len(listed), 1)
        louder = np.where(np.isin(columns, listed), 0.0, math.log(max((size - len(listed)) / drawn, 1.0)))

    def tensor(array: np.ndarray) -> Tensor:
        return torch.as_tensor(array, device=device)

    return Batch(
        tensor(answers.items[places]),
        tensor(ages),
        tensor(owners),
        len(rows),
        tensor(place),
        None if columns is None else tensor(columns),
        None if louder is None else tensor(louder.astype(np.float32)),
        size if columns is None else len(columns),
    )


def _drawn(
    lists: Numbers, following: Numbers, size: int, config: StudentConfig, rng: np.random.Generator
) -> tuple[Numbers, Numbers]:
    """Columns of a batch: what is listed or was taken, and drawn others; and which of them are the former."""
    named = np.unique(np.concatenate([lists.ravel(), following]))
    named = named[named >= 0]
    return np.union1d(named, rng.choice(size, min(config.negatives, size), replace=False)), named
