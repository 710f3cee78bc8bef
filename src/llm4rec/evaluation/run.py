"""Several models under one protocol: fit, ask, compare; finished models survive an interruption."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Dataset, Progress, SettingsError, silent
from llm4rec.evaluation.beyond import content
from llm4rec.evaluation.fingerprint import Terms, terms
from llm4rec.evaluation.groups import side_of, with_exposure
from llm4rec.evaluation.leaks import Findings, find_leaks
from llm4rec.evaluation.names import COLD, DEFAULT, RULES, Metric, parse_metrics
from llm4rec.evaluation.once import EngineLike, Plan, Vectors
from llm4rec.evaluation.partial import Partial
from llm4rec.evaluation.propensity import POWER, effective, inverse_propensity
from llm4rec.evaluation.ranking import CHUNK_BYTES
from llm4rec.evaluation.results import Evaluation, compared
from llm4rec.evaluation.significance import RESAMPLES
from llm4rec.evaluation.trial import Trial, run_trial
from llm4rec.evaluation.values import are_clicks

if TYPE_CHECKING:
    from llm4rec.data.folds import Split

REFIT = " (refit)"


@dataclass(frozen=True)
class Options:
    """How to evaluate; every default is what one would quote.

    `metrics`: names such as "ndcg@10" (default: see `names.DEFAULT`). `refit` adds a row a model, fitted on
    train and validation. `marks` are official splits of the data set, `target_time` tells requests when they
    are asked. `by` are attributes to group people (accuracy of each group) or items (exposure of each) by;
    `propensity` is the power of popularity that weighted metrics take for the chance of being seen. `facts` join those of the split (what was cleaned, say). `vectors` gives item vectors for `ild`. `partial` is a file that keeps finished models; `resume`
    skips those in it, provided that the terms, the metrics, the seeds and `stamp` (anything that names the
    settings of the engines) are the same.
    """

    metrics: Sequence[str] | None = None
    seeds: int = 1
    refit: bool = False
    marks: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    target_time: bool = False
    facts: Mapping[str, object] = field(default_factory=dict)
    vectors: Vectors | None = None
    by: Sequence[str] = ()
    propensity: float = POWER
    resamples: int = RESAMPLES
    chunk_bytes: int = CHUNK_BYTES
    partial: Path | None = None
    resume: bool = False
    stamp: str = ""

    def __post_init__(self) -> None:
        for name in ("seeds", "resamples", "chunk_bytes"):
            if getattr(self, name) < 1:
                raise SettingsError(f"{name} must be at least 1, not {getattr(self, name)}")
        if not 0.0 <= self.propensity <= 2.0:
            raise SettingsError(f"propensity is a power of popularity from 0 to 2, not {self.propensity}")


def evaluate(
    dataset: Dataset,
    protocol: str | Split,
    models: Sequence[str],
    engine_for: Callable[[str, int], EngineLike],
    options: Options | None = None,
    progress: Progress = silent,
) -> Evaluation:
    """Measure `models` under a protocol (its name, or a split already made) and compare them.

    `engine_for(name, seed)` gives a fresh engine. An interruption (KeyboardInterrupt) or an error passes
    through; models finished by then stand in `options.partial`. SettingsError names an unknown metric or a
    model given twice.
    """
    options = options or Options()
    if not models or len(set(models)) < len(models):
        raise SettingsError(f"name at least one model, each once; not {', '.join(models) or 'none'}")
    chosen = parse_metrics(options.metrics) if options.metrics is not None else None
    split = _split(dataset, protocol, options)
    plan = Plan(
        _with_groups(_measurable(chosen, split), dataset, options.by),
        options.seeds,
        options.vectors,
        options.chunk_bytes,
        tuple(dict.fromkeys(options.by)),
        options.propensity,
    )
    findings = _with_lists(find_leaks(dataset, split), dataset, plan)
    findings = replace(findings, notes=(*findings.notes, *_propensities(split, plan)))
    base = terms(dataset, split)
    jobs = _jobs(models, split, options)
    by_name = {name: replace(base, validation_trained=refit) for name, (_, refit) in jobs.items()}
    kept = Partial.of(options.partial, _key(base, plan, options), options.resume)
    trials: dict[str, Trial] = {}
    for name, (model, refit) in jobs.items():
        found = kept.get(name)
        if found is None:
            found = run_trial(name, _seeded(engine_for, model), split.folds, plan, refit, progress)
            kept.put(name, found)
        trials[name] = found
    return Evaluation(base, findings, compared(trials, by_name, options.resamples))


def _seeded(engine_for: Callable[[str, int], EngineLike], model: str) -> Callable[[int], EngineLike]:
    return lambda seed: engine_for(model, seed)


def _split(dataset: Dataset, protocol: str | Split, options: Options) -> Split:
    made = protocol
    if isinstance(made, str):
        from llm4rec.data.splits import split

        # The split is drawn once, whatever the seeds: they vary the models, not the questions.
        made = split(dataset, made, options.marks, np.random.default_rng(0), options.target_time)
    return replace(made, facts={**made.facts, **options.facts})


def _jobs(models: Sequence[str], split: Split, options: Options) -> dict[str, tuple[str, bool]]:
    """Rows of the table: name -> model and whether validation is fitted on too."""
    jobs: dict[str, tuple[str, bool]] = {}
    again = options.refit and all(fold.refit is not None for fold in split.folds)
    if options.refit and not again:
        raise SettingsError(f"protocol {split.name!r} holds nothing out for validation, so there is no refit")
    for model in models:
        jobs[model] = (model, False)
        if again:
            jobs[model + REFIT] = (model, True)
    return jobs


def _measurable(chosen: tuple[Metric, ...] | None, split: Split) -> tuple[Metric, ...]:
    """The metrics asked for, or the usual ones; SettingsError where the split has nothing to measure one on."""
    pairs = [fold.pairs for fold in split.folds if fold.pairs is not None]
    clicks = bool(pairs) and all(are_clicks(p.values) for p in pairs)
    lists = any(len(view) for fold in split.folds for view in fold.tests.values())
    if chosen is None:
        names = (DEFAULT + (COLD if split.name.startswith("cold-items") else ())) if lists else ()
        known = tuple(n for n, rule in RULES.items() if rule.family == "values") if pairs else ()
        return parse_metrics((*names, *known, *(("auc",) if clicks else ())))
    for one in chosen:
        on_values = one.rule.family == "values" or (one.base == "auc" and not lists)
        if (on_values and not pairs) or (not on_values and not lists):
            what = "rows with known values" if on_values else "questions to rank for"
            raise SettingsError(f"protocol {split.name!r} has no {what}, which metric {one.name!r} needs")
    return chosen


def _with_groups(metrics: tuple[Metric, ...], dataset: Dataset, by: Sequence[str]) -> tuple[Metric, ...]:
    """With exposure where items are grouped; SettingsError where there is nothing to group by, or nothing grouped."""
    names = [m.name for m in metrics]
    grouped = [name for name, m in zip(names, metrics, strict=True) if m.rule.family == "groups"]
    if grouped and not any(side_of(name, dataset)[0] == "items" for name in by):
        raise SettingsError(
            f"metric {grouped[0]!r} needs an attribute of items to group by, such as by=['popularity']"
        )
    return (*metrics, *parse_metrics(with_exposure(by, dataset, names)))


def _propensities(split: Split, plan: Plan) -> tuple[str, ...]:
    """What weighted metrics assume, and how many answers they are as sure as."""
    if not plan.of("weighted"):
        return ()
    weights = [
        inverse_propensity(fold.train.counts, size, plan.propensity)[
            np.concatenate([*fold.tests[""].targets])
        ]
        for fold in split.folds
        if len(fold.tests.get("", ()))
        for size in [len(fold.train.catalog) + len(fold.newcomers or ())]
    ]
    joined = np.concatenate(weights) if weights else np.ones(0)
    return (
        f"ips_…: an answer counts 1 / popularity^{plan.propensity:g} (training part, the assumed chance of being seen); "
        f"effective sample size {effective(joined):.0f} of {len(joined)} answers",
    )


def _with_lists(found: Findings, dataset: Dataset, plan: Plan) -> Findings:
    """What `ild` is measured on, or that it is not."""
    if plan.vectors is not None or not any(m.base == "ild" for m in plan.metrics):
        return found
    vectors, made_of = content(dataset.catalog)
    note = f"ild compares items by: {made_of}"
    if vectors is None:
        note = "ild is left out: items have neither categories, tags nor texts"
    return replace(found, notes=(*found.notes, note))


def _key(base: Terms, plan: Plan, options: Options) -> str:
    """What must be equal for a finished model to be kept."""
    names = [m.name for m in plan.metrics]
    more = [plan.by, plan.propensity] if plan.by or plan.of("weighted") else []
    return json.dumps([base.fingerprint, names, plan.seeds, plan.vectors is not None, options.stamp, *more])
