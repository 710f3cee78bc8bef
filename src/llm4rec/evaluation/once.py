"""One fit of one model on one fold, asked and measured. Compares nothing and pools nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from llm4rec.core import (
    Catalog,
    Config,
    Dataset,
    Floats,
    Grows,
    Holdout,
    Numbers,
    Request,
    Situated,
    Sparse,
    Times,
    Tunes,
    rarity,
)
from llm4rec.core.protocols import Rates
from llm4rec.evaluation.beyond import content, exposed, ild, novelty, unit
from llm4rec.evaluation.groups import by_items, by_users, groups_of
from llm4rec.evaluation.names import WHOLE, Metric
from llm4rec.evaluation.popularity import POPULARITY
from llm4rec.evaluation.propensity import POWER, inverse_propensity, weights_of
from llm4rec.evaluation.ranking import CHUNK_BYTES, Ranked, Scorer, rank
from llm4rec.evaluation.samples import Measure, Rows, Whole, people
from llm4rec.evaluation.significance import resampled
from llm4rec.evaluation.values import are_clicks, judged, ordered
from llm4rec.evaluation.variety import VARIETY, Shelf

if TYPE_CHECKING:
    from llm4rec.data.folds import Fold

Vectors: TypeAlias = Callable[[Catalog], Sparse | Floats]
LIST_DRAWS = 200
OF_LISTS = VARIETY | POPULARITY


class EngineLike(Protocol):
    """What is evaluated: `llm4rec.engine.Engine`, or anything that does the same."""

    def fit(
        self, dataset: Dataset, *, holdout: Holdout | None = None, refit: Dataset | None = None
    ) -> object: ...
    def add_items(self, catalog: Catalog) -> object: ...
    def score(self, requests: Sequence[Request]) -> Floats: ...


@dataclass(frozen=True)
class Plan:
    """What to measure and how; the same for every model of an evaluation.

    `vectors` gives item vectors for `ild` (default: categories and tags, see `beyond.content`). `by` are attributes
    to group people or items by (see `groups`), `propensity` is the power of popularity in weighted metrics.
    """

    metrics: tuple[Metric, ...]
    seeds: int = 1
    vectors: Vectors | None = None
    chunk_bytes: int = CHUNK_BYTES
    by: tuple[str, ...] = ()
    propensity: float = POWER

    def of(self, family: str) -> tuple[Metric, ...]:
        """The metrics that look at places, lists or values."""
        return tuple(m for m in self.metrics if m.rule.family == family)


@dataclass(frozen=True)
class Run:
    """One fit, asked: measures by name (VIEW/ndcg@10), how long it took, and what was not as it should be.

    `time_aware` and `context_aware`: the model looked at when and in which context the questions were asked, which
    others may not have.
    """

    measures: Mapping[str, Measure]
    fit_seconds: float
    score_seconds: float
    settings: Mapping[str, Any]
    degraded: tuple[str, ...] = ()
    time_aware: bool = False
    context_aware: bool = False


def run_once(name: str, engine: EngineLike, fold: Fold, plan: Plan, refit: bool = False) -> Run:
    """Fit one engine on one fold and measure every view of it."""
    begin = time.perf_counter()
    engine.fit(fold.train, holdout=fold.validation, refit=fold.refit if refit else None)
    scorer, notes = _with_newcomers(engine, fold)
    fit_seconds = time.perf_counter() - begin
    measures: dict[str, Measure] = {}
    seconds, declined, asked = 0.0, 0, 0
    for view, holdout in fold.tests.items():
        if len(holdout):
            ranked = _ranked(name, scorer, fold, holdout, plan)
            seconds, declined = seconds + ranked.seconds, declined + ranked.declined
            asked += len(holdout)
            found = _accuracy(ranked, holdout, fold, plan) | of_lists(ranked, holdout, fold, plan)
            found |= _grouped(found, ranked, fold, plan)
            measures |= {f"{view}/{key}" if view else key: value for key, value in found.items()}
    measures |= _values(name, engine, scorer, fold, plan)
    if declined:
        notes += (f"{declined} of {asked} questions declined: all items tie there",)
    said = notes + _said(engine) + _unrated(engine, plan)
    looked = _looked_at_time(engine, fold), _looked_at_context(engine, fold)
    return Run(measures, fit_seconds, seconds, _settings(engine), said, *looked)


def _looked_at_time(engine: EngineLike, fold: Fold) -> bool:
    """Whether the model uses the time of a request, and requests had one."""
    able = bool(getattr(getattr(engine, "model", None), "time_aware", False))
    return able and any(request.time is not None for request in _requests(fold))


def _looked_at_context(engine: EngineLike, fold: Fold) -> bool:
    """Whether the model uses a context that requests told."""
    model = getattr(engine, "model", None)
    known = set(model.contexts) if isinstance(model, Situated) else set()
    return bool(known) and any(not known.isdisjoint(request.context) for request in _requests(fold))


def _requests(fold: Fold) -> Iterator[Request]:
    """All that is asked of a fold."""
    for holdout in fold.tests.values():
        yield from holdout.requests
    yield from () if fold.pairs is None else fold.pairs.requests


def _with_newcomers(engine: EngineLike, fold: Fold) -> tuple[Scorer, tuple[str, ...]]:
    """The engine with the fold's new items; one whose model cannot take any is measured all the same."""
    if fold.newcomers is None:
        return engine, ()
    model = getattr(engine, "model", None)
    if model is not None and not isinstance(model, Grows):
        note = "cannot take new items: they tie behind all others"
        return _Behind(engine, len(fold.newcomers)), (note,)
    engine.add_items(fold.newcomers)
    return engine, ()


@dataclass(frozen=True)
class _Behind:
    """A scorer whose `extra` further items tie behind all it knows; a declined row stays declined."""

    scorer: Scorer
    extra: int

    def score(self, requests: Sequence[Request]) -> Floats:
        known = self.scorer.score(requests)
        least = known.min(axis=1, keepdims=True)
        below = least - np.maximum(1.0, np.abs(least))
        return np.hstack([known, np.repeat(below, self.extra, axis=1)]).astype(np.float32)


def _ranked(name: str, scorer: Scorer, fold: Fold, holdout: Holdout, plan: Plan) -> Ranked:
    shown = fold.pairs is not None and are_clicks(fold.pairs.values)
    # Where there are clicks to predict, "auc" is about the rows shown: one name, one meaning.
    places = [m for m in plan.of("places") if not (shown and m.base == "auc")]
    metrics = (*places, *plan.of("weighted"), *plan.of("lists"), *plan.of("groups"))
    worth = _worth(fold, plan)
    return rank(scorer, holdout, len(worth), metrics, name, plan.chunk_bytes, worth)


def _worth(fold: Fold, plan: Plan) -> Times:
    """What an answer counts in weighted metrics, (items,)."""
    return inverse_propensity(fold.train.counts, len(_catalog(fold)), plan.propensity)


def _catalog(fold: Fold) -> Catalog:
    catalog = fold.train.catalog
    return catalog if fold.newcomers is None else catalog.extended(fold.newcomers)


def _accuracy(ranked: Ranked, holdout: Holdout, fold: Fold, plan: Plan) -> dict[str, Measure]:
    weighted = {m.name for m in plan.of("weighted")}
    weights = weights_of(holdout.targets, _worth(fold, plan)) if weighted else None
    return {
        key: Rows(ranked.users, values, weights=weights if key in weighted else None)
        for key, values in ranked.values.items()
    }


def _grouped(found: Mapping[str, Measure], ranked: Ranked, fold: Fold, plan: Plan) -> dict[str, Measure]:
    """Accuracy by group of people, exposure by group of items."""
    accurate = {m.name for m in (*plan.of("places"), *plan.of("weighted"))}
    result: dict[str, Measure] = {}
    for name in plan.by:
        groups = groups_of(name, fold.train, _catalog(fold))
        if groups.side == "users":
            result |= by_users(groups, {key: rows for key, rows in found.items() if key in accurate})
            continue
        for metric in plan.of("groups"):
            lists = ranked.lists[:, : metric.k]
            result |= by_items(groups, lists, ranked.users, fold.train.counts, metric.base)
    return result


def of_lists(ranked: Ranked, holdout: Holdout, fold: Fold, plan: Plan) -> dict[str, Measure]:
    """Metrics of the top lists of one view."""
    result: dict[str, Measure] = {}
    metrics = plan.of("lists")
    bases = {m.base for m in metrics}
    catalog = _catalog(fold)
    vectors = _vectors(catalog, plan) if bases & {"ild", *VARIETY} else None
    shelf = Shelf(catalog, fold.train, holdout, None if vectors is None else unit(vectors))
    takers = len(np.unique(fold.train.interactions.users))
    rarities = rarity(fold.train.counts, takers, len(catalog)) if "novelty" in bases else np.zeros(0)
    for metric in metrics:
        lists = ranked.lists[:, : metric.k]
        if metric.base in WHOLE:
            result[metric.name] = _whole(metric.base, ranked, lists, len(catalog))
        elif metric.base == "novelty":
            result[metric.name] = Rows(ranked.users, novelty(lists, rarities))
        elif metric.base in OF_LISTS:
            values = OF_LISTS[metric.base](lists, shelf)
            if values is not None:
                result[metric.name] = Rows(ranked.users, values)
        elif vectors is not None:
            result[metric.name] = Rows(ranked.users, ild(lists, vectors))
    return result


def _vectors(catalog: Catalog, plan: Plan) -> Sparse | Floats | None:
    return content(catalog)[0] if plan.vectors is None else plan.vectors(catalog)


def _whole(base: str, ranked: Ranked, lists: Numbers, items: int) -> Whole:
    """Coverage or Gini with draws over people; every model sees the same draws."""
    person = people(ranked.users)
    draws = [
        exposed(base, lists, items, counts[:, person])
        for counts in resampled(int(person.max()) + 1, LIST_DRAWS, np.random.default_rng(0))
    ]
    return Whole(float(exposed(base, lists, items)[0]), np.concatenate(draws))


def _values(name: str, engine: EngineLike, scorer: Scorer, fold: Fold, plan: Plan) -> dict[str, Measure]:
    """Metrics of rows with known values: from ratings where the model gives them, else from its order."""
    wanted = {m.base for m in plan.metrics if m.rule.family == "values" or m.base == "auc"}
    if fold.pairs is None or not wanted:
        return {}
    model = getattr(engine, "model", None)
    rater = next((part for part in (engine, model) if isinstance(part, Rates)), None)
    if rater is not None:
        found = judged(rater, fold.pairs, name)
    else:
        found = ordered(scorer, fold.pairs, len(_catalog(fold)), name, plan.chunk_bytes)
    return {key: rows for key, rows in found.items() if key in wanted}


def _unrated(engine: EngineLike, plan: Plan) -> tuple[str, ...]:
    """A line where metrics of values were asked for and the model predicts none."""
    asked = [m.name for m in plan.of("values") if m.base != "gauc"]
    rates = any(isinstance(part, Rates) for part in (engine, getattr(engine, "model", None)))
    return () if rates or not asked else (f"predicts no values, only an order: no {', '.join(asked)}",)


def _settings(engine: EngineLike) -> dict[str, Any]:
    """The options the model was fitted with, those it chose itself included."""
    model = getattr(engine, "model", None)
    config = model.chosen if isinstance(model, Tunes) else getattr(model, "config", None)
    return config.model_dump(mode="json") if isinstance(config, Config) else {}


def _said(engine: EngineLike) -> tuple[str, ...]:
    return tuple(str(line) for line in getattr(engine, "degraded", ()) or ())
