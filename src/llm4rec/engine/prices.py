"""What turning a knob costs: NDCG@10 lost on held-out events, with its interval. Asks no engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

from llm4rec.core import Request, Times, Trade

SETTINGS = np.array([0.0, 0.125, 0.25, 0.375, 0.5, 0.75, 1.0])
"""Settings of a knob at which its price is measured; between them it is a straight line."""
KNOBS = ("diversity", "novelty", "explore")
UNIT = "share of NDCG@10"
TOGETHER = "knobs turned together have no price: each was measured alone"
DRAWS = 1000  # resamples of people
ENOUGH = 30  # people for whom the ranker's own list finds something that was hidden
SURE = (0.025, 0.975)


@dataclass(frozen=True, eq=False)
class Price:
    """Mean share of NDCG@10 that is lost at each of SETTINGS, and between which that of as many other people lies, 95 of 100 times.

    `changed` is the share of lists that differ there from the ranker's own: only these can have lost anything.
    """

    cost: Times
    low: Times
    high: Times
    changed: Times

    def at(self, knob: float) -> Times:
        """Cost, low, high and changed at a setting of the knob, (4,)."""
        return np.array([np.interp(knob, SETTINGS, row) for row in vars(self).values()])


@dataclass(frozen=True, eq=False)
class Prices:
    """The price of each knob, measured on so many `people`; none, and `why` in a sentence, where it is not known."""

    by_knob: Mapping[str, Price] = field(default_factory=dict)
    people: int = 0
    why: str = ""

    def told(self, request: Request, trade: Trade, changed: bool) -> Trade:
        """The trade of one list with what it cost: nothing where it is the ranker's own, else so that means are the prices.

        Prices are measured one knob at a time, behind the rerankers of the settings.
        """
        asked = {knob: getattr(request, knob) for knob in self.by_knob if getattr(request, knob)}
        if not self.by_knob or len(asked) > 1:
            return replace(trade, unpriced=self.why or TOGETHER)
        if not changed:
            return replace(trade, relevance=0.0, low=0.0, high=0.0, unit=UNIT)
        knob, value = next(iter(asked.items()), (next(iter(self.by_knob)), 0.0))
        cost, low, high, moved = self.by_knob[knob].at(value).tolist()
        share = max(moved, 1.0 / max(self.people, 1))
        cost, low, high = (min(part / share, 1.0) for part in (cost, low, high))
        return replace(trade, relevance=cost, low=low, high=high, unit=UNIT)

    def state(self) -> dict[str, Any]:
        """As JSON holds it."""
        curves = {
            knob: {name: row.tolist() for name, row in vars(price).items()}
            for knob, price in self.by_knob.items()
        }
        return {"people": self.people, "why": self.why, "curves": curves}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """What `state` told."""
        curves = {
            knob: Price(**{name: np.asarray(row, dtype=np.float64) for name, row in rows.items()})
            for knob, rows in state["curves"].items()
        }
        return cls(curves, state["people"], state["why"])


@dataclass(frozen=True, eq=False)
class Answered:
    """NDCG@10 of held-out people in parts of what they did: `own` of the ranker, (people, parts), and `turned` at each of
    SETTINGS, (people, parts, settings); zeros where nobody was asked. `changed` is that of `Price`.

    `free`: at 0 the list is the ranker's own, and costs exactly nothing.
    """

    own: Times
    turned: Times
    changed: Times
    free: bool = True

    @property
    def enough(self) -> bool:
        """Whether a share of it can be told at all."""
        return int((self.own.sum(axis=1) > 0).sum()) >= ENOUGH

    def price(self, rng: np.random.Generator) -> Price:
        """The share of the mean that is lost, made to rise, with an interval for the mean of as many other people who are
        asked once: people are resampled on both sides.
        """
        lost = 1.0 - self.turned.sum(axis=(0, 1)) / self.own.sum()
        cost = rising(lost, self.free)
        below, above = np.quantile(self._apart(rng), SURE, axis=0)
        low, high = cost + below, np.minimum(cost + above, 1.0)
        if self.free:
            low[0] = high[0] = 0.0
        return Price(cost, low, high, self.changed)

    def _apart(self, rng: np.random.Generator) -> Times:
        """What other people lose less what would have been measured, (DRAWS, settings)."""
        people, parts = self.own.shape
        own, turned = self.own.sum(axis=1), self.turned.sum(axis=1)
        counts = rng.multinomial(people, np.full(people, 1.0 / people), size=DRAWS)
        measured = (counts @ turned) / np.maximum(counts @ own, 1e-12)[:, None]
        cells = people * parts
        counts = rng.multinomial(people, np.full(cells, 1.0 / cells), size=DRAWS)
        kept, most = counts @ self.turned.reshape(cells, -1), counts @ self.own.reshape(cells)
        return np.asarray(measured - kept / np.maximum(most, 1e-12)[:, None])


def rising(values: Times, free: bool) -> Times:
    """The nearest values that never fall (pool adjacent violators: Ayer et al. 1955), at most 1; where 0 is `free`, from 0 on."""
    blocks: list[tuple[float, int]] = []
    for value in values[1:] if free else values:
        blocks.append((float(value), 1))
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            (last, count), (before, others) = blocks.pop(), blocks.pop()
            blocks.append(((last * count + before * others) / (count + others), count + others))
    level = np.concatenate([np.full(count, value) for value, count in blocks])
    if free:
        level = np.concatenate([[0.0], np.maximum(level, 0.0)])
    return np.asarray(np.minimum(level, 1.0))
