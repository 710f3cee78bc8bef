"""The memory of a student: for each item the few it leads to, by number. Learns nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from llm4rec.core import Floats, Numbers, Sparse


@dataclass(frozen=True, eq=False)
class Memory:
    """`near` (items, width) item numbers and `values` (items, width) float16; `ages` (window,) weights by events back.

    `cold` are items that no memory names: they are remembered as their likes are, `likes` (cold, few) by `shares`.
    """

    near: NDArray[Any]
    values: NDArray[np.float16]
    ages: Floats
    cold: Numbers
    likes: Numbers
    shares: Floats

    @classmethod
    def of(cls, near: Numbers, values: Floats, ages: Floats) -> Self:
        """Of trained values; numbers are kept as small as they are."""
        none = np.zeros((0, 0), np.int64)
        return cls(
            near.astype(smallest(len(near))),
            values.astype(np.float16),
            ages.astype(np.float32),
            np.zeros(0, np.int64),
            none,
            none.astype(np.float32),
        )

    @property
    def width(self) -> int:
        """How many items each remembers."""
        return int(self.near.shape[1])

    def recall(self, items: Numbers) -> Floats:
        """(all items,): what the history says, newest first."""
        weights = self.ages[: len(items)]
        said = self.values[items] * (weights / weights.sum())[:, None]
        total = np.bincount(self.near[items].ravel(), said.ravel(), len(self.near))
        if len(self.cold):
            total[self.cold] += (total[self.likes] * self.shares).sum(axis=1)
        return total.astype(np.float32)

    def spoken_for(self, cold: Numbers, alike: tuple[Numbers, Floats]) -> Memory:
        """The same with some items of its own remembered as their likes are."""
        return self._with(self.near, self.values, cold, alike)

    def grown(self, alike: tuple[Numbers, Floats]) -> Memory:
        """The same with items behind that remember, and are remembered, as their likes."""
        likes, shares = alike
        new = np.arange(len(self.near), len(self.near) + len(likes))
        rows = self._matrix()
        said = sparse.csr_matrix(
            (shares.ravel(), likes.ravel(), np.arange(len(likes) + 1) * likes.shape[1]),
            shape=(len(likes), len(self.near)),
        )
        near, values = strongest_entries((said @ rows).tocsr(), self.width)
        return self._with(
            np.concatenate([self.near, near]).astype(smallest(len(self.near) + len(likes))),
            np.concatenate([self.values, values.astype(np.float16)]),
            new,
            alike,
        )

    def _with(self, near: Any, values: Any, cold: Numbers, alike: tuple[Numbers, Floats]) -> Memory:
        few = max(alike[0].shape[1], self.likes.shape[1])
        likes = np.concatenate([wide(self.likes, few), wide(alike[0], few)])
        shares = np.concatenate([wide(self.shares, few), wide(alike[1], few)])
        cold = np.concatenate([self.cold, cold])
        return replace(self, near=near, values=values, cold=cold, likes=likes, shares=shares)

    def _matrix(self) -> Sparse:
        bounds = np.arange(len(self.near) + 1) * self.width
        entries = (self.values.ravel().astype(np.float32), self.near.ravel().astype(np.int64), bounds)
        return sparse.csr_matrix(entries, shape=(len(self.near), len(self.near)))

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays."""
        names = ("near", "values", "ages", "cold", "likes", "shares")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """The inverse of `state`."""
        return cls(**state)


def smallest(size: int) -> type[np.uint16] | type[np.int32]:
    """The smallest kind of number that counts so many items."""
    return np.uint16 if size <= np.iinfo(np.uint16).max else np.int32


def wide(array: NDArray[Any], columns: int) -> NDArray[Any]:
    """The array with columns of zeros behind: item 0 with a share of nothing."""
    return np.pad(array, ((0, 0), (0, columns - array.shape[1])))


def strongest_entries(matrix: Sparse, width: int) -> tuple[Numbers, Floats]:
    """(rows, width) column numbers and values of the largest entries of each row; missing ones are item 0 with 0."""
    near = np.zeros((matrix.shape[0], width), np.int64)
    values = np.zeros((matrix.shape[0], width), np.float32)
    if not width:
        return near, values
    for row in range(matrix.shape[0]):
        entries = slice(matrix.indptr[row], matrix.indptr[row + 1])
        order = np.argsort(-matrix.data[entries], kind="stable")[:width]
        near[row, : len(order)] = matrix.indices[entries][order]
        values[row, : len(order)] = matrix.data[entries][order]
    return near, values
