"""Array types and the few row operations everyone needs. Knows nothing of items or users."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats: TypeAlias = NDArray[np.float32]
Numbers: TypeAlias = NDArray[np.int64]
Times: TypeAlias = NDArray[np.float64]
Sparse: TypeAlias = sparse.csr_matrix

TINY = np.float32(1e-12)


def as_csr(matrix: Any) -> Sparse:
    """Any scipy matrix as float32 CSR."""
    return sparse.csr_matrix(matrix).astype(np.float32)


def no_entries(rows: int, columns: int) -> Sparse:
    """A sparse matrix of zeros."""
    bounds = np.zeros(rows + 1, dtype=np.int64)
    return sparse.csr_matrix((np.zeros(0, np.float32), np.zeros(0, np.int64), bounds), shape=(rows, columns))


def unit_rows(matrix: Floats) -> Floats:
    """Each row scaled to length one; a row of zeros stays zero."""
    lengths = np.sqrt(np.einsum("ij,ij->i", matrix, matrix))[:, None]
    return np.asarray(matrix / np.maximum(lengths, TINY), dtype=np.float32)


def zscore_rows(matrix: Floats, among: int | None = None) -> Floats:
    """Each row shifted to mean zero and scaled to spread one; a constant row becomes zeros.

    With `among`, mean and spread are those of the first so many columns. Rows of -inf (a declined request) become
    zeros too: a part that knows nothing says nothing.
    """
    finite = np.isfinite(matrix[:, :among].sum(axis=1, keepdims=True))
    clean = matrix if finite.all() else np.where(finite, matrix, np.float32(0))
    result = np.zeros(matrix.shape, dtype=np.float32)
    add_zscored(result, np.array(clean, dtype=np.float32), 1.0, among)
    return result


def add_zscored(total: Floats, part: Floats, weight: float, among: int | None = None) -> None:
    """total += weight * zscore_rows(part, among), for finite rows, without further copies; `part` is used up."""
    known = part[:, :among]
    width = np.float32(max(known.shape[1], 1))
    mean = known.sum(axis=1, keepdims=True) / width
    part -= mean
    spread = np.sqrt(np.einsum("ij,ij->i", known, known) / width)[:, None]
    # A spread below float32 resolution of the values is rounding noise, not an opinion.
    clear = spread > np.float32(1e-6) * np.abs(mean) + TINY
    part *= np.float32(weight) * clear / np.maximum(spread, TINY)
    total += part


def top_k(scores: Floats, k: int) -> Numbers:
    """Column numbers of the k highest finite scores of each row, best first, -1 padded; shape (rows, k).

    Equal scores are ordered by column number, so that the answer does not depend on k or on the batch.
    """
    width = scores.shape[1]
    take = min(k, width)
    result = np.full((scores.shape[0], k), -1, dtype=np.int64)
    if take == 0:
        return result
    for row, values in enumerate(scores):
        # A stable sort of the part that can matter: everything that may reach the k-th value.
        places = (values >= _bound(values, take)).nonzero()[0]
        found = values[places]
        finite = np.isfinite(found)
        if not finite.all():
            places, found = places[finite], found[finite]
        chosen = places[(-found).argsort(kind="stable")[:take]]
        result[row, : len(chosen)] = chosen
    return result


def _bound(values: Floats, take: int, least: int = 8) -> np.float32:
    """A value that the `take` highest all reach: the take-th highest of the maxima of blocks, or of all values.

    A block has every so-many-th value, so that maxima are taken of whole rows at once.
    """
    blocks = max(2 * take + 1, len(values) // 64)
    if len(values) >= least * blocks:
        values = np.maximum.reduce(values[: len(values) // blocks * blocks].reshape(-1, blocks), axis=0)
    return np.float32(np.partition(values, len(values) - take)[len(values) - take])
