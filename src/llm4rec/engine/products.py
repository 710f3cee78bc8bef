"""The highest products of vectors for many people at once, exactly. Knows nothing of models, requests or ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from llm4rec.core import Floats, Numbers
from llm4rec.core.known import joined_ranges
from llm4rec.core.threads import by_blocks

if TYPE_CHECKING:
    from llm4rec.engine.coarse_kernels import Asked, Shelf
    from llm4rec.engine.product_kernels import Lists

PEOPLE, ITEMS = 512, 512  # rows and columns of a block of scores: a megabyte, so that it stays in cache
LOWEST = np.float32(-1e30)  # stands for "nothing yet": below every product that is taken
ROUNDING = np.float32(2e-6)  # of a 32-bit product, as a share of the lengths of its vectors


@dataclass(frozen=True, eq=False)
class Hidden:
    """Items that are not shown, row by row: `items[bounds[row]:bounds[row + 1]]`, ascending."""

    bounds: Numbers
    items: Numbers

    def take(self, rows: Numbers) -> Hidden:
        """Some of the rows."""
        taken, bounds = joined_ranges(self.bounds[rows], self.bounds[rows + 1])
        return Hidden(bounds, self.items[taken])


def best_products(
    people: Floats, vectors: Floats, hidden: Hidden, k: int, coarse: bool | Shelf | None = None
) -> tuple[Numbers, Floats]:
    """Numbers (people, k) and products of the k items with the highest people @ vectors.T, best first.

    -1 and -inf where there are fewer than k; equal products stand in the order of item numbers. Items are taken in the
    order of their length: a product is at most the product of the lengths (Cauchy-Schwarz), so a person whose list no
    longer vector can change is done (as in LEMP; Teflioudi et al., SIGMOD 2015). With `coarse`, 8-bit copies say which
    products are worth computing, which changes no list (default: where the processor has instructions for that);
    copies made before (`shelf_of` the same vectors) may be given.
    """
    from llm4rec.engine.product_kernels import Lists

    lists = Lists(
        np.full((len(people), k), len(vectors), dtype=np.int64),
        np.full((len(people), k), LOWEST, dtype=np.float32),
        hidden.bounds,
        hidden.items,
    )
    if k and len(vectors):
        use = has_bytes() if coarse is None else coarse
        asked = np.ascontiguousarray(people)
        if use is False:
            _by_floats(asked, vectors, lists)
        else:
            _by_bytes(asked, shelf_of(vectors) if use is True else use, lists)
    nothing = lists.best == len(vectors)
    lists.best[nothing], lists.values[nothing] = -1, -np.inf
    return lists.best, lists.values


def has_bytes() -> bool:
    """Whether this processor multiplies bytes faster than floats, in a way known here."""
    from llm4rec.engine.vnni_kernels import available

    return available()


def _by_floats(people: Floats, vectors: Floats, lists: Lists) -> None:
    """Fill the lists from blocks of 32-bit products."""
    lengths, order = _lengths(people), longest_first(vectors)
    numbers = [order[start : start + ITEMS] for start in range(0, len(order), ITEMS)]
    blocks = [np.ascontiguousarray(vectors[some].T) for some in numbers]
    longest = [float(_lengths(vectors[some[:1]])[0]) for some in numbers]

    def work(start: int, stop: int) -> None:
        from llm4rec.engine.product_kernels import keep_best

        scratch = np.empty(PEOPLE * ITEMS, np.float32)
        for first in range(start, stop, PEOPLE):
            rows = np.arange(first, min(first + PEOPLE, stop))
            for some, block, length in zip(numbers, blocks, longest, strict=True):
                rows = rows[lengths[rows] * length >= lists.values[rows, -1]]
                scores = scratch[: len(rows) * len(some)].reshape(len(rows), len(some))
                np.matmul(people[rows], block, out=scores)
                keep_best(lists, rows, some, scores)

    by_blocks(work, len(people), PEOPLE)


def _by_bytes(people: Floats, shelf: Shelf, lists: Lists) -> None:
    """Fill the lists with 8-bit copies going first."""
    from llm4rec.engine.coarse_kernels import fill

    asked = _asked(people)

    def work(start: int, stop: int) -> None:
        for first in range(start, stop, PEOPLE):
            fill(asked, shelf, lists, first, min(first + PEOPLE, stop))

    by_blocks(work, len(people), PEOPLE)


def longest_first(vectors: Floats) -> Numbers:
    """Row numbers in the order of their lengths, equal ones as they stand."""
    return np.argsort(-_lengths(vectors), kind="stable")


def _lengths(vectors: Floats) -> Floats:
    """Lengths of rows, rounded up."""
    squares = np.einsum("ij,ij->i", vectors, vectors)
    return np.asarray(np.sqrt(squares) * (np.float32(1.0) + ROUNDING), dtype=np.float32)


def _copied(vectors: Floats) -> tuple[np.ndarray, Floats, Floats]:
    """Signed bytes (rows, width up to a multiple of four), their scales, and the lengths of what is lost."""
    scales = np.maximum(np.abs(vectors).max(axis=1, initial=0.0) / np.float32(127.0), np.float32(1e-30))
    copies = np.rint(vectors / scales[:, None])
    lost = _lengths(vectors - copies * scales[:, None]) + ROUNDING * _lengths(vectors)
    width = -(-vectors.shape[1] // 4) * 4
    padded = np.zeros((len(vectors), width), np.int8)
    padded[:, : vectors.shape[1]] = copies
    return padded, scales.astype(np.float32), lost


def _asked(people: Floats) -> Asked:
    from llm4rec.engine.coarse_kernels import Asked

    copies, scales, lost = _copied(people)
    unsigned = np.bitwise_xor(copies.view(np.uint8), np.uint8(128))  # two's complement + 128
    return Asked(people, unsigned, scales, lost, _lengths(people))


def shelf_of(vectors: Floats) -> Shelf:
    """Copies of item vectors, ready to be searched; only for processors that `has_bytes`."""
    from llm4rec.engine.coarse_kernels import TILE, Shelf
    from llm4rec.engine.vnni_kernels import HALVES, ITEMS, LANES

    order = longest_first(vectors)
    filled = np.zeros((-(-len(order) // ITEMS) * ITEMS, vectors.shape[1]), np.float32)
    numbers = np.full(len(filled), -1, dtype=np.int64)
    filled[: len(order)], numbers[: len(order)] = vectors[order], order
    copies, scales, lost = _copied(filled)
    quads = copies.reshape(-1, HALVES, LANES, copies.shape[1] // 4, 4).transpose(0, 3, 1, 2, 4)
    tiles = np.arange(0, len(filled), TILE * ITEMS)
    return Shelf(
        vectors=filled.reshape(-1, ITEMS, vectors.shape[1]),
        numbers=numbers.reshape(-1, ITEMS),
        bytes=np.ascontiguousarray(quads),
        first=(-128 * copies.sum(axis=1, dtype=np.int32)).reshape(-1, ITEMS),
        scales=scales.reshape(-1, ITEMS),
        errors=np.maximum.reduceat(lost, tiles),
        lengths=np.maximum.reduceat(_lengths(filled) + lost, tiles),
    )
