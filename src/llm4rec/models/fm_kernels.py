"""Compiled inner loops of the factorisation machine: sums over the events of block rows, and coordinate draws.

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

# A block row: weight of its events; weighted sums of r, r², e and e·r, where e is the residual of an event and r what
# the other blocks give to the factor; then its own part of the factor, that part before the draw, and by how much the
# draw moved all its events alike.
WEIGHT, REST, REST2, ERROR, ERROR_REST, OWN, BEFORE, SHIFT = range(8)
SUMS = 8


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
    rest, rest2, error, error_rest = 0.0, 0.0, 0.0, 0.0
    for n in range(len(errors)):
        k = index[n]
        r, e, w = totals[n] - sums[k, OWN], errors[n], weights[n]
        rest += w * r
        rest2 += w * r * r
        error += w * e
        error_rest += w * e * r
        if n + 1 == len(errors) or index[n + 1] != k:
            sums[k, REST] += rest
            sums[k, REST2] += rest2
            sums[k, ERROR] += error
            sums[k, ERROR_REST] += error_rest
            rest, rest2, error, error_rest = 0.0, 0.0, 0.0, 0.0


@compiled
def scatter(errors: Array, totals: Array, index: Array, sums: Array) -> None:
    """Bring residuals and totals up to date with a block that was drawn."""
    for n in range(len(errors)):
        k = index[n]
        step = sums[k, OWN] - sums[k, BEFORE]
        errors[n] -= sums[k, SHIFT] + step * (totals[n] - sums[k, BEFORE])
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
        e = errors[n] - sums[k, SHIFT] - step * (totals[n] - sums[k, BEFORE])
        q = totals[n] + step
        errors[n] = e
        totals[n] = q
        k = index_after[n]
        r, w = q - sums_after[k, OWN], weights[n]
        sums_after[k, REST] += w * r
        sums_after[k, REST2] += w * r * r
        sums_after[k, ERROR] += w * e
        sums_after[k, ERROR_REST] += w * e * r


@compiled
def draw_factor(
    design: tuple[Array, Array, Array], sums: Array, factor: Array, prior: Array, noise: Array
) -> None:
    """One Gibbs draw of every coordinate of one factor of a block, in place (Rendle 2013, section 4).

    `design` is CSC (bounds, rows, values). `prior` is (2, features): mean, and precision in units of that of the
    events; `noise` is standard normal over the square root of the precision of the events.
    """
    bounds, rows, values = design
    for j in range(len(factor)):
        old = factor[j]
        square, product = 0.0, 0.0
        for p in range(bounds[j], bounds[j + 1]):
            k, x = rows[p], values[p]
            t = sums[k, OWN] - x * old
            square += x * x * (t * (t * sums[k, WEIGHT] + 2.0 * sums[k, REST]) + sums[k, REST2])
            product += x * (t * sums[k, ERROR] + sums[k, ERROR_REST])
        precision = square + prior[1, j]
        new = (product + old * square + prior[0, j] * prior[1, j]) / precision + noise[j] / np.sqrt(precision)
        factor[j] = new
        for p in range(bounds[j], bounds[j + 1]):
            k, x = rows[p], values[p]
            t = sums[k, OWN] - x * old
            d = (new - old) * x
            sums[k, ERROR] -= d * (t * sums[k, WEIGHT] + sums[k, REST])
            sums[k, ERROR_REST] -= d * (t * sums[k, REST] + sums[k, REST2])
            sums[k, OWN] += d
            sums[k, SHIFT] += d * t


@compiled
def draw_linear(
    design: tuple[Array, Array, Array], sums: Array, linear: Array, prior: Array, noise: Array
) -> None:
    """One Gibbs draw of every linear weight of a block, in place; arguments as in `draw_factor`."""
    bounds, rows, values = design
    for j in range(len(linear)):
        old = linear[j]
        square, product = 0.0, 0.0
        for p in range(bounds[j], bounds[j + 1]):
            k, x = rows[p], values[p]
            square += x * x * sums[k, WEIGHT]
            product += x * sums[k, ERROR]
        precision = square + prior[1, j]
        new = (product + old * square + prior[0, j] * prior[1, j]) / precision + noise[j] / np.sqrt(precision)
        linear[j] = new
        for p in range(bounds[j], bounds[j + 1]):
            k, d = rows[p], values[p] * (new - old)
            sums[k, ERROR] -= d * sums[k, WEIGHT]
            sums[k, SHIFT] += d


@compiled
def gather_errors(errors: Array, weights: Array, index: Array, sums: Array) -> None:
    """The sums that the linear part needs."""
    for n in range(len(errors)):
        sums[index[n], ERROR] += weights[n] * errors[n]


@compiled
def scatter_errors(errors: Array, index: Array, sums: Array) -> None:
    """Bring residuals up to date with a block whose linear part was drawn."""
    for n in range(len(errors)):
        errors[n] -= sums[index[n], SHIFT]
