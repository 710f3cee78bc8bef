"""An index of item vectors for large catalogs, and how often it finds what is there. Knows nothing of requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import ComponentError, Dataset, Embeds, Floats, KnownUsers, Model, Numbers
from llm4rec.engine.byte_index import MARK, ByteIndex
from llm4rec.engine.products import Hidden, best_products
from llm4rec.engine.settings import IndexSettings

SAMPLE = 500  # users whose lists are compared with the exact ones
DEPTH = 100  # how long those lists are
POINTS = 64  # vectors a cell that its centre is learnt from
FEWEST = 39  # vectors a cell, below which faiss warns
FIRST = 8  # cells looked into before the recall asked for is reached by doubling


@dataclass(frozen=True, eq=False)
class Index:
    """Cells of 8-bit vectors (faiss IVF with a scalar quantiser), searched by inner product.

    `recall` is the share of the exact best 100 items of `sample` users that the index gives, measured when it was made.
    """

    cells: Any
    vectors: Floats
    probes: int
    recall: float
    sample: int

    @classmethod
    def build(cls, vectors: Floats, people: Floats, recall: float) -> Self:
        """An index of (items, width) vectors that reaches `recall` for the vectors of some `people`.

        The more cells are looked into, the more is found: as many as it takes, all of them at worst.
        """
        import faiss

        items = len(vectors)
        count = max(1, min(int(4 * items**0.5), items // FEWEST))
        cells: Any = faiss.index_factory(vectors.shape[1], f"IVF{count},SQ8", faiss.METRIC_INNER_PRODUCT)
        cells.cp.max_points_per_centroid = POINTS
        cells.train(np.ascontiguousarray(vectors))
        cells.add(np.ascontiguousarray(vectors))
        return cls(cells, vectors, 0, 0.0, len(people))._measured(people, recall, min(FIRST, count))

    def extended(self, vectors: Floats, people: Floats, recall: float) -> Self:
        """This index with further vectors behind its own, whose cells stay as they are; self stays as it is."""
        import faiss

        cells = faiss.clone_index(self.cells)
        cells.add(np.ascontiguousarray(vectors[len(self.vectors) :]))
        return type(self)(cells, vectors, 0, 0.0, len(people))._measured(people, recall, self.probes)

    def _measured(self, people: Floats, recall: float, probes: int) -> Self:
        """With as many cells looked into as the recall takes."""
        while True:
            tried = type(self)(self.cells, self.vectors, probes, 0.0, len(people))
            found = measured_recall(tried, people)
            if found >= recall or probes >= self.cells.nlist:
                return type(self)(self.cells, self.vectors, probes, found, len(people))
            probes = min(2 * probes, self.cells.nlist)

    @property
    def note(self) -> str:
        """What it is and how good it is, in a sentence."""
        return (
            f"lists come from an index of {len(self.vectors):,} items ({self.probes} of {self.cells.nlist} cells are "
            f"searched): recall@{DEPTH} {self.recall:.3f} against exact lists of {self.sample} users"
        )

    def search(self, people: Floats, k: int) -> tuple[Numbers, Floats]:
        """Numbers (people, k) and exact products of about the k best items, best first, -1 and -inf padded."""
        import faiss

        ask: Any = faiss.SearchParametersIVF
        wanted = min(
            k + k // 4 + 8, len(self.vectors)
        )  # cells hold 8-bit copies, whose order is not quite right
        _, found = self.cells.search(np.ascontiguousarray(people), wanted, params=ask(nprobe=self.probes))
        products = np.einsum("pw,pkw->pk", people, self.vectors[found])
        products[found < 0] = -np.inf
        order = np.lexsort((found, -products), axis=1)[:, :k]
        return np.take_along_axis(found, order, axis=1), np.take_along_axis(products, order, axis=1)

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays for an engine folder."""
        import faiss

        told = np.array([self.probes, self.recall, self.sample], dtype=np.float64)
        return {"cells": faiss.serialize_index(self.cells), "told": told}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]], vectors: Floats) -> Self:
        """The inverse of `state`, for the same vectors."""
        import faiss

        cells = faiss.deserialize_index(np.ascontiguousarray(state["cells"]))
        if (cells.ntotal, cells.d) != vectors.shape:
            raise ComponentError(
                f"the index holds {cells.ntotal} vectors of {cells.d} numbers, the model {vectors.shape}; fit again"
            )
        probes, recall, sample = (float(value) for value in state["told"])
        return cls(cells, vectors, int(probes), recall, int(sample))


def measured_recall(index: Index, people: Floats) -> float:
    """Share of the exact best 100 products of people that the index gives."""
    if not len(people):
        return 1.0
    nothing = Hidden(np.zeros(len(people) + 1, np.int64), np.zeros(0, np.int64))
    depth = min(DEPTH, len(index.vectors))
    exact, _ = best_products(people, index.vectors, nothing, depth)
    found, _ = index.search(people, depth)
    return float(np.mean([len(np.intersect1d(a, b)) / depth for a, b in zip(exact, found, strict=True)]))


def read_index(state: Mapping[str, NDArray[Any]], vectors: Floats) -> Index | ByteIndex:
    """The index of either kind that a state was taken from, for the same vectors."""
    return (ByteIndex if MARK in state else Index).from_state(state, vectors)


def index_for(
    model: Model, dataset: Dataset, settings: IndexSettings, known: Index | ByteIndex | None = None
) -> Index | ByteIndex | None:
    """The index that serves a fitted model, or None where its answers are exact: few items, or no vectors.

    `known` is extended where its vectors are still the first ones of the model, and made anew otherwise.
    """
    if not isinstance(model, Embeds) or len(dataset.catalog) <= settings.above:
        return None
    vectors = model.item_vectors()
    if settings.kind == "int8":
        return ByteIndex(vectors)
    people = _sampled(model, dataset)
    if isinstance(known, Index) and np.array_equal(known.vectors, vectors[: len(known.vectors)]):
        return known.extended(vectors, people, settings.recall)
    return Index.build(vectors, people, settings.recall)


def _sampled(model: Embeds, dataset: Dataset) -> Floats:
    """Vectors of users spread evenly over all, those without one left out."""
    size = min(SAMPLE, len(dataset.users))
    users = np.linspace(0, len(dataset.users) - 1, size).round().astype(np.int64)
    people = model.user_vectors(KnownUsers(dataset, users))
    return people[np.isfinite(people).all(axis=1) & people.any(axis=1)]
