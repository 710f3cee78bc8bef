"""Which model suits the data and the time at hand: what `auto` does, explained in one line."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from llm4rec.core import Dataset, FitContext, Floats, Holdout, Model, Tunes, gains, masked, surely_better
from llm4rec.engine.build import build_model
from llm4rec.engine.settings import Settings

AUTO, DEFAULT = "auto", "sequence"
ENOUGH = 50_000  # interactions from which the stacker has something to learn
QUESTIONS = 20_000  # held-out questions that the stacker would like
ASKED = 100  # held-out questions from which models are compared
TIMES = 5.0  # how much longer than its base the stacker takes
NETWORK = "attention"
QUICK = ("transition", "ease", "itemknn")  # inputs of a stacker where there is no time for the network
RUNS = 2  # how often the network is trained: to choose, and on everything
EPOCHS = 8  # of the network, without which it is not worth its place
SAMPLE = 3_000
ROWS = 256  # requests at once
PLAIN: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("ease", {}),
    ("popular", {"window_days": 7.0}),
    ("popular", {"window_days": "auto"}),
)
"""Models that a default must not lose to, with their settings."""
FALLBACK: Mapping[str, Any] = {"window_days": "auto"}
"""Settings of popularity where it answers because nothing is known of a user."""


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

    All are fitted on `dataset` and compared by NDCG@10 on the held-out questions, as an engine would answer them; the
    stacker by what it did on those that it had not learnt from. It is tried where there is enough to learn from
    and it should be ready within `fit.budget` minutes: with the network among its inputs where an epoch of it says
    that there is time for that, else with plain ones.
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
    inputs, missing = _inputs(settings, dataset, context, budget - (clock() - began) / 60, clock)
    options = _with_options(settings, base, inputs)
    stacked = _built("hybrid", settings, options).fit(dataset, learning)
    told = "; ".join((*getattr(stacked, "notes_", ()), *missing))
    if isinstance(stacked, Tunes) and stacked.chosen.model_dump()["form"] == "base":
        return replace(best, why=f"{DEFAULT}: no order of its candidates was better ({told})")
    return Choice("hybrid", stacked, f"hybrid: {told}")


def _built(name: str, settings: Settings, options: Mapping[str, Any] | None = None) -> Model:
    return build_model(name, {**settings.models.get(name, {}), **(options or {})})


def _inputs(
    settings: Settings, dataset: Dataset, context: FitContext, minutes: float, clock: Callable[[], float]
) -> tuple[dict[str, dict[str, Any]], tuple[str, ...]]:
    """Inputs of the stacker beside the base, with their options, for the minutes left; and what that meant for the network.

    The network is trained for as many epochs as there is time for, as the first one tells.
    """
    if "inputs" in settings.models.get("hybrid", {}):
        return {}, ()
    began = clock()
    network = _built(NETWORK, settings, {"stop": 1, "tune": False})
    network.fit(dataset, context)
    each = (clock() - began) / 60 * RUNS
    wanted = int(network.config.model_dump()["epochs"])
    epochs = min(wanted, int(minutes / each) if each > 0 else wanted)
    if epochs == wanted:
        return {NETWORK: {}}, ()
    if epochs >= EPOCHS:
        told = f"{NETWORK!r} for {epochs} epochs of {wanted}, to stay within the budget"
        return {NETWORK: {"epochs": epochs}}, (told,)
    needed = f"{NETWORK!r} would take about {each * wanted:.0f} minutes more, over the budget"
    return {name: {} for name in QUICK}, (needed,)


def _with_options(settings: Settings, base: Model, inputs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Options of the stacker: those inputs behind the base, which keeps what it chose."""
    assert isinstance(base, Tunes)
    own = dict(settings.models.get("hybrid", {}).get("options", {}))
    given = {name: {**own.get(name, {}), **more} for name, more in inputs.items() if more}
    result: dict[str, Any] = {"options": {**own, **given, DEFAULT: base.chosen.model_dump(mode="json")}}
    return result | ({"inputs": (DEFAULT, *inputs)} if inputs else {})


def _plainer(
    best: Choice, settings: Settings, dataset: Dataset, questions: Holdout, learning: FitContext
) -> Choice:
    """A plain model that beats the default by more than a standard error of the difference; else the default."""
    sample = questions.sample(SAMPLE, np.random.default_rng(0))
    fallback = build_model("popular", FALLBACK).fit(dataset, learning)
    found = _gains(best.model, fallback, sample)
    for name, options in PLAIN:
        if options and not dataset.interactions.has_clock:
            continue
        model = _built(name, settings, options).fit(dataset, learning)
        gains = _gains(model, fallback, sample)
        if surely_better(gains, found):
            why = f"{name}: NDCG@10 {gains.mean():.4f} on held-out events, {DEFAULT} {found.mean():.4f}"
            best, found = Choice(name, model, why), gains
    return best


def _gains(model: Model, fallback: Model, questions: Holdout) -> Floats:
    """NDCG@10 of each question; what the model declines the fallback answers."""
    parts = [np.zeros(0, np.float32)]
    for at in range(0, len(questions), ROWS):
        requests = questions.requests[at : at + ROWS]
        scores = model.score(requests)
        declined = np.isneginf(scores[:, 0])
        scores[declined] = fallback.score([r for r, d in zip(requests, declined, strict=True) if d])
        parts.append(gains(masked(scores, requests), questions.targets[at : at + ROWS]))
    return np.concatenate(parts)
