"""What lists are worth: accuracy, diversity, novelty, coverage, calibration, fairness, with intervals. Knows no reranker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from llm4rec.core import Catalog, Floats, Holdout, Numbers, Sparse, Times, labels
from llm4rec.core.sets import discount
from llm4rec.evaluation.beyond import content
from llm4rec.evaluation.fingerprint import plain
from llm4rec.evaluation.metrics import accuracy
from llm4rec.evaluation.names import parse_metrics
from llm4rec.evaluation.once import LIST_DRAWS, Plan, of_lists
from llm4rec.evaluation.places import Places
from llm4rec.evaluation.ranking import Ranked
from llm4rec.evaluation.samples import Measure, Rows, Sample, Whole, blended, people, pooled
from llm4rec.evaluation.significance import bootstrap, centred_interval, interval, resampled

if TYPE_CHECKING:
    from llm4rec.data.folds import Fold

N = 10
RESAMPLES = 1_000
ACCURATE = "ndcg@10"
FAIRNESS = "provider gap@10"
AXES: Mapping[str, tuple[str, bool]] = {
    "ild@10": ("intra-list diversity", False),
    "breadth@10": ("category coverage", False),
    "novelty@10": ("novelty, bits", False),
    "coverage@10": ("catalog coverage", False),
    "calibration@10": ("KL of a list from the history", True),
    FAIRNESS: ("exposure of providers away from merit", True),
}
"""What accuracy is traded for: what it is, and whether less is better."""
METRICS = parse_metrics((ACCURATE, "recall@10", *(name for name in AXES if name != FAIRNESS)))


@dataclass(frozen=True, eq=False)
class Judge:
    """The questions of one part of a fold, and what is known of the items; judges lists (questions, N)."""

    fold: Fold
    holdout: Holdout
    provider: str = ""

    def of(self, lists: Numbers) -> dict[str, Measure]:
        """Values by metric; those that the data have nothing for are left out."""
        places = standing(lists, self.holdout.targets, len(self.fold.train.catalog))
        first = [metric for metric in METRICS if metric.rule.family == "places"]
        values = accuracy(places, first)
        ranked = Ranked(values, lists, self._users, 0, 0.0)
        found: dict[str, Measure] = {key: Rows(self._users, one) for key, one in values.items()}
        found |= of_lists(ranked, self.holdout, self.fold, self._plan)
        return found | ({FAIRNESS: self._fairness(lists)} if self.provider else {})

    @cached_property
    def _users(self) -> Numbers:
        return np.array([request.user for request in self.holdout.requests], dtype=np.int64)

    @cached_property
    def _plan(self) -> Plan:
        """The metrics, with item vectors made once; without any, what compares items is not measured."""
        vectors, _ = content(self.fold.train.catalog)
        if vectors is None:
            return Plan(tuple(m for m in METRICS if m.base != "ild"))
        made = vectors

        def known(catalog: Catalog) -> Sparse | Floats:
            del catalog
            return made

        return Plan(METRICS, vectors=known)

    def _fairness(self, lists: Numbers) -> Whole:
        """Half the sum of |share of exposure - share of merit| over providers: 0 as merited, 1 none of it.

        Exposure is the sum of 1 / log2(1 + rank) (Singh and Joachims 2018); merit is the share of what was taken in
        training. Items without a provider count for neither.
        """
        provider = labels(self.fold.train.catalog, self.provider).numbers[:, 0]
        size = int(provider.max(initial=-1)) + 1
        taken = np.bincount(provider + 1, self.fold.train.counts, minlength=size + 1)[1:]
        merit = np.asarray(taken / max(float(taken.sum()), 1e-12), dtype=np.float64)
        there = lists >= 0
        looked = np.where(there, discount(lists.shape[1]), 0.0)
        owner = np.where(there, provider[np.maximum(lists, 0)], -1)
        person = people(self._users)
        rows = np.repeat(np.arange(len(lists)), lists.shape[1])
        kept = owner.ravel() >= 0
        by_list = _sparse(looked.ravel()[kept], rows[kept], owner.ravel()[kept], (len(lists), size))
        whole = _gap(np.asarray(by_list.sum(axis=0), dtype=np.float64).reshape(1, -1), merit)
        draws = [
            _gap(np.asarray((by_list.T @ counts[:, person].T).T), merit)
            for counts in resampled(int(person.max()) + 1, LIST_DRAWS, np.random.default_rng(0))
        ]
        return Whole(float(whole[0]), np.concatenate(draws))


def _sparse(values: Times, rows: Numbers, columns: Numbers, shape: tuple[int, int]) -> Sparse:
    from scipy import sparse

    return sparse.csr_matrix((values, (rows, columns)), shape=shape)


def _gap(exposure: Times, merit: Times) -> Times:
    """(draws,) from exposure (draws, providers)."""
    share = exposure / np.maximum(exposure.sum(axis=1, keepdims=True), 1e-12)
    return np.asarray(np.abs(share - merit).sum(axis=1) / 2.0)


def standing(lists: Numbers, targets: Sequence[Numbers], items: int) -> Places:
    """Where the right answers stand in lists (questions, n); those that are not there stand behind all items."""
    unique = [np.unique(t) for t in targets]
    sizes = np.array([len(t) for t in unique], dtype=np.int64)
    row = np.repeat(np.arange(len(unique)), sizes)
    wanted = np.concatenate([np.zeros(0, np.int64), *unique])
    hit = lists[row] == wanted[:, None]
    start = np.where(hit.any(axis=1), hit.argmax(axis=1), items)
    order = np.lexsort((start, row))
    ones = np.ones(len(row), dtype=np.int64)
    candidates = np.full(len(unique), items, dtype=np.int64)
    return Places(row[order], start[order], ones, ones, sizes, candidates, np.argsort(order))


@dataclass(frozen=True, eq=False)
class Found:
    """Measures of one setting, folds together: a value a person, or of all lists with its draws."""

    samples: Mapping[str, Sample]
    wholes: Mapping[str, Whole]

    @classmethod
    def pooled(cls, folds: Sequence[Mapping[str, Measure]]) -> Found:
        """People pooled over folds; what all lists have together is the mean over folds."""
        keys = [key for key in folds[0] if all(key in fold for fold in folds)]
        whole = [key for key in keys if isinstance(folds[0][key], Whole)]
        samples = {
            key: pooled(cast("list[Rows]", [fold[key] for fold in folds])) for key in keys if key not in whole
        }
        return cls(samples, {k: blended(cast("list[Whole]", [fold[k] for fold in folds])) for k in whole})

    def mean(self, key: str) -> float:
        """The metric."""
        found = self.samples[key] if key in self.samples else self.wholes[key]
        return found.mean

    def against(self, own: Found, resamples: int = RESAMPLES) -> dict[str, dict[str, Any]]:
        """Each metric with its 95 % interval over people, and its relative change against `own` with that of the change.

        Changes are paired: both are measured on the same people drawn again. NaN (null) where `own` is 0.
        """
        told = {}
        for key in [*self.samples, *self.wholes]:
            value, base = self.mean(key), own.mean(key)
            if key in self.samples:
                both = [self.samples[key], own.samples[key]]
                draws = bootstrap(both, np.random.default_rng(0), resamples)
                low, high = interval(draws[:, 0])
            else:
                draws = np.stack([self.wholes[key].draws, own.wholes[key].draws], axis=1)
                low, high = centred_interval(value, draws[:, 0])
            change = _change(value, base, draws, centred=key in self.wholes)
            told[key] = {"mean": value, "low": low, "high": high} | change
        return cast("dict[str, dict[str, Any]]", plain(told))


def _change(value: float, base: float, draws: Times, centred: bool) -> dict[str, float]:
    """The relative change and its interval. What grows with the number of people (`centred`) is always less in draws,
    so that their spread is put around the change itself.
    """
    known = draws[:, 1] != 0
    if base == 0 or not known.any():
        return dict.fromkeys(("change", "change_low", "change_high"), float("nan"))
    change = value / base - 1.0
    ratios = draws[known, 0] / draws[known, 1] - 1.0
    low, high = interval(ratios - ratios.mean() + change if centred else ratios)
    return {"change": change, "change_low": low, "change_high": high}
