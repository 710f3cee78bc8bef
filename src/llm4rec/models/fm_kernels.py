"""Compiled inner loops of the factorisation machine: sums over the events of block rows, and draws of coordinates.

A block is a relation (Rendle, VLDB 2013): rows of a design that many events share. A sweep over its features costs
the non-zeros of the block, because all that the events of a row say fits into a few sums, `SUMS` numbers a row.
Knows nothing of users, items or priors; every random number is handed in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

F = TypeVar("F", bound=Callable[..., Any])
Array = NDArray[Any]

# A block row: weighted sums over its events of r² and of e·r, where e is the residual of an event and r what the other
# blocks give to the factor (1 for the linear part); its own part now, and its part before the draw.
SQUARE, ERROR, OWN, BEFORE = range(4)
SUMS = 4


def compiled(function: F) -> F:
    """The function as machine code, kept on disk between runs."""
    return cast("F", numba.njit(cache=True, nogil=True, error_model="numpy")(function))


@compiled
def add_part(total: Array, index: Array, part: Array) -> None:
    """total[n] += part[index[n]]."""
    for n in range(len(total)):
        total[n] += part[index[n]]


@compiled
def gather(errors: Array, totals: Array, weights: Array, index: Array, sums: Array) -> None:
    """Fill the sums of a block; `totals` holds the factor's total over all blocks, by event.

    Neighbouring events of the same row are added up before they are written, so ordered events are cheap.
    """
    square, error = 0.0, 0.0
    for n in range(len(errors)):
        k = index[n]
        r = totals[n] - sums[k, OWN]
        wr = weights[n] * r
        square += wr * r
        error += wr * errors[n]
        if n + 1 == len(errors) or index[n + 1] != k:
            sums[k, SQUARE] += square
            sums[k, ERROR] += error
            square, error = 0.0, 0.0


@compiled
def scatter(errors: Array, totals: Array, index: Array, sums: Array) -> None:
    """Bring residuals and totals up to date with a block that was drawn."""
    for n in range(len(errors)):
        k = index[n]
        step = sums[k, OWN] - sums[k, BEFORE]
        errors[n] -= step * (totals[n] - sums[k, BEFORE])
        totals[n] += step


@compiled
def hand_over(
    errors: Array, totals: Array, weights: Array, drawn: tuple[Array, Array], following: tuple[Array, Array]
) -> None:
    """`scatter` of one block (index, sums) and `gather` for the following one, in one pass over the events."""
    index, sums = drawn
    index_after, sums_after = following
    for n in range(len(errors)):
        k = index[n]
        step = sums[k, OWN] - sums[k, BEFORE]
        e = errors[n] - step * (totals[n] - sums[k, BEFORE])
        q = totals[n] + step
        errors[n] = e
        totals[n] = q
        k = index_after[n]
        r = q - sums_after[k, OWN]
        wr = weights[n] * r
        sums_after[k, SQUARE] += wr * r
        sums_after[k, ERROR] += wr * e


@compiled
def gather_linear(errors: Array, weights: Array, index: Array, sums: Array) -> None:
    """`gather` for the linear part, where r is 1."""
    for n in range(len(errors)):
        sums[index[n], SQUARE] += weights[n]
        sums[index[n], ERROR] += weights[n] * errors[n]


@compiled
def scatter_linear(errors: Array, index: Array, sums: Array) -> None:
    """`scatter` for the linear part, whose own parts began at zero."""
    for n in range(len(errors)):
        errors[n] -= sums[index[n], OWN]


@compiled
def draw(design: tuple[Array, Array, Array], sums: Array, weights: Array, prior: Array, noise: Array) -> None:
    """One Gibbs draw of every coordinate of one factor (or of the linear part) of a block, in place.

    `design` is CSC (bounds, rows, values). `prior` is (2, features): mean, and precision in units of that of the
    events; `noise` is standard normal over the square root of the precision of the events.
    """
    bounds, rows, values = design
    for j in range(len(weights)):
        old = weights[j]
        square, product = 0.0, 0.0
        for p in range(bounds[j], bounds[j + 1]):
            k, x = rows[p], values[p]
            square += x * x * sums[k, SQUARE]
            product += x * sums[k, ERROR]
        precision = square + prior[1, j]
        new = (product + old * square + prior[0, j] * prior[1, j]) / precision + noise[j] / np.sqrt(precision)
        weights[j] = new
        for p in range(bounds[j], bounds[j + 1]):
            k, d = rows[p], (new - old) * values[p]
            sums[k, ERROR] -= d * sums[k, SQUARE]
            sums[k, OWN] += d


@compiled
def recentre(
    design: tuple[Array, Array, Array], ids: int, weights: Array, prior: Array, noise: Array
) -> None:
    """One Gibbs draw of every weight behind the first `ids`, with the ids of its rows moving the other way, in place.

    The first `ids` columns are an identity, so that the parts of all rows stay what they are and only the priors
    speak. Arguments otherwise as in `draw`.
    """
    bounds, rows, values = design
    for j in range(ids, len(weights)):
        precision, pull = prior[1, j], prior[1, j] * (prior[0, j] - weights[j])
        for p in range(bounds[j], bounds[j + 1]):
            k, x = rows[p], values[p]
            precision += x * x * prior[1, k]
            pull += x * prior[1, k] * (weights[k] - prior[0, k])
        step = pull / precision + noise[j] / np.sqrt(precision)
        weights[j] += step
        for p in range(bounds[j], bounds[j + 1]):
            weights[rows[p]] -= step * values[p]
