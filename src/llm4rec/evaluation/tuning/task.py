"""What each trial does: fit one engine on what it may learn from, and ask validation. The test part is left out."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import ComponentError, Dataset, SettingsError, Tunes
from llm4rec.engine import Engine, Settings
from llm4rec.evaluation.names import Metric
from llm4rec.evaluation.once import Plan, run_once
from llm4rec.evaluation.samples import Rows, Whole, pooled
from llm4rec.evaluation.tuning.outcome import Outcome
from llm4rec.evaluation.tuning.space import current, with_values

if TYPE_CHECKING:
    from llm4rec.data.folds import Fold

SHARE = 0.2  # of the rows with a known value, held out where values are to be predicted


@dataclass(frozen=True, eq=False)
class Task:
    """The settings to begin with, what to measure, and folds whose tests are validation questions."""

    settings: Settings
    metric: Metric
    folds: tuple[Fold, ...]
    notes: tuple[str, ...] = ()

    def digest(self) -> str:
        """Sixteen hexadecimal digits of everything that is fitted on and asked."""
        sums = hashlib.blake2b(digest_size=8)
        for fold in self.folds:
            rows = fold.train.interactions
            for table in (fold.train.catalog, fold.train.users):
                sums.update("\n".join(map(repr, table.ids.ids)).encode())
                for name, column in table.columns.items():
                    sums.update(f"{name} {column.type}\n".encode())
                    sums.update("\n".join(map(repr, column.values.tolist())).encode())
            for array in (rows.users, rows.items, rows.kinds, rows.values, rows.timestamps):
                sums.update(np.ascontiguousarray(array).tobytes())
            for view in fold.tests.values():
                sums.update(np.concatenate([np.zeros(0, np.int64), *view.targets]).tobytes())
            if fold.pairs is not None:
                sums.update(np.ascontiguousarray(fold.pairs.items).tobytes())
        return sums.hexdigest()


def task_of(
    settings: Settings,
    dataset: Dataset,
    protocol: str,
    metric: Metric,
    marks: Mapping[str, NDArray[Any]] | None = None,
) -> Task:
    """What to fit and ask under a protocol: its training and validation parts; the test part is dropped here.

    Without a validation part, the last positive event of each user of the training part is asked for. For metrics of
    values (rmse) a fifth of the rows of the training part is. SettingsError where the model predicts no values;
    DataError where there are none.
    """
    from llm4rec.data.splits import split

    folds = split(dataset, protocol, marks).folds
    if metric.rule.family == "values":
        from llm4rec.engine.registry import component

        name = settings.fit.model
        if metric.base != "gauc" and not hasattr(component("model", name), "rate"):
            raise SettingsError(f"model {name!r} predicts no values for metric {metric.name!r}; try ndcg@10")
        return Task(settings, metric, tuple(_valued(fold, metric) for fold in folds))
    asked = tuple(on_validation(fold) for fold in folds)
    note = f"{protocol} has no validation part: the last events of its training part are asked for"
    without = any(fold.validation is None or not len(fold.validation) for fold in folds)
    return Task(settings, metric, asked, (note,) if without else ())


def on_validation(fold: Fold) -> Fold:
    """The training part with the validation questions as its test."""
    from llm4rec.data.folds import Fold
    from llm4rec.data.splits import split

    if fold.validation is not None and len(fold.validation):
        return Fold(fold.train, {"": fold.validation})
    (inner,) = split(fold.train, "leave-last-out").folds
    return Fold(inner.refit or inner.train, {"": inner.tests[""]})


def _valued(fold: Fold, metric: Metric) -> Fold:
    """The training part without a drawn fifth of its rows, and those with known values as pairs."""
    from llm4rec.data.folds import TEST, TRAIN
    from llm4rec.data.questions import fold_of

    drawn = np.random.default_rng(0).random(len(fold.train.interactions)) < SHARE
    inner, _ = fold_of(fold.train, np.where(drawn, TEST, TRAIN).astype(np.int8))
    if inner.pairs is None:
        raise SettingsError(
            f"there are no ratings or clicks for metric {metric.name!r}; choose another, as ndcg@10"
        )
    return replace(inner, tests={})


def measure(task: Task, number: int, values: Mapping[str, Any]) -> Outcome:
    """The metric on validation under these values. What goes wrong is told in the outcome, not raised."""
    began = time.perf_counter()
    try:
        metric, overruled = _measured(task, values)
        error = "" if math.isfinite(metric) else f"{task.metric.name} is {metric}"
    except Exception as problem:
        # One bad combination must not end a search of hours; the outcome says what it was.
        metric, overruled, error = math.nan, {}, f"{type(problem).__name__}: {problem}"
    seconds = round(time.perf_counter() - began, 3)
    return Outcome(number, dict(values), None if error else metric, error, seconds, 0.0, overruled)


def _measured(task: Task, values: Mapping[str, Any]) -> tuple[float, dict[str, Any]]:
    settings = with_values(task.settings, values)
    plan, found = Plan((task.metric,)), []
    overruled: dict[str, Any] = {}
    for fold in task.folds:
        engine = Engine(settings)
        measures = run_once(settings.fit.model, engine.check(), fold, plan).measures
        if task.metric.name not in measures:
            raise ComponentError(f"nothing to measure {task.metric.name!r} on")
        found.append(measures[task.metric.name])
        overruled |= _overruled(engine, settings, values)
    if isinstance(found[0], Whole):
        return float(np.mean([one.mean for one in found])), overruled
    return pooled(cast("list[Rows]", found)).mean, overruled


def _overruled(engine: Engine, settings: Settings, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values that the model replaced while it was fitted, and by what."""
    if not isinstance(engine.model, Tunes):
        return {}
    name = settings.fit.model
    chosen = settings.model_copy(
        update={"models": {**settings.models, name: engine.model.chosen.model_dump(mode="json")}}
    )
    asked, got = current(settings, list(values)), current(chosen, list(values))
    return {key: got[key] for key in values if got[key] != asked[key]}
