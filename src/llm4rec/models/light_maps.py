"""Maps between items made small: each row's strongest entries, several maps at once, in numpy alone. Fits nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from llm4rec.core import Floats, Numbers, Sparse, Times
from llm4rec.models.light_fading import Fading
from llm4rec.models.maps import PackedMap
from llm4rec.models.student_memory import smallest, wide

WHOLE = 10  # times its memory: up to so many rows they are kept whole
CELLS = 8_000_000  # of a map looked at at once
SAME = 1e-5  # share of the energy below which the spread of an answer is rounding


class Entries(Protocol):
    """As much of an `ItemMap` as it takes to make it small."""

    @property
    def size(self) -> int: ...
    def entries(self, rows: Numbers, columns: Numbers) -> Floats: ...


@dataclass(frozen=True, eq=False)
class Cosines:
    """Products of unit rows, dense or sparse, as the map between items that they are."""

    rows: Floats | Sparse

    @property
    def size(self) -> int:
        """Rows."""
        return int(self.rows.shape[0])

    def entries(self, rows: Numbers, columns: Numbers) -> Floats:
        """A block."""
        found = self.rows[rows] @ self.rows[columns].T
        return np.asarray(found.toarray() if sparse.issparse(found) else found, np.float32)


def kinds_of(rows: Sparse) -> tuple[Numbers, Numbers]:
    """(items,): which different row each is; and for each kind an item that is of it."""
    known: dict[bytes, int] = {}
    kinds = np.array([known.setdefault(_sign(rows, row), len(known)) for row in range(rows.shape[0])])
    return kinds.astype(np.int64), np.unique(kinds, return_index=True)[1]


def _sign(rows: Sparse, row: int) -> bytes:
    span = slice(rows.indptr[row], rows.indptr[row + 1])
    order = np.argsort(rows.indices[span])
    return rows.indices[span][order].astype(np.int32).tobytes() + rows.data[span][order].tobytes()


@dataclass(frozen=True, eq=False)
class LightMaps:
    """Several maps between the same items, side by side: `codes` (rows, entries of all) int16 times `scales` (rows, maps)
    stand in the columns `near` (rows, entries of all); `kept` (maps,) says how many entries are whose.

    Where rows are whole, `near` has no columns. Items that are alike in everything share a row and a column: `kinds`
    (items,), empty where none do. `means` (rows, maps) are of whole rows; `rest` (rows, maps) is the mean square of what was
    left out, so that the spread of an answer is nearly that of the whole map. Newcomers have rows behind; as columns they
    are mixed of the answers for their `likes` (newcomers, few) by `shares`.
    """

    near: NDArray[Any]
    codes: NDArray[np.int16]
    scales: Floats
    means: Floats
    rest: Floats
    kept: Numbers
    kinds: NDArray[np.int32]
    likes: Numbers
    shares: Floats

    @classmethod
    def of(cls, maps: Sequence[tuple[Entries, int]], kinds: Numbers | None = None) -> Self:
        """Of each map as many entries of a row as said, those furthest from zero; all of them where rows are few.

        With `kinds`, maps are between kinds, and means are over the items that are of them.
        """
        size = maps[0][0].size
        share = _shares(size, kinds)
        whole = size <= WHOLE * max(kept for _, kept in maps)
        parts = [_small(item_map, size if whole else min(kept, size), share) for item_map, kept in maps]
        near, codes, *numbers = zip(*parts, strict=True)
        scales, means, rest = (np.stack(columns, axis=1) for columns in numbers)
        none = np.zeros((0, 0), np.int64)
        return cls(
            np.zeros((size, 0), smallest(size)) if whole else np.concatenate(near, axis=1),
            np.concatenate(codes, axis=1),
            scales,
            means,
            rest,
            np.array([part.shape[1] for part in codes], np.int64),
            np.zeros(0, np.int32) if kinds is None else kinds.astype(np.int32),
            none,
            none.astype(np.float32),
        )

    @cached_property
    def columns(self) -> int:
        """Columns of each map, of an item or of a kind."""
        return len(self.codes) - len(self.likes)

    @cached_property
    def fitted(self) -> int:
        """Items that were there when it was made."""
        return len(self.kinds if len(self.kinds) else self.codes) - len(self.likes)

    def heard(self, items: Numbers, fading: Fading, shares: Times) -> Floats:
        """(all items,): what items say of each by each map, the latest first and weighted by age, in spreads over the fitted
        items, summed by `shares` (maps,). A map that says nearly the same of all is not heard.
        """
        items = items[: len(fading.weights)]
        weights = fading.weights[: len(items)]
        rows = self.kinds[items].astype(np.int64) if len(self.kinds) else items
        said = self._said(rows, weights * self.scales.take(rows, axis=0), fading.reach)
        total: Floats = ((shares * self._loudness(said, rows, weights)) @ said).astype(np.float32)
        if len(self.kinds):
            total = total.take(self._fitted_kinds)
        if len(self.likes):
            total = np.concatenate([total, (total[self.likes] * self.shares).sum(axis=1)])
        return total

    def _said(self, rows: Numbers, factors: Floats, reach: Sequence[int]) -> Times:
        """(maps, columns): what some rows say of each column, times their factors (rows, maps)."""
        maps, columns = len(self.kept), self.columns
        if not self.near.shape[1]:
            found = np.empty((maps, columns), np.float64)
            for place, (column, far) in enumerate(zip(factors.T, reach, strict=True)):
                own = self.codes[rows[:far], place * columns : (place + 1) * columns]
                found[place] = column[:far] @ own.astype(np.float32)
            return found
        codes, places = self.codes.take(rows, axis=0), self.near.take(rows, axis=0)
        if maps > 1:
            factors, places = np.repeat(factors, self.kept, axis=1), places + self._offsets
        said = codes * factors
        counted = np.bincount(places.ravel(), said.ravel(), maps * columns)
        return np.asarray(counted, np.float64).reshape(maps, -1)

    def _loudness(self, said: Times, rows: Numbers, weights: Floats) -> list[float]:
        """(maps,): 1 / how far what is said spreads over the fitted items, with what the rows leave out; 0 where that is
        rounding. In plain numbers, which are quicker than arrays of so few.
        """
        left = np.add.reduce(weights * weights * self.rest.take(rows, axis=0)).tolist()
        means = np.add.reduce(weights * self.means.take(rows, axis=0)).tolist()
        found = []
        for line, more, mean in zip(said, left, means, strict=True):
            told = line * line @ self._counted if len(self.kinds) else line @ line
            energy = float(told) / max(self.fitted, 1) + more
            variance = energy - mean * mean
            # The last bits of a product depend on where memory lies: rounded, the same question has the same answer.
            found.append(1.0 / float(np.float32(variance**0.5)) if variance > SAME * energy else 0.0)
        return found

    @cached_property
    def _fitted_kinds(self) -> Numbers:
        """(fitted,): the column of each item."""
        return self.kinds[: self.fitted].astype(np.int64)

    @cached_property
    def _counted(self) -> Times:
        """(columns,): how many fitted items are of each kind."""
        return np.bincount(self._fitted_kinds, minlength=self.columns).astype(np.float64)

    @cached_property
    def _offsets(self) -> Numbers:
        """Where the columns of each entry's map begin."""
        return np.repeat(np.arange(len(self.kept)) * self.columns, self.kept)

    def louder(self, by: Floats) -> LightMaps:
        """The same with each item's rows times `by` (items,); only of maps without kinds."""
        column = by[:, None]
        return replace(
            self, scales=self.scales * column, means=self.means * column, rest=self.rest * column**2
        )

    def grown(self, likes: Numbers, shares: Floats) -> LightMaps:
        """The same with newcomers behind that say, and are said, what their likes are; numbers are of fitted items."""
        rows = self.kinds[likes] if len(self.kinds) else likes
        counted = _shares(
            self.columns, self.kinds[: self.fitted].astype(np.int64) if len(self.kinds) else None
        )
        parts = []
        for place, kept in enumerate(self.kept.tolist()):
            found = np.zeros((len(likes), self.columns), np.float32)
            for like, share in zip(rows.T, shares.T, strict=True):
                found += share[:, None] * self._whole(like, place)
            parts.append(_strongest(found, kept, counted))
        near, codes, scales, rest = zip(*parts, strict=True)
        means, left = (np.einsum("nf,nfm->nm", shares, values[rows]) for values in (self.means, self.rest))
        few = max(likes.shape[1], self.likes.shape[1])
        behind = len(self.codes) + np.arange(len(likes) if len(self.kinds) else 0)
        beside = np.concatenate(near, axis=1) if self.near.shape[1] else np.zeros((len(likes), 0))
        return replace(
            self,
            near=np.concatenate([self.near, beside.astype(self.near.dtype)]),
            codes=np.concatenate([self.codes, np.concatenate(codes, axis=1)]),
            scales=np.concatenate([self.scales, np.stack(scales, axis=1)]),
            means=np.concatenate([self.means, means]),
            rest=np.concatenate([self.rest, left + np.stack(rest, axis=1)]),
            kinds=np.concatenate([self.kinds, behind]).astype(np.int32),
            likes=np.concatenate([wide(self.likes, few), wide(likes, few)]),
            shares=np.concatenate([wide(self.shares, few), wide(shares, few)]),
        )

    def _whole(self, rows: Numbers, place: int) -> Floats:
        """(rows, columns) of one map as they are remembered."""
        start = int(self.kept[:place].sum())
        entries = slice(start, start + int(self.kept[place]))
        values = self.codes[rows, entries] * self.scales[rows, place, None]
        if not self.near.shape[1]:
            return values
        found = np.zeros((len(rows), self.columns), np.float32)
        np.put_along_axis(found, self.near[rows, entries].astype(np.int64), values, axis=1)
        return found

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """The inverse of `state`."""
        return cls(**state)


def _shares(size: int, kinds: Numbers | None) -> Floats:
    """(size,): the share of the items that each column stands for."""
    counts = np.ones(size) if kinds is None else np.bincount(kinds, minlength=size)
    return np.asarray(counts / max(counts.sum(), 1), np.float32)


def _small(item_map: Entries, kept: int, share: Floats) -> tuple[NDArray[Any], ...]:
    """Columns and codes of one map's entries (rows, kept); and by row the scale, the mean and the energy of the rest."""
    size = item_map.size
    near, codes = np.zeros((size, kept), smallest(size)), np.zeros((size, kept), np.int16)
    numbers = np.zeros((3, size), np.float32)
    step = max(1, CELLS // max(size, 1))
    for at in range(0, size, step):
        rows = np.arange(at, min(at + step, size))
        found = item_map.entries(rows, np.arange(size))
        near[rows], codes[rows], numbers[0, rows], numbers[2, rows] = _strongest(found, kept, share)
        numbers[1, rows] = found @ share
    return near, codes, *numbers


def _strongest(rows: Floats, kept: int, share: Floats) -> tuple[Numbers, NDArray[np.int16], Floats, Floats]:
    """Columns and codes (rows, kept) of the entries furthest from zero, scales, and the mean square of the others."""
    if kept == rows.shape[1]:
        packed = PackedMap.of(rows)
        return np.arange(kept), packed.codes, packed.scales, np.zeros(len(rows), np.float32)
    places = np.argpartition(-np.abs(rows), kept - 1, axis=1)[:, :kept]
    found = np.take_along_axis(rows, places, axis=1)
    rest = rows**2 @ share - np.einsum("ij,ij->i", found**2, share[places])
    packed = PackedMap.of(found)
    return places, packed.codes, packed.scales, np.maximum(rest, 0.0)


def spread_of(said: NDArray[Any]) -> float:
    """Standard deviation; 0 where it is rounding."""
    size = max(len(said), 1)
    mean, energy = float(said.sum()) / size, float(said @ said) / size
    return float(np.float32((energy - mean * mean) ** 0.5)) if energy - mean * mean > SAME * energy else 0.0
