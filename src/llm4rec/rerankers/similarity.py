"""How alike candidates are: by texts, tastes, pictures or categories, or a mix. Knows nothing of orders.

A kernel gives the similarities of all candidates to one of them, (rows, k), so that a list of n from k candidates costs
n k and not k k. Values run from 0 to 1, an item is 1 to itself, one that nothing is known of is 0 to all others. Every
kernel is positive semi-definite, hence fit for determinants: (1 + cosine) / 2, the Jaccard index (Bouchard et al. 2013)
and sums of them are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import (
    Catalog,
    Floats,
    History,
    Numbers,
    RerankContext,
    SettingsError,
    labels,
    suggest,
    unit_rows,
)

NAMES = ("text", "taste", "picture", "categories", "cosine")
"""`cosine` is that of the ones of categories; `categories` is their Jaccard index."""


class Source(Protocol):
    """One kind of similarity, over some candidates."""

    def to(self, places: Numbers) -> Floats:
        """(rows, k): how alike each candidate is to the one at `places` of its row."""
        ...


@dataclass(frozen=True, eq=False)
class Cosines:
    """Similarities of vectors of length one or zero, (rows, k, width)."""

    vectors: Floats
    known: NDArray[np.bool_]

    def to(self, places: Numbers) -> Floats:
        row = np.arange(len(places))
        one = self.vectors[row, places]
        cosine = np.matmul(self.vectors, one[:, :, None])[:, :, 0]
        both = self.known & self.known[row, places][:, None]
        return np.asarray(np.where(both, (1.0 + cosine) / 2.0, np.float32(0.0)))


@dataclass(frozen=True, eq=False)
class Overlaps:
    """Jaccard indices of label numbers, (rows, k, most) -1 padded."""

    numbers: Numbers
    sizes: Floats
    labels: int

    def to(self, places: Numbers) -> Floats:
        row = np.arange(len(places))
        one, size = self.numbers[row, places], self.sizes[row, places][:, None]
        # The last column takes the padding (-1), which is in common to nobody.
        has = np.zeros((len(places), self.labels + 1), dtype=bool)
        has[row[:, None], one] = True
        has[:, -1] = False
        common = has[row[:, None, None], self.numbers].sum(axis=2, dtype=np.float32)
        return np.asarray(common / np.maximum(self.sizes + size - common, 1.0))


@dataclass(frozen=True, eq=False)
class Near:
    """The similarities of some candidates, (rows, k)."""

    items: Numbers
    sources: tuple[tuple[float, Source], ...]

    def to(self, places: Numbers) -> Floats:
        """(rows, k) float32: how alike each candidate is to the one at `places` of its row, which is 1 to itself."""
        result = np.zeros(self.items.shape, dtype=np.float32)
        for weight, source in self.sources:
            result += np.float32(weight) * source.to(places)
        row = np.arange(len(places))
        one = self.items[row, places][:, None]
        return np.where((self.items == one) & (one >= 0), np.float32(1.0), np.clip(result, 0.0, 1.0))

    def block(self) -> Floats:
        """All pairs, (rows, k, k)."""
        rows, k = self.items.shape
        columns = [self.to(np.full(rows, place)) for place in range(k)]
        return np.stack(columns, axis=2) if columns else np.zeros((rows, 0, 0), np.float32)


class Kernel:
    """Similarities as `weights` by name say, over what a context holds; SettingsError where it does not.

    Without weights: categories where items have any, else texts, else tastes, else pictures, else nothing is alike.
    """

    def __init__(
        self, context: RerankContext, weights: Mapping[str, float] | None = None, field: str = ""
    ) -> None:
        asked = dict(weights or {}) or {_usual(context, field): 1.0}
        total = sum(asked.values())
        self._field = field
        self._weights = {name: weight / total for name, weight in asked.items() if weight and name}
        self._context = context
        for name in self._weights:
            _check(name, context, field)

    @property
    def row_bytes(self) -> int:
        """About how much a candidate takes."""
        return 8 * (8 + sum(self._width(name) for name in self._weights))

    def _width(self, name: str) -> int:
        if name == "categories":
            return 4 * int(labels(self._context.catalog, self._field).numbers.shape[1])
        if name == "cosine":
            return int(labels(self._context.catalog, self._field).matrix.shape[1])
        found = _vectors(self._context, name)
        return 0 if found is None else found.shape[1]

    def among(self, items: Numbers) -> Near:
        """The similarities among these items, (rows, k), -1 padded."""
        sources = [(weight, self._source(name, items)) for name, weight in self._weights.items()]
        return Near(items, tuple(sources))

    def _source(self, name: str, items: Numbers) -> Source:
        if name in ("categories", "cosine"):
            known = labels(self._context.catalog, self._field)
            if name == "cosine":
                inside = np.where(items < known.matrix.shape[0], items, -1)
                ones = np.asarray(known.matrix[np.maximum(inside, 0).ravel()].todense(), dtype=np.float32)
                units = (
                    unit_rows(ones).reshape(*items.shape, known.matrix.shape[1]) * (inside >= 0)[:, :, None]
                )
                return Cosines(units, _known(units))
            numbers = _rows(known.numbers, items, -1)
            sizes = (numbers >= 0).sum(axis=2).astype(np.float32)
            return Overlaps(numbers, sizes, known.matrix.shape[1])
        found = _vectors(self._context, name)
        assert found is not None
        units = _units(_rows(found, items, 0))
        return Cosines(units, _known(units))


def to_history(kernel: Kernel, items: Numbers, histories: Sequence[History], last: int) -> Floats:
    """How alike each candidate is to the last things of the history, a mean, (rows, k); 0 without a history."""
    past = np.full((len(histories), last), -1, dtype=np.int64)
    for row, history in enumerate(histories):
        liked = history.liked[-last:]
        past[row, : len(liked)] = liked
    near = kernel.among(np.concatenate([items, past], axis=1))
    k = items.shape[1]
    total = np.zeros(items.shape, dtype=np.float32)
    for column in range(last):
        there = past[:, column] >= 0
        if there.any():
            total += near.to(np.full(len(items), k + column))[:, :k] * there[:, None]
    return np.asarray(total / np.maximum((past >= 0).sum(axis=1, keepdims=True), 1), dtype=np.float32)


def _usual(context: RerankContext, field: str) -> str:
    if _any_label(context.catalog, field):
        return "categories"
    given = {"text": context.vectors, "taste": context.tastes, "picture": context.pictures}
    return next((name for name, vectors in given.items() if vectors is not None), "")


def _any_label(catalog: Catalog, field: str) -> bool:
    return labels(catalog, field).matrix.nnz > 0


def _check(name: str, context: RerankContext, field: str) -> None:
    if name not in NAMES:
        near = suggest(name, NAMES) or f"; there are: {', '.join(NAMES)}"
        raise SettingsError(f"no kernel named {name!r}{near}")
    if name in ("categories", "cosine"):
        labels(context.catalog, field)
    elif _vectors(context, name) is None:
        what = {
            "text": "text vectors: set an encoder",
            "taste": "collaborative vectors: use a model that embeds",
        }
        raise SettingsError(f"kernel {name!r}: there are no {what.get(name, 'vectors of pictures')}")


def _vectors(context: RerankContext, name: str) -> Floats | None:
    return {"text": context.vectors, "taste": context.tastes, "picture": context.pictures}[name]


def _known(units: Floats) -> NDArray[np.bool_]:
    """Which vectors say anything, (rows, k)."""
    return np.asarray(units.any(axis=2), dtype=bool)


def _units(vectors: Floats) -> Floats:
    """Vectors (rows, k, width) of length one; those that are zero or not finite are zero."""
    finite = np.isfinite(vectors).all(axis=2, keepdims=True)
    clean = np.where(finite, vectors, np.float32(0.0)).reshape(-1, vectors.shape[2])
    # Divided by the largest number first: the square of a large one is no float any more.
    largest = np.abs(clean).max(axis=1, keepdims=True, initial=0.0)
    units = unit_rows(np.divide(clean, largest, out=np.zeros_like(clean), where=largest > 0))
    return units.reshape(vectors.shape)


def _rows(table: NDArray[Any], items: Numbers, empty: int) -> NDArray[Any]:
    """Rows of a table by item, `empty` for padding and for items behind its end."""
    known = (items >= 0) & (items < len(table))
    found = (
        table[np.where(known, items, 0)]
        if len(table)
        else np.zeros((*items.shape, table.shape[1]), table.dtype)
    )
    found[~known] = empty
    return found
