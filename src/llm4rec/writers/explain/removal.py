"""What the score of an item loses when things are taken out of a history, by scoring anew. Writes no words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Floats, Numbers, Request, masked

Rescore: TypeAlias = Callable[[Sequence[Request]], tuple[Floats, NDArray[np.bool_]]]
"""Requests to finite scores (requests, items) as they are served, and which rows a fallback answered."""

LOOKED = 24  # latest things of a history that are taken out one by one
BLOCKS = 8  # in which what came before is taken out, where that counts at all
CITED = 3  # at most
WORTH = 0.2  # of the greatest loss that a further thing must reach to be cited
DEEPEST = 3  # things taken out together in search of what an item hangs on


@dataclass(frozen=True, eq=False)
class Losses:
    """Of each item asked about: what it loses.

    `cited` are the history items whose removal costs it most, greatest first, and `alone` what each costs; `together`
    is the loss when all cited are taken out at once. `without`: the fewest of the costliest without which it is not
    among the first `n`, or none where the search found none. `context`: by key, what it loses without it.
    """

    place: int
    cited: tuple[int, ...]
    alone: tuple[float, ...]
    shares: tuple[float, ...]
    together: float
    without: tuple[int, ...]
    context: Mapping[str, float]


def without(request: Request, items: Sequence[int]) -> Request:
    """The request of somebody who never met these items."""
    h = request.history
    kept = h.items != items[0] if len(items) == 1 else ~np.isin(h.items, list(items))
    return replace(request, history=h.take(np.flatnonzero(kept)))


@dataclass(frozen=True, eq=False)
class Question:
    """One request, the items asked about, and how it is answered."""

    request: Request
    items: Numbers
    score: Rescore

    def losses(self) -> list[Losses]:
        """One an item, in order."""
        return _Trial(self).found()


class _Trial:
    """Two rounds of scoring: the request as it is and without each thing alone, then without sets of the costliest."""

    def __init__(self, question: Question) -> None:
        self.asked, request = question, question.request
        _, first = np.unique(request.history.liked[::-1], return_index=True)
        distinct = request.history.liked[::-1][np.sort(first)]  # latest first
        self.looked, self.older = distinct[:LOOKED], distinct[LOOKED:]
        self.parts = _parts(request)
        block = [without(request, self.older.tolist())] if len(self.older) else []
        alone = [without(request, [item]) for item in self.looked.tolist()]
        rows, fallback = question.score([request, *alone, *block, *self.parts.values()])
        self.whole, self.fallback = rows[0], bool(fallback[0])
        # What may be shown stays as it was: an item does not fall because what was taken out comes back.
        self.hidden = np.flatnonzero(~np.isfinite(masked(np.zeros_like(rows[:1]), [request])[0]))
        self.least = max(float(np.ptp(self.whole)), 1e-9) * 1e-6
        self.now = self._places(rows[:1])[0]
        at = 1 + len(alone) + len(block)
        self.first = self._weighed(rows[1:at], fallback[1:at])
        self.in_context, _ = self._weighed(rows[at:], fallback[at:])

    def found(self) -> list[Losses]:
        """Losses of each item, in order."""
        history, alone, places = self._singles()
        asked = range(len(self.asked.items))
        orders = [[int(history[r]) for r in _falling(alone[:, c], self.least)] for c in asked]
        lost: dict[tuple[int, ...], Floats] = {
            (int(item),): row for item, row in zip(history, alone, strict=True)
        }
        out: dict[tuple[int, ...], Numbers] = {
            (int(item),): row for item, row in zip(history, places, strict=True)
        }
        chosen = [_worth(order, lost, column) for column, order in enumerate(orders)]
        deeper = self._deeper(orders, chosen, out)
        more, places = self._tried([without(self.asked.request, s) for s in deeper])
        lost.update(zip(deeper, more, strict=True))
        out.update(zip(deeper, places, strict=True))
        context, now = self._context(), self.now
        result = []
        for column, (order, cited) in enumerate(zip(orders, chosen, strict=True)):
            single = tuple(float(lost[(item,)][column]) for item in cited)
            all_of_it = float(np.maximum(alone[:, column], 0.0).sum())
            result.append(
                Losses(
                    int(now[column]),
                    cited,
                    single,
                    tuple(value / all_of_it for value in single),
                    float(lost[_key(cited)][column]) if cited else 0.0,
                    self._hanging(column, int(now[column]), order, out),
                    {key: float(values[column]) for key, values in context.items()},
                )
            )
        return result

    def _singles(self) -> tuple[Numbers, Floats, Numbers]:
        """History items, latest first, and what each costs each item asked about and where that puts it.

        What is behind the latest LOOKED is looked at where all of it together counts for more than any one item: in
        blocks, and in those one by one that some item lives on most.
        """
        size = 0 if self.fallback else len(self.looked)
        lost, places = self.first
        best = lost[:size].max(axis=0, initial=self.least)
        deep = size and len(self.older) and bool((lost[size] > best).any())
        further = self._weightiest(self.older) if deep else self.older[:0]
        more, further_places = self._tried([without(self.asked.request, [int(i)]) for i in further])
        return (
            np.concatenate([self.looked[:size], further]),
            np.concatenate([lost[:size], more]),
            np.concatenate([places[:size], further_places]),
        )

    def _weightiest(self, older: Numbers) -> Numbers:
        """Some BLOCKS of the older items among which are, by halves of halves, those that matter most."""
        while len(older) > BLOCKS:
            blocks = np.array_split(older, BLOCKS)
            lost, _ = self._tried([without(self.asked.request, b.tolist()) for b in blocks])
            # Of several items asked about, blocks that matter to most of them.
            votes = np.bincount(lost.argmax(axis=0), minlength=BLOCKS)
            kept = np.sort(np.argsort(-votes, kind="stable")[: 2 if len(older) > 4 * BLOCKS else BLOCKS // 2])
            older = np.concatenate([blocks[block] for block in kept])
        return older

    def _tried(self, requests: Sequence[Request]) -> tuple[Floats, Numbers]:
        """Losses and places of the items asked about, both (requests, items)."""
        if not requests:
            return self._weighed(np.zeros((0, len(self.whole)), np.float32), np.zeros(0, bool))
        return self._weighed(*self.asked.score(requests))

    def _weighed(self, rows: Floats, fallback: NDArray[np.bool_]) -> tuple[Floats, Numbers]:
        """Losses and places of the items asked about by scores (requests, all items), both (requests, items)."""
        items = self.asked.items
        lost = self.whole[items][None, :] - rows[:, items]
        # Where nothing is left to go by, scores are of another kind: everything that was above the least is lost.
        lost[fallback] = self.whole[items] - self.whole.min()
        return lost, self._places(rows)

    def _places(self, rows: Floats) -> Numbers:
        """(requests, items): the place of each item asked about among what may be shown, from 1; equals at the best of
        theirs."""
        items, hidden = self.asked.items, rows[:, self.hidden]
        places = np.ones((len(rows), len(items)), dtype=np.int64)
        for column, item in enumerate(items.tolist()):
            own = rows[:, item, None]
            places[:, column] += np.count_nonzero(rows > own, axis=1) - np.count_nonzero(hidden > own, axis=1)
        return places

    def _deeper(
        self,
        orders: Sequence[Sequence[int]],
        chosen: Sequence[tuple[int, ...]],
        out: Mapping[tuple[int, ...], Numbers],
    ) -> list[tuple[int, ...]]:
        """Sets of more than one item that are still to be tried."""
        sets: dict[tuple[int, ...], None] = {}
        for column, (order, cited) in enumerate(zip(orders, chosen, strict=True)):
            if len(cited) > 1:
                sets[_key(cited)] = None
            if order and out[(order[0],)][column] <= self.asked.request.n:
                for size in range(2, min(DEEPEST, len(order)) + 1):
                    sets[_key(order[:size])] = None
        return list(sets)

    def _hanging(
        self, column: int, place: int, order: Sequence[int], out: Mapping[tuple[int, ...], Numbers]
    ) -> tuple[int, ...]:
        """The shortest beginning of the costliest without which the item is not among the first n."""
        n = self.asked.request.n
        if place > n:
            return ()
        for size in range(1, min(DEEPEST, len(order)) + 1):
            ranks = out.get(_key(order[:size]))
            if ranks is not None and ranks[column] > n:
                return tuple(order[:size])
        return ()

    def _context(self) -> dict[str, Floats]:
        """What each item loses without each part of the context, where any loses something."""
        if self.fallback:
            return {}
        told = zip(self.parts, self.in_context, strict=True)
        return {key: row for key, row in told if (row > self.least).any()}


def _parts(request: Request) -> dict[str, Request]:
    """The request without each part of its context, by the names of the parts."""
    parts = {
        key: replace(request, context={k: v for k, v in request.context.items() if k != key})
        for key in request.context
    }
    if request.time is not None:
        parts["time"] = replace(request, time=None)
    if request.tilt is not None:
        parts["wishes"] = replace(request, tilt=None)
    return parts


def _key(items: Sequence[int]) -> tuple[int, ...]:
    """A set of items by one name, single ones as they are."""
    return tuple(sorted(items))


def _falling(lost: Floats, least: float) -> Numbers:
    """Rows whose loss is more than rounding, greatest first."""
    order = np.argsort(-lost, kind="stable")
    return order[lost[order] > least]


def _worth(order: Sequence[int], lost: Mapping[tuple[int, ...], Floats], column: int) -> tuple[int, ...]:
    """The first few that cost enough beside the costliest."""
    if not order:
        return ()
    least = WORTH * lost[(order[0],)][column]
    return tuple(item for item in order[:CITED] if lost[(item,)][column] >= least)
