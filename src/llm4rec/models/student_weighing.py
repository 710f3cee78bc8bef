"""How a student learns to weigh the parts of its teacher from the teacher's lists: a few numbers, listwise. Scores nobody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from scipy.optimize import minimize

from llm4rec.core import Floats, Numbers, Progress, Request, Times, masked, surely_better, top_k
from llm4rec.models.student_order import Weighing

FIRST = 10  # items of a list that must come in their order
REG = 1e-3
HELD = 3  # one in so many lists decides whether the finer order is kept


@dataclass(frozen=True, eq=False)
class Lists:
    """Lists to be imitated: `features` (lists, items, columns) of what is compared, the teacher's first items in front, in
    their order; `wanted` (lists,) how many those are, `there` (lists,) how many items there are; the rest is padding.
    """

    features: Floats
    wanted: Numbers
    there: Numbers

    @classmethod
    def of(cls, rows: Sequence[tuple[Floats, Numbers]]) -> Self:
        """Of the features of items, and the place that the teacher gave each (FIRST: it is not among its first)."""
        most = max(len(places) for _, places in rows)
        features = np.zeros((len(rows), most, rows[0][0].shape[1]), np.float32)
        wanted, there = np.zeros((2, len(rows)), np.int64)
        for row, (found, places) in enumerate(rows):
            features[row, : len(found)] = found[np.argsort(places, kind="stable")]
            wanted[row], there[row] = np.count_nonzero(places < FIRST), len(found)
        return cls(features, wanted, there)

    def loss(self, weights: Times) -> tuple[float, Times]:
        """Mean loss and its gradient: of each of the first items, discounted by its place, -log of its chance to come before
        all that are behind it (Plackett-Luce; "ListMLE", Xia et al., ICML 2008)."""
        scores = (self.features @ weights.astype(np.float32)).astype(np.float64)
        scores[np.arange(scores.shape[1]) >= self.there[:, None]] = -np.inf
        top = scores.max(axis=1, keepdims=True)
        raised = np.exp(scores - top)
        total, pull = 0.0, np.zeros_like(scores)
        for place in range(min(FIRST, scores.shape[1])):
            rows = (self.wanted > place) / np.log2(place + 2.0)
            behind = np.maximum(raised[:, place:].sum(axis=1, keepdims=True), 1e-30)
            total += float(
                rows @ (np.log(behind[:, 0]) + top[:, 0] - np.nan_to_num(scores[:, place], neginf=0.0))
            )
            pull[:, place:] += rows[:, None] * raised[:, place:] / behind
            pull[:, place] -= rows
        gradient = np.einsum("li,lic->c", pull, self.features, dtype=np.float64, optimize=True)
        size = max(len(self.there), 1)
        return total / size + REG * float(weights @ weights), gradient / size + 2.0 * REG * weights

    def learnt(self, start: Floats) -> Floats:
        """The weights with the least loss."""
        found = minimize(self.loss, start.astype(np.float64), jac=True, method="L-BFGS-B")
        return np.asarray(found.x, np.float32)


@dataclass(frozen=True, eq=False)
class Lessons:
    """Questions, the teacher's `lists` (questions, k) of them, and what the student's parts say to a question."""

    requests: Sequence[Request]
    lists: Numbers
    said: Callable[[Request], Sequence[Floats]]
    progress: Progress

    def learn(self, weighing: Weighing) -> Weighing:
        """First the weights of the sum, then those of the finer order of its best.

        The finer order is kept where it is surely nearer to lists that no weight was learnt from.
        """
        asked = np.arange(len(self.requests))
        held = asked % HELD == HELD - 1

        def anywhere(parts: Sequence[Floats], row: int) -> tuple[Floats, Numbers]:
            items = self._listed(weighing, parts, row)
            return weighing.plain(items, parts), items

        coarse = self._imitated(asked[~held], anywhere).learnt(weighing.coarse)
        summed = replace(weighing, coarse=coarse)
        plain = replace(summed, texts=summed.texts[:, :0])
        if not held.any():
            return plain

        def in_front(parts: Sequence[Floats], row: int) -> tuple[Floats, Numbers]:
            request = self.requests[row]
            items = summed.best(summed.score(parts, request), request)
            return summed.features(items, parts, request), items

        lists = self._imitated(asked[~held], in_front)
        finer = replace(summed, fine=lists.learnt(summed.as_fine()))
        without, with_it = self._agreement(asked[held], (plain, finer))
        return finer if surely_better(with_it, without) else plain

    def _imitated(self, rows: Numbers, looked_at: Callable[..., tuple[Floats, Numbers]]) -> Lists:
        found = []
        for row in self.progress(rows.tolist(), "weighing parts", len(rows)):
            features, items = looked_at(self.said(self.requests[row]), row)
            found.append((features, places_in(self.lists[row], items)))
        return Lists.of(found)

    def _listed(self, weighing: Weighing, parts: Sequence[Floats], row: int) -> Numbers:
        """The teacher's list and the best items of each part."""
        fronts = [weighing.best(part, self.requests[row]) for part in parts]
        listed = np.unique(np.concatenate([self.lists[row], *fronts]))
        return listed[(listed >= 0) & (listed < weighing.size)]

    def _agreement(self, rows: Numbers, tried: Sequence[Weighing]) -> list[Floats]:
        """By weighing: the share of the teacher's first ten that it shows, for each of the rows."""
        shares = np.zeros((len(tried), len(rows)), np.float32)
        for place, row in enumerate(rows.tolist()):
            request, parts = self.requests[row], self.said(self.requests[row])
            wanted = self.lists[row][:FIRST]
            for number, weighing in enumerate(tried):
                shown = top_k(masked(weighing.score(parts, request)[None], [request]), FIRST)[0]
                shares[number, place] = np.isin(wanted[wanted >= 0], shown).mean()
        return list(shares)


def places_in(wanted: Numbers, items: Numbers) -> Numbers:
    """(items,): the place of each among the first ten of a list; FIRST where it is not there."""
    places = np.full(len(items), FIRST, np.int64)
    first = wanted[:FIRST]
    same = items[:, None] == first[first >= 0]
    found = same.any(axis=1)
    places[found] = same[found].argmax(axis=1)
    return places
