"""What a knob of 0 to 1 means on this catalog, and what an order cost and gained. Knows nothing of settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from llm4rec.core import (
    Candidates,
    Floats,
    KnownUsers,
    Numbers,
    Request,
    RerankContext,
    Times,
    Trade,
    labels,
    rarity,
)
from llm4rec.core.sets import discount, mean_distance
from llm4rec.engine.build import component_from
from llm4rec.engine.fitted import CURVES

if TYPE_CHECKING:
    from llm4rec.engine.fitted import Fitted
    from llm4rec.engine.ordering import Ordering

PEOPLE = 300  # users whose lists the knobs are calibrated on
N = 10
STRENGTHS = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True, eq=False)
class Curve:
    """Strength of a reranker by the share of the attainable gain it reaches; both rise from 0 to 1."""

    gained: Times
    strength: Times

    @classmethod
    def of(cls, values: Sequence[float]) -> Curve:
        """From what lists are worth at each of STRENGTHS; a straight line where nothing can be gained."""
        worth = np.maximum.accumulate(np.asarray(values, dtype=np.float64))
        strengths = np.asarray(STRENGTHS)
        span = worth[-1] - worth[0]
        if not span > 1e-9:
            return cls(strengths, strengths)
        gained = (worth - worth[0]) / span
        first = np.concatenate([[True], np.diff(gained) > 1e-9])  # of equal gains the weakest
        return cls(gained[first], strengths[first])

    def strengths(self, knob: Floats) -> Floats:
        """The strength behind each setting of the knob: 0 at 0, and half the attainable gain at 0.5."""
        return np.asarray(np.interp(knob, self.gained, self.strength), dtype=np.float32)


def calibrated(fitted: Fitted, raw: Ordering) -> Ordering:
    """The ordering with its chain prepared, and the curve of each knob, from the lists of some known users.

    No answer is looked at: a curve says how much more varied, or newer, lists become, and not what that costs. Curves
    are drawn once for a fit: with items that join it, knobs keep their meaning.
    """
    chain, context = raw.chain, replace(raw.context, n=N)
    if chain.rerankers or fitted.made.get(CURVES) is None:
        some, found = known_lists(fitted, fitted.rerank.depth)
        if chain.rerankers:
            chain = chain.prepare(some, found, context)
        fitted.made.once(CURVES, lambda: drawn(some, chain.rerank(some, found, context), context))
    return replace(raw, chain=chain, curves=fitted.made.get(CURVES))


def drawn(some: Sequence[Request], base: Candidates, context: RerankContext) -> dict[str, Curve]:
    """The curve of each knob, from what lists are worth at each of STRENGTHS."""
    from llm4rec.engine.ordering import BEHIND, build_reranker

    curves: dict[str, Curve] = {}
    for knob in ("novelty", "diversity"):
        name, options = BEHIND[knob]
        reranker = build_reranker(name, options)
        worth = [
            float(_worth(knob, _shown(reranker, some, base, context, strength), context).mean())
            if some
            else 0.0
            for strength in STRENGTHS
        ]
        curves[knob] = Curve.of(worth)
    return curves


def known_lists(fitted: Fitted, depth: int) -> tuple[list[Request], Candidates]:
    """Some known users as requests, with their candidates: what rerankers learn from and knobs are calibrated on."""
    from llm4rec.engine.path import candidates

    asked = KnownUsers(fitted.dataset, people_of(fitted), n=N)
    found, _ = candidates(fitted, asked, depth=depth)
    rows = np.flatnonzero((found.items >= 0).any(axis=1))
    return [asked[int(row)] for row in rows], Candidates(found.items[rows], found.scores[rows])


def people_of(fitted: Fitted) -> Numbers:
    """Numbers of the known users whom rerankers and knobs look at, spread over all."""
    users = len(fitted.dataset.users)
    return np.linspace(0, max(users - 1, 0), min(PEOPLE, users)).round().astype(np.int64)


def _shown(
    reranker: Any, requests: Sequence[Request], base: Candidates, context: RerankContext, strength: float
) -> Numbers:
    strengths = np.full(len(requests), strength, dtype=np.float32)
    found = reranker.rerank(requests, base, replace(context, strengths=strengths))
    return np.asarray(found.items[:, :N])


def _worth(knob: str, lists: Numbers, context: RerankContext) -> Times:
    return _varied(lists, context) if knob == "diversity" else _new(lists, context)


def _varied(lists: Numbers, context: RerankContext) -> Times:
    """Mean distance of pairs, (rows,); NaN where items have nothing to compare them by."""
    if not labels(context.catalog).matrix.nnz and context.vectors is None and context.tastes is None:
        return np.full(len(lists), np.nan)
    kernel = component_from("llm4rec.rerankers.similarity:Kernel")(context)
    return mean_distance(kernel.among(lists).block(), lists >= 0)


def _new(lists: Numbers, context: RerankContext) -> Times:
    """Mean self-information of the items in bits, (rows,)."""
    assert context.counts is not None
    there = lists >= 0
    bits = rarity(context.counts, max(context.users, 1), len(context.catalog))[np.maximum(lists, 0)]
    return np.asarray((bits * there).sum(axis=1) / np.maximum(there.sum(axis=1), 1))


def trades(
    requests: Sequence[Request], before: Candidates, after: Candidates, context: RerankContext
) -> list[Trade]:
    """What each list gained, and cost in the ranker's own terms, against its own first n."""
    relevance = component_from("llm4rec.rerankers.greedy:relevance")(before)
    ends = np.array([request.n for request in requests])[:, None]
    width = int(ends.max(initial=0))
    own, new = (_cut(one.items, ends, width) for one in (before, after))
    place = (new[:, :, None] == before.items[:, None, :]).argmax(axis=2)
    looked = discount(own.shape[1])
    kept = (np.take_along_axis(relevance, place, axis=1) * (new >= 0) * looked).sum(axis=1)
    most = (relevance[:, : own.shape[1]] * (own >= 0) * looked).sum(axis=1)
    lost = np.where(most > 0, 1.0 - kept / np.maximum(most, 1e-12), 0.0)
    varied = _varied(new, context) - _varied(own, context)
    newer = _new(new, context) - _new(own, context)
    nan = np.full(len(requests), np.nan)
    return [
        Trade(relevance, diversity, novelty, score=score)
        for relevance, diversity, novelty, score in zip(
            *(x.tolist() for x in (nan, varied, newer, lost)), strict=True
        )
    ]


def _cut(items: Numbers, ends: Numbers, width: int) -> Numbers:
    """The items that go out, -1 behind the end of each list."""
    shown = items[:, :width]
    return np.where(np.arange(shown.shape[1]) < ends, shown, -1)
