"""One model under one split, over folds and seeds. Compares nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from llm4rec.core import Progress, silent
from llm4rec.evaluation.meter import MemoryMeter
from llm4rec.evaluation.once import EngineLike, Plan, Run, run_once
from llm4rec.evaluation.samples import Rows, Sample, Whole, averaged, blended, pooled

if TYPE_CHECKING:
    from llm4rec.data.folds import Fold


@dataclass(frozen=True)
class Trial:
    """One model, all folds and seeds. Times are means a fit; `folds` and `seeds` are means by metric."""

    samples: Mapping[str, Sample]
    wholes: Mapping[str, Whole]
    folds: Mapping[str, list[float]]
    seeds: Mapping[str, list[float]]
    fit_seconds: float
    score_seconds: float
    peak_rss_mb: float
    settings: Mapping[str, Any] = field(default_factory=dict)
    degraded: tuple[str, ...] = ()
    time_aware: bool = False
    context_aware: bool = False


def run_trial(
    name: str,
    engine_for: Callable[[int], EngineLike],
    folds: Sequence[Fold],
    plan: Plan,
    refit: bool = False,
    progress: Progress = silent,
) -> Trial:
    """Fit and ask `engine_for(seed)` for every seed and fold.

    With `refit` an engine is fitted on train and validation once its settings are chosen.
    """
    jobs = [(seed, fold) for seed in range(plan.seeds) for fold in folds]
    with MemoryMeter() as meter:
        steps: Iterable[tuple[int, Fold]] = progress(jobs, f"evaluate {name}", len(jobs))
        runs = [run_once(name, engine_for(seed), fold, plan, refit) for seed, fold in steps]
    by_seed = [runs[at : at + len(folds)] for at in range(0, len(runs), len(folds))]
    return _gathered(by_seed, meter.peak_mb)


def _gathered(by_seed: Sequence[Sequence[Run]], peak: float) -> Trial:
    """Runs (seeds, folds) as one trial: people pooled over folds, then averaged over seeds."""
    samples: dict[str, Sample] = {}
    wholes: dict[str, Whole] = {}
    folds: dict[str, list[float]] = {}
    seeds: dict[str, list[float]] = {}
    runs = [one for of_seed in by_seed for one in of_seed]
    for key in runs[0].measures:
        table = [[one.measures[key] for one in of_seed if key in one.measures] for of_seed in by_seed]
        if isinstance(table[0][0], Whole):
            kept = [blended(cast("list[Whole]", row)) for row in table]
            wholes[key], seeds[key] = blended(kept), [w.value for w in kept]
        else:
            merged = [pooled(cast("list[Rows]", row)) for row in table]
            samples[key], seeds[key] = averaged(merged), [s.mean for s in merged]
        folds[key] = [float(np.mean([m.mean for m in column])) for column in zip(*table, strict=True)]
    return Trial(
        samples,
        wholes,
        folds,
        seeds,
        float(np.mean([one.fit_seconds for one in runs])),
        float(np.mean([one.score_seconds for one in runs])),
        peak,
        runs[0].settings,
        tuple(dict.fromkeys(line for one in runs for line in one.degraded)),
        any(one.time_aware for one in runs),
        any(one.context_aware for one in runs),
    )
