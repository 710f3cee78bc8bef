"""A second opinion on an order, whose influence is bounded: a small weight, a few places, and none without a sure gain."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Floats, Numbers, Times, surely_better

HEAVIEST = 0.3
FURTHEST = 5
"""Most weight of an adviser, and most places that it may move an item: what a planted text can do stays small."""
WEIGHTS = (0.1, 0.2, 0.3)
CAUTION = 2.0  # standard errors of the gain that an adviser must bring
JUDGES = 50  # held-out questions that can decide
ASKED = 1000  # held-out questions that an adviser is asked at most


@dataclass(frozen=True, eq=False)
class Advice:
    """Weights of advisers, by name; `told` says what each of them brought on held-out questions."""

    weights: Mapping[str, float] = field(default_factory=dict)
    told: tuple[str, ...] = ()

    @classmethod
    def learn(
        cls,
        names: Sequence[str],
        values: Times,
        advice: Floats,
        gains_of: Any,
    ) -> Advice:
        """A weight for each adviser, one after the other; 0 unless the best one brings a gain of two standard errors.

        `values` (candidates,) come from rankers that have not seen these questions, `advice` (candidates, advisers) from
        models that have not seen their answers. `gains_of` is (bounds, function from values to gains by question).
        """
        bounds, gains = gains_of
        weights: dict[str, float] = {}
        told = []
        for column, name in enumerate(names):
            before = gains(values)
            tried = {w: moved(values, advice[:, column], bounds, w) for w in WEIGHTS}
            found = {w: gains(order) for w, order in tried.items()}
            best = max(found, key=lambda w: (float(found[w].mean()), -w))
            sure = len(before) >= JUDGES and surely_better(found[best], before, CAUTION)
            weights[name] = best if sure else 0.0
            told.append(_told(name, weights[name], (before, found[best])))
            values = tried[best] if sure else values
        return cls(weights, tuple(told))

    def applied(self, values: Times, advice: Floats, bounds: Numbers) -> Times:
        """The values in the order advised; columns of `advice` as in `weights`."""
        for column, weight in enumerate(self.weights.values()):
            if weight:
                values = moved(values, advice[:, column], bounds, weight)
        return values

    def kept(self) -> Advice:
        """Without the advisers of weight zero."""
        return Advice({name: weight for name, weight in self.weights.items() if weight}, self.told)

    def state(self) -> dict[str, NDArray[Any]]:
        """The weights, in order."""
        return {"weights": np.array(list(self.weights.values()), dtype=np.float64)}

    @classmethod
    def from_state(cls, names: Sequence[str], state: Mapping[str, NDArray[Any]]) -> Advice:
        """The inverse of `state`."""
        found = state.get("weights", np.zeros(0))
        return cls(dict(zip(names, found.tolist(), strict=True)))


def _told(name: str, weight: float, gains: tuple[Floats, Floats]) -> str:
    before, after = (float(found.mean()) for found in gains)
    what = f"NDCG@10 {after:.4f} with {name!r} and {before:.4f} without on {len(gains[0])} held-out questions"
    if weight:
        return f"{name!r} advises with weight {weight:g}, at most {FURTHEST} places: {what}"
    return f"{name!r} is refused and will not be asked, for there is no sure gain: {what}"


def moved(
    values: Times, advice: NDArray[Any], bounds: Numbers, weight: float, furthest: int = FURTHEST
) -> Times:
    """The values of each request shared out in the order of (1 - weight) own + weight advice, both as z-scores.

    Nothing moves more than `furthest` places; equals stand as they stood.
    """
    result = np.array(values, dtype=np.float64)
    for start, stop in pairwise(bounds.tolist()):
        own = result[start:stop]
        if stop - start < 2:
            continue
        before = np.argsort(-own, kind="stable")
        wished = (1.0 - weight) * _standard(own) + weight * _standard(advice[start:stop])
        after = before[within(wished[before], furthest)]
        falling = own[before]
        result[start + after] = falling
    return result


def within(wished: Times, furthest: int) -> Numbers:
    """An order by falling `wished` in which nobody leaves his place (his index) by more than `furthest`.

    At each place stands the one who must not wait any longer, or else the best of those who may stand there.
    """
    size = len(wished)
    placed = np.zeros(size, dtype=bool)
    order = np.zeros(size, dtype=np.int64)
    heap = [(-float(wished[who]), who) for who in range(min(furthest, size))]
    heapq.heapify(heap)
    for place in range(size):
        if place + furthest < size:
            heapq.heappush(heap, (-float(wished[place + furthest]), place + furthest))
        due = place - furthest
        if due >= 0 and not placed[due]:
            chosen = due
        else:
            while placed[heap[0][1]]:
                heapq.heappop(heap)
            chosen = heapq.heappop(heap)[1]
        order[place], placed[chosen] = chosen, True
    return order


def borda(orders: Sequence[Numbers]) -> Times:
    """(candidates,) mean points over orders: the first of n has n - 1, the last none (Borda 1781)."""
    points = np.zeros(len(orders[0]))
    for order in orders:
        points[order] += np.arange(len(order))[::-1]
    return points / len(orders)


def agreement(orders: Sequence[Numbers]) -> float:
    """Mean Kendall tau of all pairs of orders: 1 the same, 0 unrelated, -1 reversed; NaN of one order alone."""
    ranks = [np.argsort(order) for order in orders]
    size, found = len(orders[0]), []
    upper = np.triu_indices(size, 1)
    signs = [np.sign(r[upper[0]] - r[upper[1]]) for r in ranks]
    for n, one in enumerate(signs):
        found += [float((one * other).mean()) for other in signs[n + 1 :] if len(one)]
    return float(np.mean(found)) if found else float("nan")


def _standard(values: NDArray[Any]) -> Times:
    spread = float(values.std())
    return np.asarray((values - values.mean()) / spread if spread > 0 else np.zeros(len(values)), np.float64)
