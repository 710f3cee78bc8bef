"""From trials to figures: intervals, comparisons, JSON. Fits and ranks nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np

from llm4rec.core import Times
from llm4rec.evaluation.fingerprint import Terms, plain
from llm4rec.evaluation.groups import gaps
from llm4rec.evaluation.leaks import Findings
from llm4rec.evaluation.names import lower_is_better
from llm4rec.evaluation.samples import Sample
from llm4rec.evaluation.significance import (
    RESAMPLES,
    bootstrap,
    centred_interval,
    holm,
    interval,
    p_value,
)
from llm4rec.evaluation.trial import Trial


@dataclass(frozen=True)
class Estimate:
    """A metric with its 95 % interval; means by seed and fold; `people` it was resampled over."""

    mean: float
    low: float
    high: float
    seeds: tuple[float, ...] = ()
    folds: tuple[float, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values; the spread over seeds (standard deviation) and the folds only where there are several."""
        result: dict[str, Any] = {"mean": self.mean, "low": self.low, "high": self.high}
        if len(self.seeds) > 1:
            result |= {"seeds": list(self.seeds), "spread": float(np.std(self.seeds, ddof=1))}
        if len(self.folds) > 1:
            result["folds"] = list(self.folds)
        return result


@dataclass(frozen=True)
class Comparison:
    """This model less another in one metric: interval and p of the paired bootstrap, and p after Holm."""

    difference: float
    low: float
    high: float
    p: float
    p_holm: float

    def as_json(self) -> dict[str, float]:
        """Plain values."""
        return dict(vars(self))


@dataclass(frozen=True)
class Result:
    """All about one model. `versus`: other model -> metric -> comparison."""

    metrics: Mapping[str, Estimate]
    fit_seconds: float
    score_seconds: float
    peak_rss_mb: float
    versus: Mapping[str, Mapping[str, Comparison]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    degraded: tuple[str, ...] = ()
    time_aware: bool = False
    context_aware: bool = False
    terms: Terms | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values; NaN becomes null."""
        result = {
            "metrics": {name: estimate.as_json() for name, estimate in self.metrics.items()},
            "fit_seconds": self.fit_seconds,
            "score_seconds": self.score_seconds,
            "peak_rss_mb": self.peak_rss_mb,
            "seeds": max((len(e.seeds) for e in self.metrics.values()), default=0),
            "folds": max((len(e.folds) for e in self.metrics.values()), default=0),
            "versus": {
                other: {name: comparison.as_json() for name, comparison in row.items()}
                for other, row in self.versus.items()
            },
            "settings": self.settings,
            "degraded": list(self.degraded),
            "time_aware": self.time_aware,
            "context_aware": self.context_aware,
            "validation_trained": self.terms.validation_trained if self.terms else False,
            "fingerprint": self.terms.fingerprint if self.terms else "",
        }
        return {key: plain(value) for key, value in result.items()}


@dataclass(frozen=True)
class Evaluation:
    """Models measured under the same terms."""

    terms: Terms
    findings: Findings
    models: Mapping[str, Result]

    def as_json(self) -> dict[str, Any]:
        """Everything as plain values: {"protocol": {…}, "models": {name: {…}}}, with the gaps between groups."""
        facts = {str(k): plain(v) for k, v in self.terms.facts.items()}
        stated = self.terms.as_json()
        del stated["facts"]
        protocol = facts | stated
        protocol |= {"fingerprint": self.terms.fingerprint}
        protocol |= {"warnings": list(self.findings.warnings), "notes": list(self.findings.notes)}
        content = {"protocol": protocol, "models": {name: r.as_json() for name, r in self.models.items()}}
        for name, found in gaps(content).items():
            content["models"][name]["gaps"] = found
        return content


def compared(
    trials: Mapping[str, Trial], terms: Mapping[str, Terms], resamples: int = RESAMPLES
) -> dict[str, Result]:
    """Intervals of every metric of every model, and comparisons with the best.

    For each metric every model is compared with the best one by mean, and the best with the runner-up, among
    models under the same terms; Holm corrects over these comparisons. The same resamples of people serve all.
    """
    estimates: dict[str, dict[str, Estimate]] = {name: {} for name in trials}
    versus: dict[str, dict[str, dict[str, Comparison]]] = {name: {} for name in trials}
    for keys in _alike(trials):
        cells = [(name, key) for key in keys for name in trials if key in trials[name].samples]
        draws = bootstrap([trials[n].samples[k] for n, k in cells], np.random.default_rng(0), resamples)
        column = {cell: draws[:, place] for place, cell in enumerate(cells)}
        for name, key in cells:
            low, high = interval(column[name, key])
            estimates[name][key] = _estimate(trials[name], key, trials[name].samples[key].mean, low, high)
        for key, alike in product(keys, dict.fromkeys(t.fingerprint for t in terms.values())):
            names = [n for n, k in cells if k == key and terms[n].fingerprint == alike]
            means = {n: trials[n].samples[key].mean for n in names}
            for one, other, found in _against_best(key, means, {n: column[n, key] for n in names}):
                versus[one].setdefault(other, {})[key] = found
    for name, trial in trials.items():
        for key, whole in trial.wholes.items():
            low, high = centred_interval(whole.value, whole.draws)
            estimates[name][key] = _estimate(trial, key, whole.value, low, high)
    return {n: _result(t, estimates[n], versus[n], terms[n]) for n, t in trials.items()}


def _estimate(trial: Trial, key: str, mean: float, low: float, high: float) -> Estimate:
    return Estimate(mean, low, high, tuple(trial.seeds[key]), tuple(trial.folds[key]))


def _result(
    trial: Trial,
    estimates: Mapping[str, Estimate],
    versus: Mapping[str, Mapping[str, Comparison]],
    terms: Terms,
) -> Result:
    """In the order in which the metrics were measured."""
    return Result(
        {key: estimates[key] for key in trial.seeds},
        trial.fit_seconds,
        trial.score_seconds,
        trial.peak_rss_mb,
        versus,
        trial.settings,
        trial.degraded,
        trial.time_aware,
        trial.context_aware,
        terms,
    )


def _alike(trials: Mapping[str, Trial]) -> list[list[str]]:
    """Names of metrics whose samples stand over the same people, so that one resampling serves them."""
    groups: dict[bytes, list[str]] = {}
    for trial in trials.values():
        for key, sample in trial.samples.items():
            group = groups.setdefault(_people_key(sample), [])
            if key not in group:
                group.append(key)
    return list(groups.values())


def _people_key(sample: Sample) -> bytes:
    return len(sample.counts).to_bytes(8, "big") + sample.counts.tobytes()


def _against_best(
    key: str, means: Mapping[str, float], draws: Mapping[str, Times]
) -> Sequence[tuple[str, str, Comparison]]:
    """(model, compared with, comparison) of one metric."""
    if len(means) < 2:
        return []
    order = sorted(means, key=means.__getitem__, reverse=not lower_is_better(key))
    best, rest = order[0], order[1:]
    apart = {name: draws[name] - draws[best] for name in rest}
    raw = [p_value(apart[name]) for name in rest]
    found = []
    for name, p, corrected in zip(rest, raw, holm(raw), strict=True):
        low, high = interval(apart[name])
        found.append((name, best, Comparison(means[name] - means[best], low, high, p, corrected)))
    first = found[0][2]
    mirror = Comparison(-first.difference, -first.high, -first.low, first.p, first.p_holm)
    return [(best, rest[0], mirror), *found]
