"""The aspects of a request: the categories that its history and its candidates have, and how much. Orders nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from llm4rec.core import Floats, Labels, Numbers, Sparse
from llm4rec.core.sets import interest_shares
from llm4rec.rerankers.greedy import Part


@dataclass(frozen=True, eq=False)
class Aspects:
    """What the history is made of, (rows, a), and the shares of each candidate, (rows, k, a).

    `wanted` sums to one over the aspects kept, or to zero where the history has none; shares of a candidate sum to one
    with what it has of aspects that were not kept.
    """

    wanted: Floats
    shares: Floats


def aspects(part: Part, known: Labels, half_life: float, most: int) -> Aspects:
    """The `most` largest aspects of each history; an event counts half as much for every `half_life` later ones."""
    interests = interest_shares([r.history for r in part.requests], known.shares, half_life)
    if known.matrix.shape[1] <= most:
        wanted = np.asarray(interests.todense(), dtype=np.float32)
        inside = _inside(part.items, known.matrix.shape[0])
        rows = known.shares[np.maximum(inside, 0).ravel()]
        dense = np.asarray(rows.todense(), dtype=np.float32).reshape(*part.items.shape, known.matrix.shape[1])
        return Aspects(wanted, dense * (inside >= 0)[:, :, None])
    columns, wanted = _largest(interests, most)
    return Aspects(wanted, _among(part.items, known, columns))


def _inside(items: Numbers, size: int) -> Numbers:
    """The items, -1 where there is none or one that is not known yet."""
    return np.asarray(np.where(items < size, items, -1))


def _largest(matrix: Sparse, most: int) -> tuple[Numbers, Floats]:
    """Column numbers (rows, most), -2 padded, and the shares there, made to sum to one."""
    columns = np.full((matrix.shape[0], most), -2, dtype=np.int64)
    wanted = np.zeros((matrix.shape[0], most), dtype=np.float32)
    for row in range(matrix.shape[0]):
        span = slice(matrix.indptr[row], matrix.indptr[row + 1])
        best = np.argsort(-matrix.data[span], kind="stable")[:most]
        columns[row, : len(best)] = matrix.indices[span][best]
        wanted[row, : len(best)] = matrix.data[span][best]
    return columns, wanted / np.maximum(wanted.sum(axis=1, keepdims=True), np.float32(1e-12))


def _among(items: Numbers, known: Labels, columns: Numbers) -> Floats:
    """The share that each aspect has of each candidate, (rows, k, aspects)."""
    inside = _inside(items, len(known.numbers))
    numbers = np.where((inside >= 0)[:, :, None], known.numbers[np.maximum(inside, 0)], -1)
    share = 1.0 / np.maximum((numbers >= 0).sum(axis=2), 1)
    result = np.zeros((*items.shape, columns.shape[1]), dtype=np.float32)
    for place in range(numbers.shape[2]):
        result += numbers[:, :, place, None] == columns[:, None, :]
    return np.asarray(result * share[:, :, None], dtype=np.float32)
