"""Metrics over rows whose values are known: stars and clicks. Knows nothing of lists or files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import ComponentError, Floats, Numbers, Request, Times
from llm4rec.core.protocols import Rates
from llm4rec.evaluation.places import average_ranks
from llm4rec.evaluation.ranking import CHUNK_BYTES, Scorer, checked
from llm4rec.evaluation.samples import Rows, people

EDGE = 1e-6


class KnownValues(Protocol):
    """Aligned rows: who asked, about what, the value it had, and which rows were shown together."""

    @property
    def requests(self) -> Sequence[Request]: ...
    @property
    def items(self) -> Numbers: ...
    @property
    def values(self) -> Floats: ...
    @property
    def groups(self) -> Numbers: ...


def are_clicks(values: Floats) -> bool:
    """Whether the values are yes and no, both present."""
    return set(np.unique(values).tolist()) == {0.0, 1.0}


def judged(rater: Rates, pairs: KnownValues, name: str = "the model") -> dict[str, Rows]:
    """Every value metric that fits, one row a pair, grouped by user.

    Stars: rmse and mae of what `rate` expects. Clicks: accuracy at 0.5, log loss (probabilities kept
    1e-6 away from 0 and 1), auc and gauc.
    """
    users = np.array([r.user for r in pairs.requests], dtype=np.int64)
    expected = np.asarray(rater.rate(pairs.requests, pairs.items), dtype=np.float64)
    if expected.shape != pairs.values.shape or not np.isfinite(expected).all():
        raise ComponentError(f"{name} gave ratings that are not one finite number a row")
    wrong = expected - pairs.values
    if not are_clicks(pairs.values):
        return {"rmse": Rows(users, wrong**2, root=True), "mae": Rows(users, np.abs(wrong))}
    clicked = pairs.values > 0.5
    chance = np.clip(np.where(clicked, expected, 1.0 - expected), EDGE, 1.0 - EDGE)
    return _orders(users, pairs.groups, expected, clicked) | {
        "logloss": Rows(users, -np.log(chance)),
        "accuracy": Rows(users, np.asarray((expected >= 0.5) == clicked, dtype=np.float64)),
    }


def ordered(
    scorer: Scorer,
    pairs: KnownValues,
    items: int,
    name: str = "the model",
    chunk_bytes: int = CHUNK_BYTES,
) -> dict[str, Rows]:
    """auc and gauc over the rows shown, from scores alone; nothing where the values are stars.

    Requests that occur several times (the same object) are scored once.
    """
    if not are_clicks(pairs.values):
        return {}
    users = np.array([r.user for r in pairs.requests], dtype=np.int64)
    scores = _scores(scorer, pairs, items, name, chunk_bytes).astype(np.float64)
    return _orders(users, pairs.groups, scores, pairs.values > 0.5)


def _scores(scorer: Scorer, pairs: KnownValues, items: int, name: str, chunk_bytes: int) -> Floats:
    """The score of each pair, (pairs,)."""
    distinct = {id(r): r for r in pairs.requests}
    place = {key: number for number, key in enumerate(distinct)}
    asked = np.array([place[id(r)] for r in pairs.requests], dtype=np.int64)
    requests, result = list(distinct.values()), np.zeros(len(asked), dtype=np.float32)
    step = max(1, chunk_bytes // (4 * max(items, 1)))
    for at in range(0, len(requests), step):
        some = requests[at : at + step]
        scores, _ = checked(scorer.score(some), len(some), items, name)
        here = np.flatnonzero((asked >= at) & (asked < at + len(some)))
        result[here] = scores[asked[here] - at, pairs.items[here]]
    return result


def _orders(users: Numbers, groups: Numbers, scores: Times, clicked: NDArray[np.bool_]) -> dict[str, Rows]:
    grouped = gauc_rows(users, groups, scores, clicked)
    return {"auc": auc_rows(users, scores, clicked)} | ({"gauc": grouped} if len(grouped.values) else {})


def gauc_rows(users: Numbers, groups: Numbers, scores: Times, clicked: NDArray[np.bool_]) -> Rows:
    """AUC within each group of rows shown together (an impression or a user), one row a group.

    Groups without a click or without anything else have no AUC and are left out.
    """
    _, group = np.unique(groups, return_inverse=True)
    order = np.lexsort((scores, group))
    level = np.cumsum(np.concatenate([[0], (np.diff(scores[order]) != 0) | (np.diff(group[order]) != 0)]))
    within = np.empty(len(scores))
    # Ranks over all rows in the order (group, score), less the rows of earlier groups.
    within[order] = average_ranks(level)
    sizes, yes = np.bincount(group), np.bincount(group, weights=clicked)
    within -= (np.cumsum(sizes) - sizes)[group]
    no = sizes - yes
    won = np.bincount(group, weights=within * clicked) - yes * (yes + 1) / 2.0
    both = (yes > 0) & (no > 0)
    owner = np.empty(len(sizes), dtype=np.int64)
    owner[group] = users
    return Rows(owner[both], np.asarray(won[both] / (yes[both] * no[both]), dtype=np.float64))


def auc_rows(users: Numbers, scores: Times, clicked: NDArray[np.bool_]) -> Rows:
    """Area under the ROC curve over all rows, as one value a person that averages to it.

    AUC is a mean over pairs of rows, not over people. Each row's influence (its placement among the rows of
    the other kind, DeLong et al. 1988) added up by person gives values whose mean is the AUC and whose
    resampled mean is its linearised bootstrap.
    """
    yes, no = int(clicked.sum()), int((~clicked).sum())
    overall = average_ranks(scores)
    placed = np.empty(len(scores))
    placed[clicked] = (overall[clicked] - average_ranks(scores[clicked])) / no
    placed[~clicked] = 1.0 - (overall[~clicked] - average_ranks(scores[~clicked])) / yes
    area = float(placed[clicked].mean())
    person = people(users)
    size = int(person.max(initial=-1)) + 1
    weight = np.where(clicked, 1.0 / yes, 1.0 / no)
    influence = np.bincount(person, weights=weight * (placed - area), minlength=size)
    owner = np.full(size, -1, dtype=np.int64)
    owner[person] = users
    return Rows(owner, np.asarray(area + size * influence, dtype=np.float64))
