"""Choosing how newcomers are ranked: some items are treated as if they were new, and the right answers are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from llm4rec.core import Dataset, FitContext, Floats, History, Holdout, Numbers, Request, gains, masked
from llm4rec.models.blend import Trial, choose_weights
from llm4rec.models.newcomers import START, NewcomerConfig, newcomer_parts, own_blend, placed

if TYPE_CHECKING:
    from llm4rec.models.sequence import Sequence

SMALL = 5_000  # items up to which the maps are solved again without the items held out
SHARE, LEAST_EVENTS = 0.2, 3
DRAWS = 3
QUESTIONS = 500  # a draw
GRID = (0.0, 0.1, 0.2, 0.4, 0.7, 1.0)
SHIFTS = tuple(float(shift) for shift in np.arange(0.0, -3.25, -0.25))
PRICE = 0.004  # share of the quality of known items that newcomers may cost, by what held-out questions say


@dataclass(frozen=True, eq=False)
class Draw:
    """A model fitted without some items, which then came later; `order` holds all items, those `size` kept first."""

    ghost: Sequence
    order: Numbers
    size: int

    @classmethod
    def of(cls, model: Sequence, held: Numbers, context: FitContext) -> Draw:
        """The model as if the held items had come after fitting."""
        kept = np.setdiff1d(np.arange(len(model.counts_.taken)), held)
        order = np.concatenate([kept, held])
        ghost = model._copy()
        ghost.content_ = model.content_.take(order)
        ghost.trend_ = None if model.trend_ is None else model.trend_.among(kept)
        ghost._learn(model.counts_.only(kept), context)
        return cls(ghost._settle(), order, len(kept))

    @property
    def place(self) -> Numbers:
        """The new number of each item."""
        return np.argsort(self.order, kind="stable")

    def history(self, history: History) -> History:
        """The history's events with kept items, in their new numbers."""
        numbers = self.place[history.items]
        known = np.flatnonzero(numbers < self.size)
        left = history.take(known)
        return replace(left, items=numbers[known])


@dataclass(frozen=True, eq=False)
class Placing:
    """Questions of one draw: the ordinary scores of all items, parts for the held ones, and what is asked."""

    scores: Floats
    parts: Mapping[str, Floats]
    size: int
    questions: Holdout

    @classmethod
    def of(cls, draw: Draw, requests: list[Request], targets: list[Numbers]) -> Placing:
        """The answers of the draw's model."""
        names = [
            name for name in draw.ghost.available_parts() if name != "trend"
        ]  # nothing to say of newcomers
        parts = newcomer_parts(draw.ghost, requests, names)
        return cls(draw.ghost.blend(requests), parts, draw.size, Holdout(requests, targets))

    def gains(self, k: int, config: NewcomerConfig | None = None) -> Floats:
        """NDCG@k of each question with newcomers as in `config`; without it, among known items alone."""
        scores = self.scores.copy()
        new = (
            -np.inf
            if config is None
            else placed(scores, own_blend(self.parts, config.weights, self.size), config.shift)
        )
        scores[:, self.size :] = new
        return gains(masked(scores, self.questions.requests), self.questions.targets, k)


def choose_newcomers(
    model: Sequence, dataset: Dataset, questions: Holdout, context: FitContext
) -> NewcomerConfig:
    """Weights by NDCG@20 among items held out whole, then the highest shift up to 0 that known items can bear."""
    given = model.chosen.newcomers
    able = np.flatnonzero(model.counts_.taken >= LEAST_EVENTS)
    if len(model.counts_.taken) > SMALL or len(able) < 20:
        return given
    rng = np.random.default_rng(0)
    cold, warm = [], []
    for _ in range(DRAWS):
        draw = Draw.of(model, np.sort(rng.choice(able, round(SHARE * len(able)), replace=False)), context)
        cold.append(_about_held(draw, dataset, rng))
        warm.append(_about_kept(draw, questions.sample(QUESTIONS, rng)))
    trial = _together(cold)
    start = {name: START.get(name, 0.0) for name in trial.parts}
    chosen = given.model_copy(
        update={"weights": choose_weights(trial, start, GRID, fixed=("ease",), caution=0.25)}
    )
    return _highest([placing for placing in warm if len(placing.questions)], chosen)


def _about_held(draw: Draw, dataset: Dataset, rng: np.random.Generator) -> Placing:
    """Questions for held items, put to users who took some, with the rest of their history."""
    requests, targets = [], []
    for user in rng.permutation(len(dataset.users)):
        history = dataset.history(int(user))
        mine = np.unique(draw.place[history.liked])
        left = draw.history(history)
        if mine[-1:].sum() >= draw.size and len(left.liked):
            requests.append(Request(left))
            targets.append(mine[mine >= draw.size])
        if len(requests) >= QUESTIONS:
            break
    return Placing.of(draw, requests, targets)


def _about_kept(draw: Draw, questions: Holdout) -> Placing:
    """The questions that ask for kept items."""
    requests, targets = [], []
    for request, target in zip(questions.requests, questions.targets, strict=True):
        mine, left = draw.place[target], draw.history(request.history)
        if (mine < draw.size).all() and len(left.liked):
            requests.append(Request(left))
            targets.append(mine)
    return Placing.of(draw, requests, targets)


def _together(cold: list[Placing]) -> Trial:
    """One trial among held items alone; draws are of one size, so that their scores stand under each other."""
    size = cold[0].size
    held = np.arange(size, next(iter(cold[0].parts.values())).shape[1])
    requests = [replace(request, allowed=held) for placing in cold for request in placing.questions.requests]
    targets = [target for placing in cold for target in placing.questions.targets]
    parts = {name: np.concatenate([placing.parts[name] for placing in cold]) for name in cold[0].parts}
    return Trial(Holdout(requests, targets), parts, k=20)


def _highest(warm: list[Placing], config: NewcomerConfig) -> NewcomerConfig:
    """The highest shift at which questions about known items lose no more than PRICE of their quality."""
    for shift in SHIFTS:
        moved = config.model_copy(update={"shift": shift})
        if not warm or all(_bearable(warm, moved, k) for k in (10, 20)):
            return moved
    return moved


def _bearable(warm: list[Placing], config: NewcomerConfig, k: int) -> bool:
    before, after = (
        float(np.concatenate([placing.gains(k, c) for placing in warm]).mean()) for c in (None, config)
    )
    return before - after <= PRICE * before
