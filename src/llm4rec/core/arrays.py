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
TOGETHER = 250_000  # cells of rows that are looked at together


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
    step = max(1, TOGETHER // max(width, 1))
    for at in range(0, len(scores) if take else 0, step):
        some = scores[at : at + step]
        result[at : at + step, :take] = _top(some, take) if len(some) > 1 else _top_of_one(some[0], take)
    return result


def _top_of_one(values: Floats, take: int) -> Numbers:
    """`top_k` of one row."""
    # A stable sort of the part that can matter: everything that may reach the k-th value.
    places = (values >= _bounds(values[None, :], take)[0]).nonzero()[0]
    found = values[places]
    finite = np.isfinite(found)
    if not finite.all():
        places, found = places[finite], found[finite]
    chosen: Numbers = places[(-found).argsort(kind="stable")[:take]]
    if len(chosen) == take:
        return chosen
    return np.append(chosen, np.full(take - len(chosen), -1))


def _top(scores: Floats, take: int) -> Numbers:
    """`top_k` of rows that are looked at together, so that many short ones take no longer than one long one."""
    reach = (scores >= _bounds(scores, take)[:, None]) & np.isfinite(scores)
    rows, columns = np.divmod(np.flatnonzero(reach), scores.shape[1])
    counts = np.bincount(rows, minlength=len(scores))
    places = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    found = np.full((len(scores), max(take, int(counts.max()))), -1, dtype=np.int64)
    falling = np.full(found.shape, np.inf, dtype=np.float32)
    found[rows, places], falling[rows, places] = columns, -scores[rows, columns]
    order = np.argsort(falling, axis=1, kind="stable")[:, :take]
    return np.take_along_axis(found, order, axis=1)


def _bounds(scores: Floats, take: int, least: int = 8) -> Floats:
    """(rows,): what the `take` highest of a row all reach: the take-th highest of the maxima of blocks, or of all values.

    A block has every so-many-th value, so that maxima are taken of whole rows at once.
    """
    width = scores.shape[1]
    blocks = max(2 * take + 1, width // 64)
    if width >= least * blocks:
        scores = scores[:, : width // blocks * blocks].reshape(len(scores), -1, blocks).max(axis=1)
    last = scores.shape[1] - take
    return np.asarray(np.partition(scores, last, axis=1)[:, last])
