"""From a data set to the examples of each task asked for. Sees only what is passed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from llm4rec.core import DataError, Dataset
from llm4rec.encoders.adapting import histories, labelled, neighbours, together
from llm4rec.encoders.adapting.config import TASKS, AdaptConfig, Task
from llm4rec.encoders.adapting.examples import Examples, joined

MAKERS: Mapping[Task, Callable[[Dataset, AdaptConfig, np.random.Generator], Examples]] = {
    "co-consumption": together.pairs,
    "next-item": histories.next_items,
    "click": histories.clicks,
    "rating": labelled.ratings,
    "sentiment": labelled.sentiments,
    "category": labelled.categories,
    "masked": labelled.masked,
    "neighbours": neighbours.surroundings,
}


def examples_of(dataset: Dataset, config: AdaptConfig, old: Dataset | None = None) -> dict[Task, Examples]:
    """Examples by task, in the order of `config.tasks`, with those of `old` behind them marked for replay.

    The same data and seed give the same examples. DataError names a task without examples, and the remedy.
    """
    found: dict[Task, Examples] = {}
    for task in config.tasks:
        new = _made(task, dataset, config)
        found[task] = new if old is None else joined(new, _replayed(task, old, config))
    return found


def _replayed(task: Task, old: Dataset, config: AdaptConfig) -> Examples:
    try:
        return _made(task, old, config)
    except DataError as error:
        raise DataError(f"in the data to replay: {error}") from error


def _made(task: Task, dataset: Dataset, config: AdaptConfig) -> Examples:
    return MAKERS[task](dataset, config, np.random.default_rng([config.seed, TASKS.index(task)]))
