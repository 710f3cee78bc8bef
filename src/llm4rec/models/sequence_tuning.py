"""How the default model chooses its settings on held-out questions: maps, decays, weights, prior strength."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from llm4rec.core import Dataset, FitContext, Floats, Holdout, zscore_rows
from llm4rec.models.blend import Trial, choose_weights
from llm4rec.models.newcomer_tuning import choose_newcomers
from llm4rec.models.sequence_parts import Counts
from llm4rec.models.tuning import QUESTIONS

if TYPE_CHECKING:
    from llm4rec.models.sequence import Sequence, SequenceConfig

SMALL = 5_000  # items up to which the maps themselves are tried with several settings
MAPS = (  # transition decay, transition reg, ease reg
    (3.0, 50.0, 100.0),
    (3.0, 300.0, 500.0),
    (10.0, 300.0, 500.0),
)
DECAYS: Mapping[str, tuple[float, ...]] = {
    "transition": (3.0, 5.0, 10.0),
    "ease": (10.0, 20.0, 50.0),
    "attributes": (3.0, 10.0),
    "text": (3.0, 10.0),
    "words": (3.0, 10.0),
}
GRID = (0.0, 0.1, 0.2, 0.4, 0.6, 0.8, 1.2, 1.6, 2.4)
STRENGTHS = (0.0, 1.0, 3.0, 10.0)
BEHAVIOUR = {"transition": 0.6, "ease": 0.4}
BYTES = 1_050_000_000  # of part scores held while choosing


def choose(model: Sequence, dataset: Dataset, context: FitContext) -> SequenceConfig:
    """The config with everything chosen; the model is left with the maps that go with it, not yet folded."""
    assert context.holdout is not None
    size = len(dataset.catalog)
    questions = context.holdout.sample(_room(size), np.random.default_rng(0))
    _choose_maps(model, dataset, context, questions)
    model._ready()
    trial = Trial(questions)
    decays = dict(model.chosen.decays)
    for name in model.available_parts():
        trial.parts[name] = zscore_rows(model.part(name, questions.requests))
    weights = _better_start(trial, model.chosen.weights)
    _choose_decays(model, trial, weights, decays)
    weights = choose_weights(trial, weights, GRID, fixed=("transition",), progress=context.progress)
    model.chosen_ = model.chosen.model_copy(update={"weights": weights, "decays": decays})
    strength = _choose_strength(model, trial)
    model.chosen_ = model.chosen.model_copy(update={"strength": strength})
    del trial
    return model.chosen.model_copy(update={"newcomers": choose_newcomers(model, dataset, questions, context)})


def _room(size: int) -> int:
    """How many questions fit: seven parts of float32 scores in BYTES."""
    return int(max(100, min(QUESTIONS, BYTES // (7 * 4 * max(size, 1)))))


def _choose_maps(model: Sequence, dataset: Dataset, context: FitContext, questions: Holdout) -> None:
    """Try the settings of the maps where items are few; else keep the ones given."""
    given = (model.chosen.transition_decay, model.chosen.transition_reg, model.chosen.ease_reg)
    tried = MAPS if len(dataset.catalog) <= SMALL and given == MAPS[0] else (given,)
    best, kept = -1.0, None
    for decay, transition_reg, ease_reg in context.progress(tried, "solving item maps", len(tried)):
        update = {"transition_decay": decay, "transition_reg": transition_reg, "ease_reg": ease_reg}
        model.chosen_ = model.chosen.model_copy(
            update=update | {"decays": {**model.chosen.decays, "transition": decay}}
        )
        model._learn(Counts.of(dataset, model.chosen), context)
        if len(tried) == 1:
            return
        model._ready()
        trial = Trial(questions, {n: zscore_rows(model.part(n, questions.requests)) for n in BEHAVIOUR})
        found = float(trial.gains(BEHAVIOUR).mean())
        if found > best:
            best, kept = found, (model.chosen, model.counts_, model.bases_, model.behaviour_)
    assert kept is not None
    model.chosen_, model.counts_, model.bases_, model.behaviour_ = kept


def _better_start(trial: Trial, given: Mapping[str, float]) -> dict[str, float]:
    """The weights given, or behaviour alone where that is better: dense data needs no content."""
    full = {name: given.get(name, 0.0) for name in trial.parts}
    plain = {name: BEHAVIOUR.get(name, 0.0) for name in trial.parts}
    return full if trial.gains(full).mean() >= trial.gains(plain).mean() else plain


def _choose_decays(
    model: Sequence, trial: Trial, weights: Mapping[str, float], decays: dict[str, float]
) -> None:
    """Each part's decay at the weights so far; the trial is left with the parts of the decays chosen."""
    best = trial.gains(weights)
    for name in [n for n in DECAYS if weights.get(n, 0.0) > 0]:
        for decay in DECAYS[name]:
            if decay == decays[name]:
                continue
            before = trial.parts[name]
            trial.parts[name] = zscore_rows(model.part(name, trial.questions.requests, decay))
            found = trial.better(weights, best)
            if found is None:
                trial.parts[name] = before
            else:
                best, decays[name] = found, decay


def _choose_strength(model: Sequence, trial: Trial) -> float:
    """How many interactions a predicted column is worth: the value with the best questions, 0 unless it gains."""
    taken = model.counts_.taken.astype(np.float32)
    raw = {n: _both(model, n, trial) for n in ("transition", "ease") if model.chosen.weights.get(n, 0.0) > 0}
    chosen, best = 0.0, None
    for strength in STRENGTHS:
        share = taken / np.maximum(taken + strength, np.float32(1e-9))
        for name, (base, predicted) in raw.items():
            trial.parts[name] = zscore_rows(share * base + (1 - share) * predicted)
        if best is None:
            best = trial.gains(model.chosen.weights)
            continue
        found = trial.better(model.chosen.weights, best)
        if found is not None:
            chosen, best = strength, found
    return chosen


def _both(model: Sequence, name: str, trial: Trial) -> tuple[Floats, Floats]:
    """Scores of a part by its fitted columns and by the columns that content predicts."""
    weights = model.fading(name, trial.questions.requests)
    base = getattr(model.behaviour_, name).apply(weights)
    content = model.bases_.bridge
    latent = model.behaviour_.bridges[name].columns.apply(weights)
    return base, np.asarray((latent @ content.T) * model.behaviour_.loudness(content), dtype=np.float32)
