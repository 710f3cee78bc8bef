"""Which values to try next, and which settings mattered: Optuna, asked anew each time. Keeps nothing."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from llm4rec.evaluation.tuning.outcome import Outcome
from llm4rec.evaluation.tuning.space import Choices, Range, Space

if TYPE_CHECKING:
    import optuna

TRIES = 16  # draws before a space is taken to be used up
ENOUGH = 4  # finished trials from which importance means something


def suggest(
    space: Space,
    history: Iterable[Outcome],
    used: Sequence[Mapping[str, Any]],
    seed: int,
    number: int,
    lower: bool,
) -> dict[str, Any] | None:
    """Values for trial `number` that none before it had; None where no more are found.

    Tree-structured Parzen estimators (Bergstra et al., NeurIPS 2011), random for the first ten. The draw depends on
    nothing but the arguments, so that a search resumed draws what one without interruption would have.
    """
    past = list(history)
    for attempt in range(TRIES):
        # The last tries draw anywhere: the estimator may insist on what it knows to be good.
        known = past if attempt < TRIES // 2 else []
        study = _study(space, known, lower, _seed(seed, number, attempt))
        values = study.ask(_distributions(space)).params
        if values not in used:
            return {key: values[key] for key in space}
    return _unused(space, used)


def importances(space: Space, trials: Iterable[Outcome], lower: bool) -> dict[str, float]:
    """How much of the differences between trials each setting explains, as shares of one, most first.

    Functional analysis of variance by a forest (Hutter, Hoos & Leyton-Brown, ICML 2014), which is not misled by a
    sampler that dwells where it is good. Empty with few trials, or where all are alike.
    """
    whole = [t for t in trials if not t.failed and set(_inside(space, t.values)) == set(space)]
    if len(whole) < ENOUGH or len({t.metric for t in whole}) < 2:
        return {}
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    study = _study(space, whole, lower, 0)
    found = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))
    return {key: float(value) for key, value in found.items() if math.isfinite(value)}


def _study(space: Space, history: Iterable[Outcome], lower: bool, seed: int) -> optuna.Study:
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        study = optuna.create_study(
            direction="minimize" if lower else "maximize", sampler=optuna.samplers.TPESampler(seed=seed)
        )
    finally:
        optuna.logging.set_verbosity(before)
    distributions = _distributions(space)
    for trial in history:
        if trial.metric is not None:
            # The current settings may lie outside of what is searched; the rest of them still teaches.
            inside = _inside(space, trial.values)
            study.add_trial(
                optuna.trial.create_trial(
                    params=inside, distributions={k: distributions[k] for k in inside}, value=trial.metric
                )
            )
    return study


def _distributions(space: Space) -> dict[str, Any]:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    made: dict[str, Any] = {}
    for key, values in space.items():
        if isinstance(values, Choices):
            made[key] = CategoricalDistribution(values.values)
        elif values.whole:
            made[key] = IntDistribution(int(values.low), int(values.high), log=values.log)
        else:
            made[key] = FloatDistribution(float(values.low), float(values.high), log=values.log)
    return made


def _inside(space: Space, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that lie in the space."""
    return {key: value for key, value in values.items() if key in space and _has(space[key], value)}


def _has(allowed: Range | Choices, value: Any) -> bool:
    if isinstance(allowed, Choices):
        return value in allowed.values
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and allowed.low <= value <= allowed.high


def _unused(space: Space, used: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The first combination of a small space that has not been tried; None where it is used up or not small."""
    columns = [_listed(values) for values in space.values()]
    if (
        any(column is None for column in columns)
        or math.prod(len(c or ()) for c in columns) > 10 * len(used) + 100
    ):
        return None
    for combination in itertools.product(*(c or () for c in columns)):
        values = dict(zip(space, combination, strict=True))
        if values not in used:
            return values
    return None


def _listed(values: Range | Choices) -> Sequence[Any] | None:
    if isinstance(values, Choices):
        return values.values
    return range(int(values.low), int(values.high) + 1) if values.whole else None


def _seed(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
