"""Fair: providers are seen in proportion to what they merit, cold items not less than before. Knows no people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from llm4rec.core import (
    Candidates,
    ComponentError,
    Config,
    Floats,
    Numbers,
    Request,
    RerankContext,
    Times,
    labels,
)
from llm4rec.core.sets import discount
from llm4rec.rerankers.greedy import by_value, parts, relevance

NOBODY = 0  # the group of items without a provider, which has no price


class FairConfig(Config):
    """`field` names the provider; each is to have exposure by its `merit`, within the `tolerance` of its share.

    `rate` is the step of the prices; an item that at most `cold` people took is never priced down.
    """

    strength: float = Field(1.0, ge=0.0, le=1.0)
    field: str = ""
    merit: Literal["taken", "relevance", "items"] = Field(
        "taken", description="share of events, of the candidates' relevance, or of the catalog"
    )
    rate: PositiveFloat = 0.5
    rounds: PositiveInt = Field(5, description="passes of `prepare` over its lists")
    limit: PositiveFloat = Field(1.0, description="largest price, in units of relevance")
    tolerance: float = Field(0.1, ge=0.0, lt=1.0)
    cold: NonNegativeInt = 3
    floor: NonNegativeFloat = Field(
        1.0, description="exposure of cold items, at least so much of what it was"
    )
    group: PositiveInt = Field(16, description="lists between two changes of the prices")


@dataclass(frozen=True, eq=False)
class Market:
    """What the prices are about: the provider of each item, its share of exposure, and which items are cold."""

    provider: Numbers
    wanted: Times
    cold: NDArray[np.bool_]


@dataclass
class Ledger:
    """Prices so far, (providers,), the price of cold items, and what was shown of each and of cold ones."""

    prices: Times
    cold_price: float
    exposure: Times
    cold_shown: float = 0.0
    cold_before: float = 0.0


class Fair:
    """Value = rel(i) + s price(provider of i); a price rises while its provider is seen less than it merits, and falls.

    Dual descent on exposure shares, the sum of 1 / log2(1 + rank), group of lists by group (P-MMF: Xu et al. 2023; Balseiro
    et al. 2020). Cold items are never priced down, and have a price of their own that keeps their exposure at `floor` times
    what the ranker gave them: group prices alone are known to harm them. `prepare` learns prices from many lists and
    holds them; without it they are learnt along the lists of one call, from zero.
    """

    config_type = FairConfig

    def __init__(self, config: FairConfig | None = None) -> None:
        self.config = config or FairConfig()
        self.ledger_: Ledger | None = None
        self.merit_: Times | None = None

    def prepare(self, requests: Sequence[Request], candidates: Candidates, context: RerankContext) -> Self:
        """A reranker with the prices that these lists came to; self stays as it is."""
        learnt = type(self)(self.config)
        market = self._market(context, candidates)
        ledger = _opened(market)
        for _ in range(self.config.rounds):
            ledger.exposure[:], ledger.cold_shown, ledger.cold_before = 0.0, 0.0, 0.0
            self._ordered(requests, candidates, context, market, ledger)
        learnt.ledger_, learnt.merit_ = ledger, market.wanted
        return learnt

    def rerank(
        self, requests: Sequence[Request], candidates: Candidates, context: RerankContext
    ) -> Candidates:
        """All candidates by relevance and price. ComponentError where cold or taken items are asked for without counts."""
        market = self._market(context, candidates)
        if not len(requests):
            return candidates
        ledger = self.ledger_ if self.ledger_ is not None else _opened(market)
        orders = self._ordered(requests, candidates, context, market, ledger)
        return candidates.reorder(orders)

    def _ordered(
        self,
        requests: Sequence[Request],
        candidates: Candidates,
        context: RerankContext,
        market: Market,
        ledger: Ledger,
    ) -> Numbers:
        """The orders, group of lists by group; the ledger is kept up unless it was prepared."""
        held = ledger is self.ledger_
        orders = []
        step = len(requests) if held else self.config.group
        for at in range(0, len(requests), max(step, 1)):
            rows = slice(at, at + step)
            for part in parts(
                requests[rows], candidates.take(rows), context.part(rows), self.config.strength, 1
            ):
                added = self._prices(part.items, market, ledger)
                order = by_value(part, part.relevance + part.strength * added)
                orders.append(order)
                if not held:
                    self._settle(part.items, order, context.n, market, ledger)
        return np.concatenate(orders)

    def _prices(self, items: Numbers, market: Market, ledger: Ledger) -> Floats:
        """The price of each candidate, (rows, k)."""
        provider, cold = _of(market.provider, items, NOBODY), _of(market.cold, items, False)
        price = _of(ledger.prices, provider, 0.0)
        return np.asarray(np.where(cold, np.maximum(price, 0.0) + ledger.cold_price, price), dtype=np.float32)

    def _settle(self, items: Numbers, order: Numbers, n: int, market: Market, ledger: Ledger) -> None:
        """Count what these lists show, and change the prices by how far exposure is from merit."""
        shown = np.take_along_axis(items, order, axis=1)[:, :n]
        looked = np.where(shown >= 0, discount(shown.shape[1]), 0.0)
        provider = _of(market.provider, shown, NOBODY)
        ledger.exposure += np.bincount(provider.ravel(), looked.ravel(), minlength=len(ledger.exposure))
        ledger.cold_shown += float((looked * _of(market.cold, shown, False)).sum())
        before = np.where(items[:, :n] >= 0, discount(min(n, items.shape[1])), 0.0)
        ledger.cold_before += float((before * _of(market.cold, items[:, :n], False)).sum())
        found = ledger.exposure[1:] / max(float(ledger.exposure[1:].sum()), 1e-12)
        ratio = np.where(market.wanted[1:] > 0, found / np.maximum(market.wanted[1:], 1e-12), 1.0)
        far = 1.0 - ratio
        step = np.where(np.abs(far) > self.config.tolerance, np.clip(far, -1.0, 1.0), 0.0)
        rate = self.config.rate * self.config.group / 500.0
        ledger.prices[1:] = np.clip(ledger.prices[1:] + rate * step, -self.config.limit, self.config.limit)
        lacking = self.config.floor * ledger.cold_before - ledger.cold_shown
        wish = np.clip(lacking / max(ledger.cold_before, 1e-12), -1.0, 1.0)
        ledger.cold_price = float(np.clip(ledger.cold_price + rate * wish, 0.0, self.config.limit))

    def _market(self, context: RerankContext, candidates: Candidates) -> Market:
        known = labels(context.catalog, self.config.field)
        # The first label of an item is its provider: exposure is counted once.
        provider = known.numbers[:, 0] + 1
        counts = context.counts
        if counts is None and (self.config.merit == "taken" or self.config.cold):
            raise ComponentError("reranker 'fair' needs counts of items in its context")
        taken = np.zeros(len(provider), dtype=np.int64)
        if counts is not None:
            taken[: len(counts)] = counts
        size = int(provider.max(initial=0)) + 1
        if self.merit_ is not None:
            wanted = np.zeros(max(size, len(self.merit_)))
            wanted[: len(self.merit_)] = self.merit_
        else:
            wanted = self._merit(provider, taken, candidates, context, size)
        return Market(provider, wanted, taken <= self.config.cold if self.config.cold else taken < 0)

    def _merit(
        self, provider: Numbers, taken: Numbers, candidates: Candidates, context: RerankContext, size: int
    ) -> Times:
        """The share of exposure that each provider merits, (providers,); what has no provider merits none."""
        if self.config.merit == "relevance":
            at = _of(provider, candidates.items, NOBODY).ravel()
            found = np.bincount(at, relevance(candidates).ravel(), minlength=size)
        else:
            weights = taken.astype(np.float64) if self.config.merit == "taken" else np.ones(len(provider))
            found = np.bincount(provider, weights, minlength=size)
        found[NOBODY] = 0.0
        return np.asarray(found / max(float(found.sum()), 1e-12))


def _opened(market: Market) -> Ledger:
    size = len(market.wanted)
    return Ledger(np.zeros(size), 0.0, np.zeros(size))


def _of(table: NDArray[Any], items: Numbers, empty: Any) -> NDArray[Any]:
    """An entry an item; `empty` for padding and for items behind the end."""
    known = (items >= 0) & (items < len(table))
    return np.where(known, table[np.where(known, items, 0)] if len(table) else empty, empty)
