"""The training loop of `attention`: seeded epochs, averaged weights, early stopping. Knows neither users nor files."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from llm4rec.core import ComponentError, Numbers, Progress, Times
from llm4rec.models.attention_batches import Events, pack
from llm4rec.models.attention_beyond_net import Traits, beyond, rare_of, units_of
from llm4rec.models.attention_content import ItemSource
from llm4rec.models.attention_loss_net import full_softmax, sampled_softmax
from llm4rec.models.attention_net import Batch, ContentRows, Network, Shape

if TYPE_CHECKING:
    from llm4rec.models.attention import AttentionConfig

LEAST_STEPS = 8  # an epoch, however small the data: batches shrink
LEAST_BATCH = 32
TRAITS = 64  # numbers that content is compared by where lists are to be varied


@dataclass(frozen=True, eq=False)
class Lesson:
    """What is learnt from: pieces of histories, whose items count among those somebody took; these with their
    content, their `numbers` in the catalog and how many took them. `half`: products of the loss in bfloat16.
    """

    pieces: Events
    source: ItemSource
    numbers: Tensor
    counts: Tensor
    sampled: bool
    half: bool
    seed: int
    device: str

    @cached_property
    def all_rows(self) -> ContentRows:
        """Content of all items that take part, on the device."""
        return ContentRows(self.source, self.device)

    @cached_property
    def rare(self) -> Tensor:
        """Self-information of the items, from 0 to 1."""
        return rare_of(self.counts)

    @cached_property
    def made_of(self) -> Tensor | None:
        """Unit vectors of content, (items, at most 64); None where items have none."""
        dense, side = self.source.dense.shape[1], self.source.sparse.shape[1]
        if not dense + side:
            return None
        turned = self.source.directions(min(TRAITS, dense + side), np.random.default_rng(self.seed))
        content = self.source.dense @ turned[:dense] + self.source.sparse @ turned[dense:]
        return units_of(torch.as_tensor(np.asarray(content, np.float32), device=self.device))

    def traits(self, vectors: Tensor, items: Tensor) -> Traits:
        """What some items are made of: their content; where there is none, their vectors as they stand."""
        units = units_of(vectors.detach()) if self.made_of is None else self.made_of[items]
        return Traits(units, self.rare[items])

    @property
    def places(self) -> int:
        """Places that have a next event."""
        return int(self.pieces.lengths.sum() - len(self.pieces))


@dataclass
class Course:
    """How far training is: everything that another process needs to go on."""

    network: Network
    averaged: Network
    optimiser: torch.optim.Optimizer
    epoch: int = 0
    steps: int = 0
    best: dict[str, Tensor] = field(default_factory=dict)
    best_epoch: int = 0
    scores: list[float] = field(default_factory=list)

    @classmethod
    def begin(cls, shape: Shape, lesson: Lesson, recipe: AttentionConfig) -> Course:
        """Before the first step: item vectors are what content says."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(lesson.seed)
            network = Network(shape)
        if shape.dense + shape.sparse:
            rng = np.random.default_rng(lesson.seed)
            network.vectors.start(lesson.source.directions(shape.width, rng))
        network = network.to(lesson.device)
        named = list(network.named_parameters())
        shrunk = [p for name, p in named if _shrinks(name, p)]
        plain = [p for name, p in named if not _shrinks(name, p)]
        optimiser = torch.optim.AdamW(
            [{"params": shrunk, "weight_decay": recipe.reg}, {"params": plain, "weight_decay": 0.0}],
            lr=recipe.learning_rate,
            betas=(0.9, 0.98),
            fused=True,
        )
        return cls(network, copy.deepcopy(network).requires_grad_(False), optimiser)

    def result(self) -> Network:
        """The averaged network at its best epoch; as it began if there was none."""
        found = copy.deepcopy(self.averaged)
        if self.best:
            found.load_state_dict(self.best)
        return found


def _shrinks(name: str, parameter: Tensor) -> bool:
    return parameter.ndim > 1 and "distance" not in name and "moment" not in name


def train(
    course: Course,
    lesson: Lesson,
    recipe: AttentionConfig,
    progress: Progress,
    judge: Callable[[Network], float] | None = None,
    keep: Callable[[Course], None] = lambda course: None,
) -> Course:
    """Run epochs from where `course` stands, up to `stop` or `epochs`; the best weights are in `course.best`.

    With `judge` (higher is better) epochs without gain end it early; without, the last weights are the best.
    Each epoch has a seed of its own, so that a course that was interrupted goes on as if it had not been.
    """
    last = recipe.stop or recipe.epochs
    cuda = [torch.device(lesson.device)] if lesson.device.startswith("cuda") else []
    with torch.random.fork_rng(devices=cuda):
        for _ in progress(range(course.epoch, last), "training attention", last - course.epoch):
            if judge and course.epoch - course.best_epoch >= recipe.patience:
                break
            torch.manual_seed(lesson.seed + course.epoch)
            one_epoch(course, lesson, recipe)
            course.epoch += 1
            weigh(course, judge)
            keep(course)
    return course


def weigh(course: Course, judge: Callable[[Network], float] | None) -> None:
    """Judge the averaged weights and keep them if they are the best so far."""
    if judge is not None:
        course.scores.append(judge(course.averaged))
        if course.best and course.scores[-1] <= max(course.scores[:-1]):
            return
    course.best_epoch = course.epoch
    course.best = {name: value.clone() for name, value in course.averaged.state_dict().items()}


def one_epoch(course: Course, lesson: Lesson, recipe: AttentionConfig) -> None:
    """One pass over all pieces in an order of its own."""
    size = batch_places(lesson.places, recipe.batch_size)
    rng = np.random.default_rng([lesson.seed, course.epoch])
    total = recipe.epochs * math.ceil(lesson.places / size)
    course.network.train()
    # Once an epoch: to walk through the modules takes a tenth of a small step.
    weights: list[Tensor] = list(course.network.parameters())
    means: list[Tensor] = list(course.averaged.parameters())
    for rows in batches(lesson.pieces, size, rng):
        for group in course.optimiser.param_groups:
            group["lr"] = recipe.learning_rate * pace(course.steps, total)
        course.optimiser.zero_grad(set_to_none=True)
        loss = step_loss(course.network, lesson, rows, recipe, rng)
        need_finite(loss, course, recipe)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(weights, 1.0)
        course.optimiser.step()
        course.steps += 1
        average(means, weights, 1.0 / min(course.steps, max(10, 2 * total // recipe.epochs)))
    for parameter in weights:  # the last step of an epoch has no loss behind it
        need_finite(parameter.sum(), course, recipe)


def need_finite(value: Tensor, course: Course, recipe: AttentionConfig) -> None:
    """ComponentError unless `value` is a number; the checkpoint of the epoch before stays as it is."""
    if not torch.isfinite(value):
        raise ComponentError(
            f"attention: the loss or a weight is {value.item()} in epoch {course.epoch + 1}; "
            f"lower learning_rate (now {recipe.learning_rate:g})"
        )


def batch_places(places: int, most: int) -> int:
    """Places a step: `most`, fewer on small data, so that an epoch has LEAST_STEPS."""
    return max(1, min(most, max(LEAST_BATCH, math.ceil(places / LEAST_STEPS))))


def pace(steps: int, total: int) -> float:
    """Share of the learning rate: up in 50 steps or a tenth of all, then down by a cosine to a twentieth at the end."""
    warm = max(1, min(50, total // 10))
    down = 0.5 * (1.0 + math.cos(math.pi * min(steps / total, 1.0)))
    return min(1.0, (steps + 1) / warm) * (0.05 + 0.95 * down)


def batches(pieces: Events, size: int, rng: np.random.Generator) -> Iterator[Numbers]:
    """Row numbers in random order, about `size` places a batch; each row once."""
    order = rng.permutation(len(pieces))
    part = np.cumsum(pieces.lengths[order] - 1) // size
    yield from np.split(order, np.flatnonzero(np.diff(part)) + 1)


def average(means: list[Tensor], values: list[Tensor], share: float) -> None:
    """Move the means of the weights towards their values by a share: 1 / n is the average over about n steps."""
    with torch.no_grad():
        torch._foreach_lerp_(means, values, share)


def step_loss(
    network: Network, lesson: Lesson, rows: Numbers, recipe: AttentionConfig, rng: np.random.Generator
) -> Tensor:
    """The loss of one batch of pieces."""
    inputs, targets = shifted(lesson.pieces.take(rows))
    packed = pack(inputs)
    targets = targets.take(packed.order)
    asked = _sometimes_unknown(targets.times, rng) if network.shape.time_aware else None
    columns = len(network.shape.asked)  # contexts are the last sorts of tokens
    contexts = targets.tokens[:, -columns:] if columns else None
    batch = Batch(packed, lesson.device, asked, contexts)
    if not lesson.sampled:
        vectors = network.vectors(lesson.all_rows, lesson.numbers, lesson.counts)
        places = network(vectors[batch.items], batch)
        wanted = torch.as_tensor(targets.items, device=lesson.device)
        loss = full_softmax(places, vectors, wanted, lesson.half)
        if recipe.lists_count:
            everything = torch.arange(len(vectors), device=lesson.device)
            loss = loss + _beside(places, vectors, everything, lesson, recipe)
        return loss
    drawn = rng.choice(len(lesson.source), min(recipe.negatives, len(lesson.source)), replace=False)
    needed, where = np.unique(
        np.concatenate([packed.events.items, targets.items, drawn]), return_inverse=True
    )
    ends = np.cumsum([len(packed.events.items), len(targets.items)])
    inside = [torch.as_tensor(w, device=lesson.device) for w in np.split(where, ends)]
    chosen = torch.as_tensor(needed, device=lesson.device)
    rows_needed = ContentRows(lesson.source.take(needed), lesson.device)
    vectors = network.vectors(rows_needed, lesson.numbers[chosen], lesson.counts[chosen])
    places = network(vectors[inside[0]], batch)
    loss = sampled_softmax(places, vectors, inside[1], inside[2], len(lesson.source))
    if recipe.lists_count:
        loss = loss + _beside(places, vectors[inside[2]], chosen[inside[2]], lesson, recipe)
    return loss


def _beside(
    places: Tensor, vectors: Tensor, items: Tensor, lesson: Lesson, recipe: AttentionConfig
) -> Tensor:
    """What the loss gains for unlike and rare items, over `vectors` of the `items` of the lesson."""
    traits = lesson.traits(vectors, items)
    return beyond(places, vectors, traits, recipe.diversity_reg, recipe.novelty_reg)


def shifted(pieces: Events) -> tuple[Events, Events]:
    """All events of each piece but the last, and all but the first: what is seen, and what comes next."""
    first, last = np.ones(len(pieces.items), dtype=bool), np.ones(len(pieces.items), dtype=bool)
    first[pieces.bounds[:-1]] = False
    last[pieces.bounds[1:] - 1] = False
    bounds = pieces.bounds - np.arange(len(pieces) + 1)

    def kept(rows: Any) -> Events:
        return Events(pieces.items[rows], pieces.tokens[rows], pieces.times[rows], bounds)

    return kept(last), kept(first)


def _sometimes_unknown(times: Times, rng: np.random.Generator, share: float = 0.1) -> Times:
    """Some moments hidden, so that a question without a time has a meaning."""
    return np.where(rng.random(len(times)) < share, np.nan, times)
