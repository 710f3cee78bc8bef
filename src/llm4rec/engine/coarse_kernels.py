"""The highest products by way of 8-bit copies of the vectors, exactly, compiled. Knows nothing of requests or ids.

With copies a = u + du and b = v + dv of the vectors u and v, u.v is at most a.b + |u| |dv| + |du| |b|. Only where that
reaches the last of the list so far is u.v computed from the vectors themselves: the lists are theirs.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from llm4rec.engine.numba_kernels import compiled
from llm4rec.engine.product_kernels import Lists, offer
from llm4rec.engine.vnni_kernels import ITEMS, PEOPLE, products

TILE = 16  # blocks of items that are bounded together


class Asked(NamedTuple):
    """People: vectors, unsigned copies (bytes - 128) x scale, |u - copy| and |u|, one row each."""

    vectors: Any
    bytes: Any
    scales: Any
    errors: Any
    lengths: Any


class Shelf(NamedTuple):
    """Items, the longest first, in blocks of 32: vectors (blocks, 32, width), numbers (-1: none), signed copies as
    `products` reads them, what its sums begin with, scales; and the largest |v - copy| and |copy| of TILE blocks.
    """

    vectors: Any
    numbers: Any
    bytes: Any
    first: Any
    scales: Any
    errors: Any
    lengths: Any


@compiled
def fill(asked: Asked, shelf: Shelf, lists: Lists, start: int, stop: int) -> None:
    """The lists of people `start` to `stop`, in place."""
    rows, places = np.empty(stop - start, np.int64), np.empty(PEOPLE, np.int64)
    limits, block = np.empty(PEOPLE, np.float32), np.empty((PEOPLE, ITEMS), np.float32)
    quads = asked.bytes.shape[1] // 4
    for tile in range(len(shelf.errors)):
        first, last = tile * TILE, min(tile * TILE + TILE, len(shelf.bytes))
        still = _open(asked, shelf.lengths[tile], lists, start, stop, rows)
        for group in range(0, still, PEOPLE):
            count = min(PEOPLE, still - group)
            for p in range(PEOPLE):  # a group that is not full repeats its last person
                row = rows[group + min(p, count - 1)]
                places[p] = row * 4 * quads
                limits[p] = _limit(asked, shelf, lists, row, tile)
            for at in range(first, last):
                found = products(
                    asked.bytes.ctypes.data, places.ctypes.data, quads, shelf.bytes[at].ctypes.data,
                    shelf.first[at].ctypes.data, shelf.scales[at].ctypes.data, limits.ctypes.data, block.ctypes.data,
                )  # fmt: skip
                for p in range(count if found else 0):
                    if (found >> p) & 1:
                        row = rows[group + p]
                        limits[p] = _look(asked, shelf, lists, block[p], limits[p], row, at)


@compiled
def _open(asked: Asked, longest: Any, lists: Lists, start: int, stop: int, rows: Any) -> int:
    """How many people a block of items no longer than `longest` may still change, their numbers into `rows`."""
    count = 0
    for row in range(start, stop):
        if asked.lengths[row] * longest >= lists.values[row, -1]:
            rows[count] = row
            count += 1
    return count


@compiled
def _limit(asked: Asked, shelf: Shelf, lists: Lists, row: int, tile: int) -> Any:
    """What a product of copies, not yet scaled by the person's scale, must reach to be looked at."""
    slack = asked.lengths[row] * shelf.errors[tile] + asked.errors[row] * shelf.lengths[tile]
    return np.float32((lists.values[row, -1] - slack) / asked.scales[row])


@compiled
def _look(asked: Asked, shelf: Shelf, lists: Lists, line: Any, limit: Any, row: int, at: int) -> Any:
    """Compute the products of a person with a block where they may be high enough, and offer them."""
    for column in range(ITEMS):
        number = shelf.numbers[at, column]
        if line[column] < limit or number < 0:
            continue
        product = np.float32(0.0)
        for k in range(asked.vectors.shape[1]):
            product += asked.vectors[row, k] * shelf.vectors[at, column, k]
        if offer(lists, row, number, product):
            limit = _limit(asked, shelf, lists, row, at // TILE)
    return limit
