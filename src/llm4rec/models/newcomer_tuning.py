"""Choosing how newcomers are ranked: some items are treated as if they were new, and the right answers are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from llm4rec.core import Dataset, FitContext, History, Holdout, Numbers, Request, zscore_rows
from llm4rec.models.blend import Trial, choose_weights
from llm4rec.models.newcomers import DECAYS, NewcomerConfig
from llm4rec.models.tuning import gains, masked

if TYPE_CHECKING:
    from llm4rec.models.sequence import Sequence

SMALL = 5_000  # items up to which the maps are solved again without the items held out
SHARE, LEAST_EVENTS = 0.2, 3
QUESTIONS = 1_000
GRID = (0.0, 0.1, 0.2, 0.4, 0.7, 1.0)
SHIFTS = (1.0, 0.5, 0.0, -0.5, -1.0, -1.5, -2.0, -3.0)
PRICE = 0.0025  # share of the quality of known items that newcomers may cost


def choose_newcomers(
    model: Sequence, dataset: Dataset, questions: Holdout, context: FitContext
) -> NewcomerConfig:
    """Weights by NDCG@20 among items held out whole, then the highest shift that known items can bear."""
    given = model.chosen.newcomers
    taken = model.counts_.taken
    able = np.flatnonzero(taken >= LEAST_EVENTS)
    rng = np.random.default_rng(0)
    if len(taken) > SMALL or len(able) < 20:
        return given
    held = np.sort(rng.choice(able, round(SHARE * len(able)), replace=False))
    kept = np.setdiff1d(np.arange(len(taken)), held)
    ghost = _without(model, kept, held, context)
    chosen = given.model_copy(
        update={"weights": _weights(ghost, dataset, np.concatenate([kept, held]), len(kept), rng)}
    )
    ghost.chosen_ = ghost.chosen.model_copy(update={"newcomers": chosen})
    shift = _shift(ghost, questions, np.concatenate([kept, held]), len(kept))
    return chosen.model_copy(update={"shift": shift})


def _without(model: Sequence, kept: Numbers, held: Numbers, context: FitContext) -> Sequence:
    """The model as if it had been fitted on the kept items and the held ones had come later."""
    ghost = model._copy()
    ghost.content_ = model.content_.take(np.concatenate([kept, held]))
    ghost._learn(model.counts_.only(kept), context)
    return ghost._settle()


def _renumbered(history: History, order: Numbers, size: int) -> History:
    """The history's events with the first `size` items of `order`, in their new numbers."""
    place = np.full(len(order), -1, dtype=np.int64)
    place[order[:size]] = np.arange(size)
    numbers = place[history.items]
    left = history.take(np.flatnonzero(numbers >= 0))
    return History(numbers[numbers >= 0], left.kinds, left.values, left.timestamps, left.kind_names)


def _weights(
    ghost: Sequence, dataset: Dataset, order: Numbers, size: int, rng: np.random.Generator
) -> dict[str, float]:
    questions = _held_questions(dataset, order, size, rng)
    parts = {
        name: zscore_rows(ghost.part(name, questions.requests, DECAYS.get(name)))
        for name in ghost.available_parts()
    }
    trial = Trial(questions, parts, k=20)
    start = {name: ghost.chosen.newcomers.weights.get(name, 0.0) for name in parts}
    return choose_weights(trial, start, GRID, fixed=("ease",))


def _held_questions(dataset: Dataset, order: Numbers, size: int, rng: np.random.Generator) -> Holdout:
    """Users who took held items: the rest of their history, and those items as the only candidates."""
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    held = np.arange(size, len(order))
    requests, targets = [], []
    for user in rng.permutation(len(dataset.users)):
        history = dataset.history(int(user))
        mine = np.unique(place[history.liked])
        left = _renumbered(history, order, size)
        if mine[-1:].sum() >= size and len(left):
            requests.append(Request(left, allowed=held))
            targets.append(mine[mine >= size])
        if len(requests) >= QUESTIONS:
            break
    return Holdout(requests, targets)


def _shift(ghost: Sequence, questions: Holdout, order: Numbers, size: int) -> float:
    """The highest shift at which questions about known items lose no more than PRICE of their quality."""
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    requests, targets = [], []
    for request, target in zip(questions.requests, questions.targets, strict=True):
        mine = place[target]
        if (mine < size).all():
            requests.append(Request(_renumbered(request.history, order, size)))
            targets.append(mine)
    if not requests:
        return ghost.chosen.newcomers.shift
    known = [Request(r.history, allowed=np.arange(size)) for r in requests]
    scores = ghost.score(requests)
    goal = float(gains(masked(scores.copy(), known), targets).mean()) * (1.0 - PRICE)
    spread = scores[:, :size].std(axis=1, keepdims=True)
    given = ghost.chosen.newcomers.shift
    for shift in SHIFTS:
        moved = scores.copy()
        moved[:, size:] += spread * np.float32(shift - given)
        if float(gains(masked(moved, requests), targets).mean()) >= goal:
            return shift
    return SHIFTS[-1]
