"""Exploration: reserved places of a list drawn with known chances, by Plackett-Luce, Thompson sampling or LinUCB.

What is learnt comes from the store alone: every place that was shown is an observation, 1 where feedback that quotes its
impression speaks for the item. So a restart, and every worker, learns the same.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import (
    Candidates,
    Embeds,
    Feedback,
    Floats,
    Impression,
    Numbers,
    Request,
    is_positive,
    unit_rows,
)
from llm4rec.engine.fitted import Fitted
from llm4rec.engine.live.serving import Serving
from llm4rec.engine.live_settings import LiveSettings

WIDTH = 16  # numbers an item is known by here
DRAWS = 64  # of the posterior, for the chances of one list
PRIOR, NOISE = 1.0, 0.25  # variance of the weights before, and of a click that is either 0 or 1
ALPHA = 1.0  # standard deviations above the mean, of LinUCB
RECALLED = 20_000  # impressions whose feedback can be learnt from
Chances = NDArray[np.float64]


@dataclass(eq=False)
class Posterior:
    """Bayesian linear regression: weights are normal with this precision and mean (Bishop 2006, 3.3)."""

    precision: Chances
    rewards: Chances

    @classmethod
    def prior(cls, width: int) -> Posterior:
        """Before anything was shown."""
        return cls(np.eye(width) / PRIOR, np.zeros(width))

    def shown(self, rows: Chances) -> None:
        """Things (n, width) were shown."""
        self.precision = self.precision + rows.T @ rows / NOISE

    def taken(self, row: Chances) -> None:
        """One of them was taken."""
        self.rewards = self.rewards + row / NOISE

    @property
    def mean(self) -> Chances:
        """The most likely weights."""
        return np.asarray(np.linalg.solve(self.precision, self.rewards))

    def drawn(self, rng: np.random.Generator, times: int) -> Chances:
        """Weights (times, width) from the posterior."""
        upper = np.linalg.cholesky(self.precision).T
        noise = rng.standard_normal((len(self.rewards), times))
        return np.asarray(self.mean + np.linalg.solve(upper, noise).T)

    def bound(self, rows: Chances) -> Chances:
        """Mean and ALPHA standard deviations, (n,) (Li et al. 2010)."""
        spread = np.einsum("nw,wn->n", rows, np.linalg.solve(self.precision, rows.T))
        return np.asarray(rows @ self.mean + ALPHA * np.sqrt(np.maximum(spread, 0.0)))


@dataclass
class Explored:
    """Places that went out since the start: all, reserved ones, and those that reserved places gave to cold items."""

    places: int = 0
    reserved: int = 0
    cold: int = 0


@dataclass(eq=False)
class Explorer:
    """Draws the reserved places of lists. One belongs to one serving engine: numbers of items are its own."""

    serving: Serving
    settings: LiveSettings
    rng: np.random.Generator = field(default_factory=np.random.default_rng)
    figures: Explored = field(default_factory=Explored)

    def __post_init__(self) -> None:
        fitted = self.serving.engine.fitted
        self.vectors = item_vectors(fitted)
        counts = np.zeros(len(fitted.catalog), dtype=np.int64)
        counts[: len(fitted.dataset.counts)] = fitted.dataset.counts
        self.cold = counts < self.settings.cold_events
        self.posterior = Posterior.prior(2 + self.vectors.shape[1])
        self._lists: OrderedDict[str, tuple[dict[str, Chances], set[str]]] = OrderedDict()

    @property
    def policy(self) -> str:
        """What is logged as the rule that chose."""
        how, share = self.settings.explore, self.settings.explore_share
        return f"{how}:{share:g}"

    def draw(self, requests: Sequence[Request], candidates: Candidates) -> Candidates:
        """The lists with their reserved places drawn, and the chance of every place given those above it.

        Requests that turn the knob `explore` themselves are left as they are.
        """
        items, scores = candidates.items.copy(), candidates.scores.copy()
        chances = np.ones(items.shape, dtype=np.float32)
        if candidates.propensities is not None:
            chances[:] = candidates.propensities
        for row, request in enumerate(requests):
            if not request.explore:
                items[row], scores[row], chances[row] = self._drawn(request, items[row], scores[row])
        return Candidates(items, scores, candidates.source, chances, candidates.notes)

    def _drawn(self, request: Request, items: Numbers, scores: Floats) -> tuple[Numbers, Floats, Floats]:
        """One list: the engine's next best, or where a place is reserved, whatever is drawn among what is left."""
        there = int((items >= 0).sum())
        n = min(request.n, there)
        reserved = self._reserved(n)
        left = list(range(there))
        chances = np.ones(len(items), dtype=np.float32)
        pick = self._picker(items[:there], scores[:there])
        most, cold = int(self.settings.cold_share * request.n), 0
        order: list[int] = []
        for place in range(n):
            best, share = left[0], reserved.get(place, 0.0)
            if share:
                open_to = [one for one in left if one == best or cold < most or not self.cold[items[one]]]
                found = share * pick(open_to)
                found[0] += 1.0 - share
                drawn = int(self.rng.choice(len(open_to), p=found / found.sum()))
                best, chances[place] = open_to[drawn], found[drawn] / found.sum()
                self.figures.cold += bool(self.cold[items[best]])
                self.figures.reserved += 1
            cold += bool(self.cold[items[best]])
            order.append(best)
            left.remove(best)
        self.figures.places += n
        whole = np.array([*order, *left, *range(there, len(items))], dtype=np.int64)
        return items[whole], scores[whole], chances

    def _reserved(self, n: int) -> dict[int, float]:
        """Places evenly spread, and the chance that each is explored: together `explore_share` of the list."""
        wanted = self.settings.explore_share * n
        whole = int(np.ceil(wanted - 1e-9))
        places = [int((j + 0.5) * n / whole) for j in range(whole)]
        return dict.fromkeys(places, wanted / whole) if whole else {}

    def _picker(self, items: Numbers, scores: Floats) -> Callable[[list[int]], Chances]:
        """The chances (len(left),) of those candidates that are left."""
        settings, floor = self.settings, self.settings.explore_floor
        relevance = self.relevance(scores)

        def mixed(chosen: Chances) -> Chances:
            return (1.0 - floor) * chosen + floor / len(chosen)

        if settings.explore == "plackett-luce":
            weights = np.exp((relevance - 1.0) / settings.temperature)
            return lambda left: mixed(weights[left] / weights[left].sum())
        rows = self.features(items, relevance)
        if settings.explore == "linucb":
            bound = self.posterior.bound(rows)
            return lambda left: mixed(np.eye(len(left))[int(np.argmax(bound[left]))])
        worth = self.posterior.drawn(self.rng, DRAWS) @ rows.T
        return lambda left: mixed(
            np.bincount(worth[:, left].argmax(axis=1), minlength=len(left)) / len(worth)
        )

    @staticmethod
    def relevance(scores: Sequence[float] | Floats) -> Chances:
        """Scores of one list from 0, the least, to 1, the best."""
        values = np.asarray(scores, dtype=np.float64)
        low, span = values.min(initial=np.inf), np.ptp(values) if len(values) else 0.0
        return np.asarray((values - low) / span if span > 0 else np.ones(len(values)))

    def features(self, items: Numbers, relevance: Chances) -> Chances:
        """(items, 2 + WIDTH): one, the relevance within its list, the item's vector."""
        return np.column_stack([np.ones(len(items)), relevance, self.vectors[items]])

    def learn_shown(self, rows: Sequence[Impression]) -> None:
        """Durable impressions: every place is an observation."""
        ids = self.serving.engine.catalog.ids
        for row in rows:
            numbers = np.array([ids.number(slot.item) for slot in row.slots], dtype=np.int64)
            known = numbers >= 0
            if not known.any() or row.id in self._lists:
                continue
            relevance = self.relevance([slot.score for slot in row.slots])
            features = self.features(numbers[known], relevance[known])
            self.posterior.shown(features)
            names = [str(slot.item) for slot, there in zip(row.slots, known, strict=True) if there]
            self._lists[row.id] = dict(zip(names, features, strict=True)), set()
            while len(self._lists) > RECALLED:
                self._lists.popitem(last=False)

    def learn_taken(self, rows: Sequence[Feedback]) -> None:
        """Durable feedback: what speaks for an item of the impression it quotes counts, once."""
        for row in rows:
            shown = self._lists.get(row.impression or "")
            if shown is None or row.item in shown[1] or row.item not in shown[0] or not _speaks_for(row):
                continue
            shown[1].add(str(row.item))
            self.posterior.taken(shown[0][str(row.item)])


def _speaks_for(row: Feedback) -> bool:
    value = np.nan if row.value is None else row.value
    return bool(is_positive(np.zeros(1, np.int64), np.array([value], np.float32), (row.kind,))[0])


def item_vectors(fitted: Fitted) -> Chances:
    """(items, at most WIDTH): the engine's vectors of items, else those of their texts, on their main directions."""
    vectors: Any = None
    if isinstance(fitted.model, Embeds):
        vectors = fitted.model.item_vectors()
    elif fitted.encoder is not None and any(fitted.catalog.texts):
        vectors = fitted.encoder.encode(fitted.catalog.texts)
    if vectors is None or not len(vectors):
        return np.zeros((len(fitted.catalog), 0))
    rows = unit_rows(np.nan_to_num(np.asarray(vectors, dtype=np.float32))).astype(np.float64)
    values, directions = np.linalg.eigh(rows.T @ rows)
    main = directions[:, np.argsort(-values)[:WIDTH]]
    # The sign of a direction is chance: fixed, so that every worker has the same.
    main = main * np.where(main[np.abs(main).argmax(axis=0), np.arange(main.shape[1])] < 0, -1.0, 1.0)
    return np.asarray(rows @ main)
