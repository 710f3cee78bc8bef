"""Ridge solves between items: dense by Cholesky, sparse by neighbourhoods. Knows nothing of users."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import linalg, sparse

from llm4rec.core import Floats, Progress, Sparse

PANEL = 512
DENSE_LIMIT = 20_000  # items; two float32 matrices of this size take 3.2 GB


def dense_with_ridge(gram: Sparse, reg: float) -> Floats:
    """gram + reg I as a dense float32 array in Fortran order, ready to be overwritten."""
    full = np.zeros(gram.shape, dtype=np.float32, order="F")
    rows = np.repeat(np.arange(gram.shape[0]), np.diff(gram.indptr))
    full[rows, gram.indices] = gram.data
    full[np.diag_indices_from(full)] += np.float32(reg)
    return full


def inverse(gram: Sparse, reg: float, change: Callable[[Floats], None] | None = None) -> Floats:
    """(gram + reg I)^-1, symmetric, float32; peak memory is one such matrix and a panel.

    `change` may alter the system in place before it is inverted.
    """
    full = dense_with_ridge(gram, reg)
    if change is not None:
        change(full)
    factor, failed = linalg.lapack.spotrf(full, lower=1, overwrite_a=1, clean=0)
    _check(failed, reg)
    result, failed = linalg.lapack.spotri(factor, lower=1, overwrite_c=1)
    _check(failed, reg)
    mirror_lower(result)
    return np.asarray(result.T)  # symmetric: the transpose is the same matrix in C order


def solve(gram: Sparse, target: Sparse, reg: float, change: Callable[[Floats], None] | None = None) -> Floats:
    """(gram + reg I)^-1 target, float32 C order (items, items); `change` as in `inverse`.

    Inverting and multiplying with a sparse target costs half of a solve with as many right sides as unknowns.
    """
    inverted = inverse(gram, reg, change)
    by_column = target.T.tocsr()
    result = np.empty(gram.shape, dtype=np.float32)
    for start in range(0, by_column.shape[0], PANEL):
        result[:, start : start + PANEL] = (by_column[start : start + PANEL] @ inverted).T
    return result


def _check(failed: int, reg: float) -> None:
    if failed:
        raise np.linalg.LinAlgError(f"the item matrix is not positive definite at reg={reg}; raise reg")


def mirror_lower(matrix: Floats, block: int = 1024) -> None:
    """Copy the lower triangle onto the upper one, in place, block by block."""
    size = len(matrix)
    for start in range(0, size, block):
        stop = min(start + block, size)
        square = matrix[start:stop, start:stop]
        upper = np.triu_indices(stop - start, 1)
        square[upper] = square.T[upper]
        matrix[start:stop, stop:] = matrix[stop:, start:stop].T


def neighbourhood_solve(
    gram: Sparse, target: Sparse, reg: float, neighbours: int, progress: Progress
) -> Sparse:
    """The columns of (gram + reg I)^-1 target, each restricted to its `neighbours` strongest rows of target.

    For every item j: N = the rows with the largest target[:, j]; solve the small system on N. Memory grows with
    items x neighbours, not items squared (a neighbourhood form of SLIM; Ning & Karypis, ICDM 2011).
    """
    columns = target.tocsc()
    size = columns.shape[1]
    place = np.full(size, -1, dtype=np.int64)
    indices, values, bounds = [], [], np.zeros(size + 1, dtype=np.int64)
    for j in progress(range(size), "neighbourhoods", size):
        chosen, right = _strongest(columns, j, neighbours)
        if len(chosen):
            system = _block(gram, chosen, place)
            system[np.diag_indices_from(system)] += reg
            indices.append(chosen)
            values.append(linalg.solve(system, right, assume_a="pos", check_finite=False).astype(np.float32))
        bounds[j + 1] = bounds[j] + len(chosen)
    data = np.concatenate(values) if values else np.zeros(0, np.float32)
    rows = np.concatenate(indices) if indices else np.zeros(0, np.int64)
    return sparse.csc_matrix((data, rows, bounds), shape=target.shape).tocsr()


def _strongest(columns: sparse.csc_matrix, j: int, neighbours: int) -> tuple[np.ndarray, np.ndarray]:
    rows = columns.indices[columns.indptr[j] : columns.indptr[j + 1]]
    weights = columns.data[columns.indptr[j] : columns.indptr[j + 1]]
    if len(rows) > neighbours:
        best = np.sort(np.argpartition(-weights, neighbours)[:neighbours])
        rows, weights = rows[best], weights[best]
    return rows.astype(np.int64), weights.astype(np.float64)


def _block(gram: Sparse, chosen: np.ndarray, place: np.ndarray) -> np.ndarray:
    """gram[chosen][:, chosen] as a dense array; `place` is scratch of -1 and comes back as it was."""
    place[chosen] = np.arange(len(chosen))
    lengths = gram.indptr[chosen + 1] - gram.indptr[chosen]
    inside = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    flat = np.repeat(gram.indptr[chosen], lengths) + inside
    columns = place[gram.indices[flat]]
    rows = np.repeat(np.arange(len(chosen)), lengths)
    keep = columns >= 0
    block = np.zeros((len(chosen), len(chosen)))
    block[rows[keep], columns[keep]] = gram.data[flat][keep]
    place[chosen] = -1
    return block
