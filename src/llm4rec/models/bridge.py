"""The bridge from content to behaviour: ridge from what an item says to its rows and columns in an item map.

Knows nothing of users. Sources: columns of a fitted linear model predicted from content (GoRec and Heater do the
same for factors); a content prior on rows is Gaussian-process regression with a linear kernel (Rasmussen &
Williams 2006, eq. 2.25).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from llm4rec.core import Floats, Numbers, Sparse
from llm4rec.models.maps import DenseMap, ItemMap, PackedMap, SparseMap, packed, part, read_map, under

WIDEST = 4_096  # content columns used in a ridge
BLOCK = 1_024
FULL = 0.1  # share of items that have a column, above which it is treated as dense


def widest(content: Sparse, limit: int = WIDEST) -> Numbers:
    """Which columns of content a ridge uses: the fullest ones, at most `limit`; dense parts are full."""
    counts = np.bincount(content.indices, minlength=content.shape[1])
    return np.sort(np.argsort(-counts, kind="stable")[:limit])


def ridge(content: Sparse | Floats, reg: float) -> Floats:
    """F (F'F + reg I)^-1 = (F F' + reg I)^-1 F, float32 (items, width): the smoother of a ridge on content.

    Solved on whichever side is smaller.
    """
    rows, width = content.shape
    if width <= rows:
        solved = linalg.cho_solve(_factor(content.T @ content, reg), _dense(content.T), overwrite_b=True)
        return np.ascontiguousarray(solved.T)
    return np.ascontiguousarray(
        linalg.cho_solve(_factor(content @ content.T, reg), _dense(content), overwrite_b=True)
    )


def _dense(matrix: Any) -> Floats:
    whole = matrix if isinstance(matrix, np.ndarray) else matrix.toarray()
    return np.array(whole, dtype=np.float32, order="F")


def _factor(normal: Any, reg: float) -> tuple[Floats, bool]:
    full = _dense(normal)
    full[np.diag_indices_from(full)] += np.float32(reg)
    factor, lower = linalg.cho_factor(full, lower=True, overwrite_a=True, check_finite=False)
    return factor, bool(lower)


def subtract_prior(system: Floats, content: Sparse, strength: float, reg: float) -> None:
    """system - reg F (I / strength + F'F)^-1 F', in place.

    With reg I already on the diagonal this makes the penalty reg (I + strength F F')^-1: rows of items with like
    content are expected to be alike, and an item without any event inherits the row of its likes.
    """
    smoother = ridge(content, 1.0 / strength) * np.float32(reg)
    full = np.bincount(content.indices, minlength=content.shape[1]) > FULL * content.shape[0]
    dense, thin = content[:, full].toarray(), content[:, ~full].tocsr()
    dense_smoother, thin_smoother = smoother[:, full].T.copy(), smoother[:, ~full].T.copy()
    for start in range(0, len(system), BLOCK):
        rows = slice(start, start + BLOCK)
        # Full columns by a dense product, thin ones by a sparse one: each is slow at the other's work.
        system[:, rows] -= (dense[rows] @ dense_smoother).T
        system[:, rows] -= np.asarray(thin[rows] @ thin_smoother).T


@dataclass(frozen=True, eq=False)
class Bridge:
    """What content predicts of one item map: `columns` (items, width), `rows` (width, items), `echo` (width, width).

    The column expected of an item with content f is `columns @ f`, to be multiplied by how loud it is; its row
    is `f @ rows`; and of one newcomer to another, with content g, `f @ echo @ g`.
    """

    columns: DenseMap | PackedMap
    rows: Floats
    echo: Floats

    @classmethod
    def of(cls, item_map: ItemMap, smoother: Floats, levels: Floats) -> Bridge:
        """The bridge of a fitted map, with `smoother` = `ridge(content of its items)`.

        Columns are multiplied by `levels` (items,) before content is asked for them.
        """
        even = smoother * levels[:, None]
        rows = item_map.left(np.ascontiguousarray(smoother.T))
        return cls(DenseMap(item_map.times(even)), rows, rows @ even)

    def packed(self) -> Bridge:
        """The same with columns in half the memory."""
        return replace(self, columns=packed(self.columns))

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays."""
        return under("columns", self.columns.state()) | {"rows": self.rows, "echo": self.echo}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Bridge:
        """The inverse of `state`."""
        columns = read_map(part("columns", state))
        assert isinstance(columns, DenseMap | PackedMap)
        return cls(columns, state["rows"], state["echo"])


def posterior(item_map: ItemMap, bridge: Bridge, content: Floats, loudness: Floats, share: Floats) -> ItemMap:
    """Columns at share map + (1 - share) predicted, share (items,) = n / (n + strength), n = how often taken.

    An item never taken has the predicted column whatever the strength, and the predicted row. A dense map comes
    back dense and may reuse the memory of the old one; a sparse one keeps the strongest entries it had room for.
    The columns of the bridge are not packed yet.
    """
    assert isinstance(bridge.columns, DenseMap)
    told = bridge.columns.matrix
    louder = content * loudness[:, None]
    if isinstance(item_map, SparseMap):
        return _sparse_posterior(item_map, told, louder, share)
    matrix = (
        item_map.matrix
        if isinstance(item_map, DenseMap)
        else item_map.times(np.eye(item_map.size, dtype=np.float32))
    )
    changed = np.flatnonzero(share < 1.0)
    for start in range(0, len(changed), BLOCK):
        columns = changed[start : start + BLOCK]
        predicted = (louder[columns] @ told.T).T
        predicted[columns, np.arange(len(columns))] = 0.0  # nobody is recommended what was just taken
        matrix[:, columns] = share[columns] * matrix[:, columns] + (1 - share[columns]) * predicted
    untouched = np.flatnonzero(share == 0.0)
    for start in range(0, len(untouched), BLOCK):
        rows = untouched[start : start + BLOCK]
        matrix[rows] = content[rows] @ bridge.rows
    return DenseMap(matrix)


def _sparse_posterior(
    item_map: SparseMap, told: Floats, content: Floats, share: Floats, keep: int = 100
) -> ItemMap:
    changed = np.flatnonzero(share < 0.999)
    pieces = []
    for start in range(0, len(changed), BLOCK):
        columns = changed[start : start + BLOCK]
        predicted = content[columns] @ told.T
        predicted[np.arange(len(columns)), columns] = 0.0
        best = np.argpartition(-np.abs(predicted), min(keep, predicted.shape[1] - 1), axis=1)[:, :keep]
        values = (1 - share[columns])[:, None] * np.take_along_axis(predicted, best, axis=1)
        pieces.append((best.ravel(), np.repeat(columns, best.shape[1]), values.ravel()))
    scaled = (item_map.matrix @ sparse.diags(share)).tocsr().astype(np.float32)
    if not pieces:
        return SparseMap(scaled)
    rows, places, values = (np.concatenate(side) for side in zip(*pieces, strict=True))
    added = sparse.csr_matrix((values.astype(np.float32), (rows, places)), shape=scaled.shape)
    return SparseMap((scaled + added).tocsr())


@dataclass(frozen=True, eq=False)
class GrownMap:
    """A map over the items it was fitted on and newcomers that have content only; newcomers stand behind."""

    base: ItemMap
    bridge: Bridge
    newcomers: Floats
    loudness: Floats

    @property
    def size(self) -> int:
        """All items."""
        return self.base.size + int(self.newcomers.shape[0])

    def apply(self, weights: Sparse) -> Floats:
        """(requests, items): newcomers are scored by their predicted columns and speak by their predicted rows."""
        old, new = weights[:, : self.base.size], weights[:, self.base.size :]
        scores = self.base.apply(old)
        latent = self.bridge.columns.apply(old)  # (requests, width)
        if new.nnz:
            taste = np.asarray(new @ self.newcomers)
            scores += taste @ self.bridge.rows
            latent += taste @ self.bridge.echo
        return np.hstack([scores, (latent @ self.newcomers.T) * self.loudness], dtype=np.float32)

    def entries(self, rows: Numbers, columns: Numbers) -> Floats:
        """A block, through `apply` on one row each: small blocks only."""
        ones = np.ones(len(rows), np.float32)
        weights = sparse.csr_matrix((ones, (np.arange(len(rows)), rows)), shape=(len(rows), self.size))
        return self.apply(weights)[:, columns]

    def times(self, right: Floats) -> Floats:
        """Not needed: a grown map is never smoothed again."""
        return np.asarray(self.apply(sparse.identity(self.size, format="csr", dtype=np.float32)) @ right)

    def left(self, rows: Floats) -> Floats:
        """rows @ map."""
        return self.apply(sparse.csr_matrix(rows))

    def state(self) -> dict[str, NDArray[Any]]:
        """The base alone: newcomers are grown again from content."""
        return self.base.state()
