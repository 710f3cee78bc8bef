"""Full ranking in bounded memory: questions in, values a question and top lists out. Knows nothing of models
but that they score, and nothing of splits.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from llm4rec.core import ComponentError, Floats, Holdout, Numbers, Request, Times, masked, top_k
from llm4rec.evaluation.metrics import accuracy
from llm4rec.evaluation.names import Metric
from llm4rec.evaluation.places import find_places
from llm4rec.evaluation.propensity import weighted

CHUNK_BYTES = 32 * 2**20


class Scorer(Protocol):
    """Anything that scores the whole catalog for a batch of requests; (requests, items) float32."""

    def score(self, requests: Sequence[Request]) -> Floats: ...


@dataclass(frozen=True, eq=False)
class Ranked:
    """What came of asking: metric values a question, top lists (questions, k), users (-1: a bare history).

    `declined` counts questions that no model wanted: all items tie there. `seconds` went into scoring alone.
    """

    values: dict[str, Times]
    lists: Numbers
    users: Numbers
    declined: int
    seconds: float


def rank(
    scorer: Scorer,
    holdout: Holdout,
    items: int,
    metrics: Sequence[Metric],
    name: str = "the model",
    chunk_bytes: int = CHUNK_BYTES,
    worth: Times | None = None,
) -> Ranked:
    """Rank all `items` for every question, but those its request rules out, and measure.

    Ruled out are items of the history (unless `seen` is "include"), `excluded` ones and those not `allowed`;
    a target that is ruled out is a mistake of the split and a ValueError. Scores are held for as many
    questions at a time as fit into `chunk_bytes`, which changes no value. Top lists put equal scores in the
    order of item numbers, as the engine does. `worth` (items,) are the weights of answers in weighted metrics.
    """
    worth = np.ones(items) if worth is None else worth
    step = max(1, chunk_bytes // (4 * max(items, 1)))
    parts = [
        _chunk(scorer, holdout, slice(at, at + step), metrics, worth, name)
        for at in range(0, len(holdout), step)
    ]
    if not parts:
        raise ValueError("there is nothing to rank: the holdout has no questions")
    return Ranked(
        {key: np.concatenate([p.values[key] for p in parts]) for key in parts[0].values},
        np.concatenate([p.lists for p in parts]),
        np.concatenate([p.users for p in parts]),
        sum(p.declined for p in parts),
        sum(p.seconds for p in parts),
    )


def _chunk(
    scorer: Scorer,
    holdout: Holdout,
    rows: slice,
    metrics: Sequence[Metric],
    worth: Times,
    name: str,
) -> Ranked:
    requests = holdout.requests[rows]
    targets = [np.unique(t).astype(np.int64) for t in holdout.targets[rows]]
    begin = time.perf_counter()
    scores = scorer.score(requests)
    seconds = time.perf_counter() - begin
    scores, declined = checked(scores, len(requests), len(worth), name)
    masked(scores, requests)
    _reachable(scores, requests, targets, rows.start)
    users = np.array([r.user for r in requests], dtype=np.int64)
    places = find_places(scores, targets)
    values = accuracy(places, metrics) | weighted(places, targets, worth, metrics)
    depth = max((m.k or 0 for m in metrics if m.rule.family in ("lists", "groups")), default=0)
    return Ranked(values, top_k(scores, depth), users, declined, seconds)


def checked(scores: Floats, rows: int, items: int, name: str) -> tuple[Floats, int]:
    """A copy of the scores, declined rows (all -inf) turned into ties, and how many there were.

    ComponentError names the model whose scores have the wrong shape or are not finite.
    """
    if scores.shape != (rows, items):
        raise ComponentError(f"{name} gave scores of shape {scores.shape}, not ({rows}, {items})")
    copy = np.array(scores, dtype=np.float32, order="C")
    broken = ~np.isfinite(copy).all(axis=1) if items else np.zeros(rows, dtype=bool)
    declined = np.flatnonzero(broken)
    for row in declined:
        if not np.isneginf(copy[row]).all():
            what = "NaN" if np.isnan(copy[row]).any() else "infinite"
            raise ComponentError(f"{name} gave {what} scores; scores are finite, or -inf over a whole row")
        copy[row] = 0.0
    return copy, len(declined)


def _reachable(scores: Floats, requests: Sequence[Request], targets: Sequence[Numbers], start: int) -> None:
    """ValueError where a question has no target, or one that its own request rules out."""
    items = scores.shape[1]
    for number, (row, request, wanted) in enumerate(zip(scores, requests, targets, strict=True), start):
        if len(wanted) == 0 or wanted[0] < 0 or wanted[-1] >= items:
            what = "no target" if len(wanted) == 0 else f"a target outside the {items} items"
            raise ValueError(f"question {number} (user {request.user}) has {what}; the split is wrong")
        hidden = wanted[np.isneginf(row[wanted])]
        if len(hidden):
            why = _why(request, int(hidden[0]))
            raise ValueError(
                f"question {number} (user {request.user}) asks for item {hidden[0]}, which it rules out"
                f" itself: the item is {why}; the split is wrong"
            )


def _why(request: Request, item: int) -> str:
    if request.seen == "exclude" and item in request.history.items:
        return "in the history and seen items are excluded"
    if request.excluded is not None and item in request.excluded:
        return "excluded"
    return "not among the allowed"
