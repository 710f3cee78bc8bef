"""Item-to-item maps: what a weighted history says about every item. Dense, or sparse where items are many.

A map knows nothing of recency, text or validation: it takes weights (requests, items) and gives scores.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from llm4rec.core import Floats, Numbers, Sparse

PACKED = 5_000  # items above which dense maps are packed once they are done
ROWS = 1_024  # of a map converted at once
HIGHEST = 32_767  # of int16
TINY = np.float32(1e-30)
ALIKE = 4  # rows from which it is looked for columns that they share
FILLED = 3  # cells for each that is not zero, at most


class ItemMap(Protocol):
    """Rows are what was taken, columns what is scored."""

    @property
    def size(self) -> int: ...
    def apply(self, weights: Sparse) -> Floats:
        """(requests, items) scores of the weighted histories."""
        ...

    def entries(self, rows: Numbers, columns: Numbers) -> Floats:
        """The block of the map at these rows and columns; shape (rows, columns)."""
        ...

    def times(self, right: Floats) -> Floats:
        """map @ right; shape (items, width)."""
        ...

    def left(self, rows: Floats) -> Floats:
        """rows @ map; shape (rows, items)."""
        ...

    def state(self) -> dict[str, NDArray[Any]]: ...


@dataclass(frozen=True, eq=False)
class DenseMap:
    """Any (items, items) matrix in memory."""

    matrix: Floats

    @property
    def size(self) -> int:
        """Items."""
        return len(self.matrix)

    def apply(self, weights: Sparse) -> Floats:
        """weights @ matrix."""
        among = shared_columns(weights)
        if among is not None:
            return np.asarray(among[1] @ self.matrix[among[0]], dtype=np.float32)
        return np.asarray(weights @ self.matrix, dtype=np.float32)

    def entries(self, rows: Numbers, columns: Numbers) -> Floats:
        """A block."""
        return self.matrix[np.ix_(rows, columns)]

    def times(self, right: Floats) -> Floats:
        """map @ right."""
        return np.asarray(self.matrix @ right)

    def left(self, rows: Floats) -> Floats:
        """rows @ map."""
        return np.asarray(rows @ self.matrix)

    def state(self) -> dict[str, NDArray[Any]]:
        """For `read_map`."""
        return {"dense": self.matrix}


@dataclass(frozen=True, eq=False)
class PackedMap:
    """A dense map in half the memory: int16 `codes` times `scales`, one a row; it need not be square.

    An entry is off by at most 1 / 65,534 of the largest in its row.
    """

    codes: NDArray[np.int16]
    scales: Floats

    @classmethod
    def of(cls, matrix: Floats) -> PackedMap:
        """The matrix, rounded."""
        codes = np.empty(matrix.shape, np.int16)
        scales = np.empty(len(matrix), np.float32)
        for at in range(0, len(matrix), ROWS):
            rows = slice(at, at + ROWS)
            scales[rows] = np.maximum(np.abs(matrix[rows]).max(axis=1, initial=0.0), TINY) / HIGHEST
            np.rint(matrix[rows] / scales[rows, None], out=codes[rows], casting="unsafe")
        return cls(codes, scales)

    @property
    def size(self) -> int:
        """Items."""
        return len(self.codes)

    def apply(self, weights: Sparse) -> Floats:
        """weights @ matrix."""
        from llm4rec.models.packed_kernels import weighted_rows

        scores = np.zeros((weights.shape[0], self.codes.shape[1]), np.float32)
        scaled = (weights.data * self.scales[weights.indices]).astype(np.float32)
        bounds, rows = weights.indptr.astype(np.int64), weights.indices.astype(np.int64)
        weighted_rows(bounds, rows, scaled, self.codes, scores)
        return scores

    def entries(self, rows: Numbers, columns: Numbers) -> Floats:
        """A block."""
        return np.asarray(self.codes[np.ix_(rows, columns)] * self.scales[rows, None], dtype=np.float32)

    def times(self, right: Floats) -> Floats:
        """map @ right."""
        parts = [self._dense(at) @ right for at in range(0, self.size, ROWS)]
        return np.concatenate(parts)

    def left(self, rows: Floats) -> Floats:
        """rows @ map."""
        parts = (rows[:, at : at + ROWS] @ self._dense(at) for at in range(0, self.size, ROWS))
        return np.asarray(sum(parts), dtype=np.float32)

    def _dense(self, at: int) -> Floats:
        return self.codes[at : at + ROWS] * self.scales[at : at + ROWS, None]

    def state(self) -> dict[str, NDArray[Any]]:
        """For `read_map`."""
        return {"codes": self.codes, "scales": self.scales}


@dataclass(frozen=True, eq=False)
class InverseMap:
    """I - P / diag(P), kept as P alone, so that P can be updated and down-dated exactly (EASE)."""

    inverse: Floats

    @property
    def size(self) -> int:
        """Items."""
        return len(self.inverse)

    def apply(self, weights: Sparse) -> Floats:
        """weights @ (I - P / diag(P)) without forming it; the diagonal is exactly zero."""
        scores = np.asarray(weights @ self.inverse, dtype=np.float32)
        scores /= -np.diagonal(self.inverse)
        rows = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
        np.add.at(scores, (rows, weights.indices), weights.data)
        return scores

    def entries(self, rows: Numbers, columns: Numbers) -> Floats:
        """A block; zero where row and column are the same item."""
        block = -self.inverse[np.ix_(rows, columns)] / np.diagonal(self.inverse)[columns]
        return np.where(rows[:, None] == columns[None, :], np.float32(0), block).astype(np.float32)

    def times(self, right: Floats) -> Floats:
        """map @ right."""
        return np.asarray(right - self.inverse @ (right / np.diagonal(self.inverse)[:, None]))

    def left(self, rows: Floats) -> Floats:
        """rows @ map."""
        return np.asarray(rows - (rows @ self.inverse) / np.diagonal(self.inverse))

    def state(self) -> dict[str, NDArray[Any]]:
        """For `read_map`."""
        return {"inverse": self.inverse}


@dataclass(frozen=True, eq=False)
class SparseMap:
    """A sparse (items, items) matrix: each column keeps its strongest neighbours."""

    matrix: Sparse

    @property
    def size(self) -> int:
        """Items."""
        return int(self.matrix.shape[0])

    def apply(self, weights: Sparse) -> Floats:
        """weights @ matrix."""
        return np.asarray((weights @ self.matrix).toarray(), dtype=np.float32)

    def entries(self, rows: Numbers, columns: Numbers) -> Floats:
        """A block."""
        return np.asarray(self.matrix[rows][:, columns].toarray(), dtype=np.float32)

    def times(self, right: Floats) -> Floats:
        """map @ right."""
        return np.asarray(self.matrix @ right, dtype=np.float32)

    def left(self, rows: Floats) -> Floats:
        """rows @ map."""
        return np.asarray((self.matrix.T @ rows.T).T, dtype=np.float32)

    def state(self) -> dict[str, NDArray[Any]]:
        """For `read_map`."""
        return sparse_state(self.matrix)


MapT = TypeVar("MapT", bound=ItemMap)


def packed(found: MapT) -> MapT | PackedMap:
    """A dense map of many items in half the memory; any other as it is."""
    if isinstance(found, DenseMap) and found.size > PACKED:
        return PackedMap.of(found.matrix)
    return found


def shared_columns(weights: Sparse) -> tuple[Numbers, Floats] | None:
    """The columns that any row has, and the weights of all rows in those, dense (rows, columns); None where rows have
    little in common, so that this would be mostly zeros.

    A history with one thing less, many times over, is multiplied so in a fraction of the time.
    """
    rows = weights.shape[0]
    if rows < ALIKE:
        return None
    there = np.zeros(weights.shape[1], dtype=bool)
    there[weights.indices] = True
    columns = np.flatnonzero(there)
    if rows * len(columns) > FILLED * len(weights.indices):
        return None
    owners = np.repeat(np.arange(rows), np.diff(weights.indptr))
    cells = owners * len(columns) + (np.cumsum(there) - 1)[weights.indices]
    dense = np.bincount(cells, weights.data, rows * len(columns))
    return columns, dense.reshape(rows, len(columns)).astype(np.float32)


def sparse_state(matrix: Sparse) -> dict[str, NDArray[Any]]:
    """A CSR matrix as plain arrays."""
    return {
        "data": matrix.data,
        "indices": matrix.indices.astype(np.int32),
        "indptr": matrix.indptr.astype(np.int64),
        "shape": np.array(matrix.shape, dtype=np.int64),
    }


def read_sparse(state: Mapping[str, NDArray[Any]]) -> Sparse:
    """The matrix of a `sparse_state`."""
    shape = (int(state["shape"][0]), int(state["shape"][1]))
    return sparse.csr_matrix((state["data"], state["indices"], state["indptr"]), shape=shape)


def read_map(state: Mapping[str, NDArray[Any]]) -> ItemMap:
    """The map whose `state` this is."""
    if "dense" in state:
        return DenseMap(state["dense"])
    if "codes" in state:
        return PackedMap(state["codes"], state["scales"])
    if "inverse" in state:
        return InverseMap(state["inverse"])
    return SparseMap(read_sparse(state))


def under(name: str, state: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The state with every key put under `name`."""
    return {f"{name}.{key}": value for key, value in state.items()}


def part(name: str, state: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The keys that stand under `name`."""
    return {key[len(name) + 1 :]: value for key, value in state.items() if key.startswith(f"{name}.")}
