"""May a new engine take over: not worse than the one that serves, by more than a margin, on the same questions. Fits nothing.

Non-inferiority by a one-sided bound of the paired bootstrap over people (Efron and Tibshirani 1993).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field, PositiveInt

from llm4rec.core import Config, Dataset, Floats, Holdout, Numbers, Request, SettingsError
from llm4rec.core.errors import CannotSayError
from llm4rec.evaluation.names import parse_metrics
from llm4rec.evaluation.ranking import Scorer, rank
from llm4rec.evaluation.samples import Rows, pooled
from llm4rec.evaluation.significance import bootstrap

if TYPE_CHECKING:
    from llm4rec.engine.engine import Engine


class Gate(Config):
    """The new figure must be at least (1 - `margin`) of the old one, and that must be sure at `level`, one-sided.

    Fewer than `least` questions say nothing.
    """

    metric: str = "ndcg@10"
    margin: float = Field(0.05, ge=0.0, lt=1.0)
    level: float = Field(0.95, gt=0.5, lt=1.0)
    least: PositiveInt = 50


@dataclass(frozen=True)
class Verdict:
    """Both figures over `questions` people, the least that the difference may be, and whether that is enough."""

    metric: str
    new: float
    old: float
    low: float
    margin: float
    questions: int
    passes: bool

    @property
    def reason(self) -> str:
        """In words."""
        share = 100.0 * self.margin
        told = f"{self.metric} {self.new:.4f}, where the serving engine has {self.old:.4f} on {self.questions} people"
        if self.passes:
            return f"{told}: at most {share:g} % worse (difference at least {self.low:+.4f})"
        if self.new >= self.old * (1.0 - self.margin):
            return f"{told}: it may be more than {share:g} % worse (difference as low as {self.low:+.4f}); bring more events"
        return f"{told}: more than {share:g} % worse"

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**vars(self), "reason": self.reason}


def gate(new: Scorer, old: Scorer, holdout: Holdout, items: int, config: Gate) -> Verdict:
    """Judge two scorers of the same `items` on the same questions; CannotSayError where these are too few."""
    if len(holdout) < config.least:
        raise CannotSayError(f"{len(holdout)} people to judge by are too few; it takes {config.least}")
    (metric,) = parse_metrics((config.metric,))
    if metric.rule.family != "places" or metric.rule.lower_is_better:
        raise SettingsError(
            f"engines are compared by places of answers (ndcg@10, hr@10 …), not {config.metric!r}"
        )
    values = [rank(one, holdout, items, (metric,)).values[metric.name] for one in (new, old)]
    who = np.arange(len(holdout))
    draws = bootstrap([pooled([Rows(who, one)]) for one in values], np.random.default_rng(0))
    kept = draws[:, 0] - (1.0 - config.margin) * draws[:, 1]
    low = float(np.quantile(draws[:, 0] - draws[:, 1], 1.0 - config.level))
    passes = float(np.quantile(kept, 1.0 - config.level)) >= 0.0
    ours, theirs = (float(one.mean()) for one in values)
    return Verdict(metric.name, ours, theirs, low, config.margin, len(holdout), passes)


class Asked:
    """An engine asked in the numbers of another data set: people and things are matched by id.

    What it does not know stands behind all that it knows.
    """

    def __init__(self, engine: Engine, dataset: Dataset) -> None:
        self._engine = engine
        own = engine.fitted.dataset
        self._items = own.catalog.ids.found(dataset.catalog.ids.ids)
        self._users = own.users.ids.found(dataset.users.ids.ids)

    def score(self, requests: Sequence[Request]) -> Floats:
        """(requests, items of the data set)."""
        found = self._engine.score([self._own(request) for request in requests])
        known = self._items >= 0
        result = np.repeat(found.min(axis=1, keepdims=True, initial=0.0) - 1.0, len(self._items), axis=1)
        result[:, known] = found[:, self._items[known]]
        return result.astype(np.float32)

    def _own(self, request: Request) -> Request:
        numbers: Numbers = self._items[request.history.items]
        past = request.history.take(np.flatnonzero(numbers >= 0))
        past = replace(past, items=numbers[numbers >= 0])
        user = request.user
        return replace(request, history=past, user=int(self._users[user]) if user >= 0 else -1)
