"""How a student weighs what its parts say: a weighted sum, and a finer order of what comes first. Learns nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Floats, Numbers, Request, masked, top_k, unit_rows
from llm4rec.models.slates import told_apart

DEPTH = 60  # items whose order is looked at again
FALLING = (1.0 / np.arange(1, DEPTH + 1)).astype(np.float32)
LOUD = np.float32(127.0)
LATEST = 10  # events that texts are compared with


@dataclass(frozen=True, eq=False)
class Weighing:
    """`coarse` (parts + 1,) weigh what the parts say and `fame` (items,); `fine` weigh the columns of `features`.

    Without `fine` weights the sum is the score. With them the DEPTH best items that may be shown are put in the order of
    the finer sum, and share out the scores they had. `texts` (items, width) are unit rows in bytes. The first
    `size` items were fitted on; newcomers behind them have no finer order.
    """

    coarse: Floats
    fine: Floats
    fame: Floats
    texts: NDArray[np.int8]
    size: int

    @classmethod
    def even(cls, parts: int, fame: Floats, texts: Floats) -> Self:
        """All parts alike, fame not at all."""
        coarse = np.append(np.ones(parts), 0.0).astype(np.float32)
        return cls(coarse, np.zeros(0, np.float32), fame, in_bytes(texts), len(fame))

    def score(self, said: Sequence[Floats], request: Request) -> Floats:
        """(items,) for one request, from what each part says."""
        total = self._famous.copy()
        for weight, part in zip(self.coarse, said, strict=False):
            total += weight * part
        if not len(self.fine):
            return total
        best = self.best(total, request)
        shared = total[best]
        if (shared[1:] == shared[:-1]).any():
            told_apart(shared)
        values = self.features(best, said, request) @ self.fine
        total[best[np.argsort(-values, kind="stable")]] = shared
        return total

    def best(self, total: Floats, request: Request) -> Numbers:
        """The items whose order is looked at again, best first; no newcomers."""
        shown = masked(total[None].copy(), [request])
        items: Numbers = top_k(shown[:, : self.size], DEPTH)[0]
        return items if items[-1] >= 0 else items[items >= 0]

    def plain(self, items: Numbers, said: Sequence[Floats]) -> Floats:
        """(items, parts + 1): what `coarse` weighs."""
        return np.stack([*(part[items] for part in said), self.fame[items]], axis=1)

    def features(self, items: Numbers, said: Sequence[Floats], request: Request) -> Floats:
        """(items, features): `plain`; 1 / rank among the items by part; cosines of texts with the latest event and with the
        closest of some."""
        parts, falling = len(said), FALLING[: len(items)]
        found = np.empty((len(items), self.columns), np.float32)
        found[:, parts] = self.fame[items]
        for column, part in enumerate(said):
            found[:, column] = part[items]
            found[np.argsort(-found[:, column], kind="stable"), parts + 1 + column] = falling
        if self.texts.shape[1]:
            latest = self.texts[request.history.liked[-LATEST:]].astype(np.float32)
            near = self.texts[items].astype(np.float32) @ (latest.T / LOUD**2)
            found[:, -2], found[:, -1] = near[:, -1], near.max(axis=1)
        return found

    @cached_property
    def _famous(self) -> Floats:
        """(items,): what popularity adds."""
        return np.asarray(self.coarse[-1] * self.fame, np.float32)

    @property
    def columns(self) -> int:
        """How many `features` there are."""
        return 2 * len(self.coarse) - 1 + 2 * bool(self.texts.shape[1])

    def as_fine(self) -> Floats:
        """The weights of `features` that give the order of the sum."""
        return np.append(self.coarse, np.zeros(self.columns - len(self.coarse))).astype(np.float32)

    def grown(self, likes: Numbers, shares: Floats) -> Weighing:
        """The same with newcomers behind, each the mean of its `likes` (newcomers, few) by `shares`."""
        fame = (self.fame[likes] * shares).sum(axis=1)
        texts = np.einsum("nf,nfw->nw", shares, self.texts[likes].astype(np.float32)) / LOUD
        return replace(
            self,
            fame=np.concatenate([self.fame, fame]),
            texts=np.concatenate([self.texts, in_bytes(unit_rows(texts))]),
        )

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays."""
        names = ("coarse", "fine", "fame", "texts")
        return {name: getattr(self, name) for name in names} | {"size": np.array([self.size], np.int64)}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """The inverse of `state`."""
        size = int(state["size"][0])
        return cls(state["coarse"], state["fine"], state["fame"], state["texts"], size)


def in_bytes(rows: Floats) -> NDArray[np.int8]:
    """Unit rows times LOUD: a cosine of two is off by some thousandths."""
    found: NDArray[np.int8] = np.rint(rows * LOUD).astype(np.int8)
    return found
