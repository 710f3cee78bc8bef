"""Exploration: reserved places of a list drawn with known chances, by Plackett-Luce, Thompson sampling or LinUCB.

What is learnt comes from the store alone: every place that was shown is an observation, 1 where feedback that quotes its
impression speaks for the item. So a restart, and every worker, learns the same.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import (
    NEGATIVE_KINDS,
    Candidates,
    Doubts,
    Embeds,
    Feedback,
    Floats,
    Impression,
    Numbers,
    Request,
    unit_rows,
)
from llm4rec.engine.fitted import Fitted
from llm4rec.engine.live.posterior import Posterior
from llm4rec.engine.live.serving import Serving
from llm4rec.engine.live_settings import LiveSettings

WIDTH = 16  # numbers an item is known by here
DRAWS = 64  # of the posterior, for the chances of one list
POOL = 10  # cold items beside the candidates of a list
RECALLED = 20_000  # impressions whose feedback can be learnt from
Chances = NDArray[np.float64]


@dataclass
class Explored:
    """Places that went out since the start: all, reserved ones, and those that reserved places gave to cold items."""

    places: int = 0
    reserved: int = 0
    cold: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, places: int, reserved: int, cold: int) -> None:
        """One more list."""
        with self.lock:
            self.places, self.reserved, self.cold = (
                self.places + places,
                self.reserved + reserved,
                self.cold + cold,
            )


@dataclass(eq=False)
class Learnt:
    """What was learnt over one base engine: `basis` are the main directions of its items' vectors."""

    basis: Chances
    posterior: Posterior
    lists: OrderedDict[str, tuple[dict[str, Chances], set[str]]] = field(default_factory=OrderedDict)

    @classmethod
    def of(cls, fitted: Fitted) -> Learnt:
        """Nothing yet, over a base."""
        basis = main_directions(item_vectors(fitted))
        return cls(basis, Posterior.prior(2 + basis.shape[1]))


@dataclass(eq=False)
class Explorer:
    """Draws the reserved places of lists. One belongs to one serving engine: numbers of items are its own."""

    serving: Serving
    settings: LiveSettings
    learnt: Learnt
    rng: np.random.Generator = field(default_factory=np.random.default_rng)
    figures: Explored = field(default_factory=Explored)

    def __post_init__(self) -> None:
        fitted = self.serving.engine.fitted
        self.vectors = item_vectors(fitted) @ self.learnt.basis
        counts = np.zeros(len(fitted.catalog), dtype=np.int64)
        counts[: len(fitted.dataset.counts)] = fitted.dataset.counts
        self.cold = counts < self.settings.cold_events
        self._cold_items = np.flatnonzero(self.cold)

    @classmethod
    def of(cls, serving: Serving, settings: LiveSettings) -> Explorer:
        """That has learnt nothing yet."""
        return cls(serving, settings, Learnt.of(serving.base.fitted))

    def over(self, serving: Serving) -> Explorer:
        """The same over another value of the same base: what was learnt is shared."""
        return replace(self, serving=serving)

    @property
    def policy(self) -> str:
        """What is logged as the rule that chose."""
        how, share = self.settings.explore, self.settings.explore_share
        return f"{how}:{share:g}"

    def draw(self, requests: Sequence[Request], candidates: Candidates) -> Candidates:
        """The lists with their reserved places drawn, and the chance of every place given those above it.

        Requests that turn the knob `explore` themselves are left as they are.
        """
        rows, wide = len(candidates), candidates.items.shape[1] + POOL
        items, scores = np.full((rows, wide), -1, dtype=np.int64), np.full((rows, wide), -np.inf, np.float32)
        chances = np.ones((rows, wide), dtype=np.float32)
        for row, request in enumerate(requests):
            own, values = candidates.items[row], candidates.scores[row]
            if request.explore and candidates.propensities is not None:
                items[row, : len(own)], scores[row, : len(own)] = own, values
                chances[row, : len(own)] = candidates.propensities[row]
                continue
            own, values = self._with_cold(request, own[own >= 0], values[own >= 0])
            items[row, : len(own)], scores[row, : len(own)], chances[row, : len(own)] = self._drawn(
                request, own, values
            )
        return Candidates(items, scores, candidates.source, chances, candidates.notes)

    def _with_cold(self, request: Request, items: Numbers, scores: Floats) -> tuple[Numbers, Floats]:
        """The candidates and some cold items that may be shown, drawn alike, behind them."""
        if self.settings.cold_share * request.n < 1 or not len(self._cold_items):
            return items, scores
        open_to = np.zeros(len(self.cold), dtype=bool)
        open_to[self._cold_items if request.allowed is None else request.allowed] = True
        open_to &= self.cold
        for out in (request.excluded, request.history.items if request.seen == "exclude" else None, items):
            if out is not None:
                open_to[out] = False
        found = np.flatnonzero(open_to)
        if not len(found):
            return items, scores
        some = self.rng.choice(found, min(POOL, len(found)), replace=False)
        fitted = self.serving.engine.fitted
        own = fitted.model.score([request], some)[0]
        if not np.isfinite(own).all():
            own = fitted.fallback.score([request], some)[0]
        return np.concatenate([items, some]), np.concatenate([scores, own.astype(np.float32)])

    def _drawn(self, request: Request, items: Numbers, scores: Floats) -> tuple[Numbers, Floats, Floats]:
        """One list: the engine's next best, or where a place is reserved, whatever is drawn among what is left."""
        n = min(request.n, len(items))
        chances = np.ones(len(items), dtype=np.float32)
        pick = self._picker(request, items, scores, n)
        most, cold = int(self.settings.cold_share * request.n), 0
        left, order, reserved = list(range(len(items))), [], self._reserved(n)
        by_drawing = 0
        for place in range(n):
            best, share = left[0], reserved.get(place, 0.0)
            if share:
                open_to = [one for one in left if one == best or cold < most or not self.cold[items[one]]]
                found = share * pick(open_to)
                found[0] += 1.0 - share
                found /= found.sum()
                drawn = int(self.rng.choice(len(open_to), p=found))
                best, chances[place] = open_to[drawn], found[drawn]
                by_drawing += bool(drawn and self.cold[items[best]])
            cold += bool(self.cold[items[best]])
            order.append(best)
            left.remove(best)
        self.figures.add(n, len(reserved), by_drawing)
        whole = np.array([*order, *left], dtype=np.int64)
        return items[whole], scores[whole], chances

    def _reserved(self, n: int) -> dict[int, float]:
        """Places evenly spread, and the chance that each is explored: together `explore_share` of the list."""
        wanted = self.settings.explore_share * n
        whole = int(np.ceil(wanted - 1e-9))
        places = [int((j + 0.5) * n / whole) for j in range(whole)]
        return dict.fromkeys(places, wanted / whole) if whole else {}

    def _picker(
        self, request: Request, items: Numbers, scores: Floats, n: int
    ) -> Callable[[list[int]], Chances]:
        """The chances (len(left),) of those candidates that are left."""
        settings, floor = self.settings, self.settings.explore_floor
        relevance = relevance_of(scores, scores[:n])

        def mixed(chosen: Chances) -> Chances:
            return (1.0 - floor) * chosen + floor / len(chosen)

        if settings.explore == "plackett-luce":
            weights = np.exp((relevance - 1.0) / settings.temperature)
            return lambda left: mixed(weights[left] / weights[left].sum())
        rows = self.features(items, relevance)
        if settings.explore == "linucb":
            bound = self.learnt.posterior.bound(rows)
            return lambda left: mixed(np.eye(len(left))[int(np.argmax(bound[left]))])
        weights = self.learnt.posterior.drawn(self.rng, DRAWS)
        worth = weights @ rows.T + weights[:, 1:2] * self._doubted(request, items, scores[:n])
        return lambda left: mixed(
            np.bincount(worth[:, left].argmax(axis=1), minlength=len(left)) / len(worth)
        )

    def _doubted(self, request: Request, items: Numbers, ranked: Floats) -> Chances:
        """(DRAWS, items): by how much each relevance may be wrong, drawn from what the model does not know of its scores.

        0 where the model cannot say (`Doubts`). Items are drawn apart, though what is not known of a person is common to them.
        """
        model = self.serving.engine.fitted.model
        span = float(np.ptp(ranked)) if len(ranked) else 0.0
        if not isinstance(model, Doubts) or span <= 0:
            return np.zeros((DRAWS, len(items)))
        doubt = model.uncertainty([request], items)[0].astype(np.float64) / span
        return np.asarray(self.rng.standard_normal((DRAWS, len(items))) * np.minimum(doubt, 1.0))

    def features(self, items: Numbers, relevance: Chances) -> Chances:
        """(items, 2 + WIDTH): one, the relevance within its list, the item's vector."""
        return np.column_stack([np.ones(len(items)), relevance, self.vectors[items]])

    @staticmethod
    def takers(current: Callable[[], Explorer]) -> dict[type, Callable[[Sequence[Any]], None]]:
        """What learns from rows of the store: impressions first, for feedback quotes them."""
        return {
            Impression: lambda rows: current().learn_shown(rows),
            Feedback: lambda rows: current().learn_taken(rows),
        }

    def learn_shown(self, rows: Sequence[Impression]) -> None:
        """Durable impressions: every place is an observation."""
        ids = self.serving.engine.catalog.ids
        for row in rows:
            numbers = ids.found(slot.item for slot in row.slots)
            known = numbers >= 0
            if not known.any() or row.id in self.learnt.lists:
                continue
            scores = np.array([slot.score for slot in row.slots])
            by_rank = np.array([slot.propensity in (None, 1.0) for slot in row.slots])
            relevance = relevance_of(scores, scores[by_rank] if by_rank.any() else scores)
            features = self.features(numbers[known], relevance[known])
            self.learnt.posterior.shown(features)
            names = [str(slot.item) for slot, there in zip(row.slots, known, strict=True) if there]
            self.learnt.lists[row.id] = dict(zip(names, features, strict=True)), set()
            while len(self.learnt.lists) > RECALLED:
                self.learnt.lists.popitem(last=False)

    def learn_taken(self, rows: Sequence[Feedback]) -> None:
        """Durable feedback: what speaks for an item of the impression it quotes counts, once."""
        for row in rows:
            shown = self.learnt.lists.get(row.impression or "")
            if shown is None or row.item in shown[1] or row.item not in shown[0] or not speaks_for(row):
                continue
            shown[1].add(str(row.item))
            self.learnt.posterior.taken(shown[0][str(row.item)])


def speaks_for(row: Feedback) -> bool:
    """Whether an event says that somebody took the item: `is_positive` of a single one."""
    if row.kind in NEGATIVE_KINDS:
        return row.kind == "impression" and row.value is not None and row.value > 0
    return row.kind == "rating" or row.value != 0


def relevance_of(scores: Sequence[float] | Floats | Chances, ranked: Floats | Chances) -> Chances:
    """Scores from 0, the least of those that rank first, to 1, the best of them; others from -1 to 1."""
    values, first = np.asarray(scores, dtype=np.float64), np.asarray(ranked, dtype=np.float64)
    if not len(first):
        return np.ones(len(values))
    low, span = first.min(), np.ptp(first)
    return np.asarray(np.clip((values - low) / span, -1.0, 1.0) if span > 0 else np.sign(values - low))


def item_vectors(fitted: Fitted) -> Chances:
    """(items, width) unit rows: the engine's vectors of items, else those of their texts, else who took them, projected
    at random (Johnson and Lindenstrauss 1984)."""
    vectors: Any = None
    if isinstance(fitted.model, Embeds):
        vectors = fitted.model.item_vectors()
    elif fitted.encoder is not None and any(fitted.catalog.texts):
        vectors = fitted.encoder.encode(fitted.catalog.texts)
    else:
        taken = fitted.dataset.matrix()
        vectors = taken.T @ np.random.default_rng(0).standard_normal((taken.shape[0], 4 * WIDTH))
    return np.asarray(unit_rows(np.nan_to_num(np.asarray(vectors, dtype=np.float32))), dtype=np.float64)


def main_directions(rows: Chances) -> Chances:
    """(width, at most WIDTH): the directions in which the rows are longest."""
    values, directions = np.linalg.eigh(rows.T @ rows)
    main = directions[:, np.argsort(-values)[:WIDTH]]
    # The sign of a direction is chance: fixed, so that every worker has the same.
    ends = main[np.abs(main).argmax(axis=0), np.arange(main.shape[1])] if main.size else np.ones(0)
    return np.asarray(main * np.where(ends < 0, -1.0, 1.0))
