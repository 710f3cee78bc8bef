"""Which model suits the data and the time at hand: what `auto` does, explained in one line."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from llm4rec.core import Dataset, FitContext, Floats, Holdout, Model, Tunes, gains, masked
from llm4rec.engine.build import build_model
from llm4rec.engine.settings import Settings

AUTO, DEFAULT = "auto", "sequence"
ENOUGH = 50_000  # interactions from which the stacker has something to learn
QUESTIONS = 20_000  # held-out questions that the stacker would like
ASKED = 100  # held-out questions from which models are compared
TIMES = 5.0  # how much longer than its base the stacker takes
SAMPLE = 3_000
REAL_TIME = 1e6
PLAIN: Mapping[str, Mapping[str, Any]] = {"ease": {}, "popular": {"window_days": 7.0}}
"""Models that a default must not lose to, with their settings."""


@dataclass(frozen=True, eq=False)
class Choice:
    """A model by its name, fitted, and why it was chosen ("" where it was asked for)."""

    name: str
    model: Model
    why: str = ""


def choose(
    settings: Settings,
    dataset: Dataset,
    questions: Holdout,
    context: FitContext,
    clock: Callable[[], float] = time.monotonic,
) -> Choice:
    """The default model, a plainer one that surely does better, or the stacker on top of it.

    All are fitted on `dataset` and compared by NDCG@10 on the held-out questions; the stacker by what it did on those
    that it had not learnt from. It is tried where there is enough to learn from and it should be ready within
    `fit.budget` minutes.
    """
    began, budget = clock(), settings.fit.budget
    learning = replace(context, holdout=questions)
    base = _built(DEFAULT, settings).fit(dataset, learning)
    if len(questions) < ASKED:
        return Choice(DEFAULT, base, f"{DEFAULT}: {len(questions)} held-out events are too few to compare")
    best = _plainer(Choice(DEFAULT, base), settings, dataset, questions, learning)
    if best.name != DEFAULT:
        return best
    events, minutes = len(dataset.interactions), (clock() - began) / 60
    if events < ENOUGH:
        return replace(best, why=f"{DEFAULT}: {events} interactions are few for a stacker ({ENOUGH} wanted)")
    if minutes * (1 + TIMES) > budget:
        left = f"about {minutes * TIMES:.0f} minutes more, over the budget of {budget:g}"
        return replace(best, why=f"{DEFAULT}: a stacker would take {left}")
    stacked = _built("hybrid", settings, _reused(settings, base)).fit(dataset, learning)
    told = "; ".join(getattr(stacked, "notes_", ()))
    if isinstance(stacked, Tunes) and stacked.chosen.model_dump()["form"] == "base":
        return replace(best, why=f"{DEFAULT}: no order of its candidates was better ({told})")
    return Choice("hybrid", stacked, f"hybrid: {told}")


def _built(name: str, settings: Settings, options: Mapping[str, Any] | None = None) -> Model:
    return build_model(name, {**settings.models.get(name, {}), **(options or {})})


def _reused(settings: Settings, base: Model) -> dict[str, Any]:
    """Options of the stacker under which its base keeps what it chose."""
    assert isinstance(base, Tunes)
    own = dict(settings.models.get("hybrid", {}).get("options", {}))
    return {"options": {**own, DEFAULT: base.chosen.model_dump(mode="json")}}


def _plainer(
    best: Choice, settings: Settings, dataset: Dataset, questions: Holdout, learning: FitContext
) -> Choice:
    """A plain model that beats the default by more than a standard error of the difference; else the default."""
    sample = questions.sample(SAMPLE, np.random.default_rng(0))
    found = _gains(best.model, sample)
    clock_time = float(dataset.interactions.timestamps.max(initial=0.0)) >= REAL_TIME
    for name, options in PLAIN.items():
        if options and not clock_time:
            continue
        model = _built(name, settings, options).fit(dataset, learning)
        gains = _gains(model, sample)
        difference = gains - found
        if difference.mean() > difference.std() / max(len(difference), 1) ** 0.5:
            why = f"{name}: NDCG@10 {gains.mean():.4f} on held-out events, {DEFAULT} {found.mean():.4f}"
            best, found = Choice(name, model, why), gains
    return best


def _gains(model: Model, questions: Holdout) -> Floats:
    """NDCG@10 of each question."""
    step = 256
    parts = [
        gains(
            masked(model.score(questions.requests[at : at + step]), questions.requests[at : at + step]),
            questions.targets[at : at + step],
        )
        for at in range(0, len(questions), step)
    ]
    return np.concatenate(parts)
