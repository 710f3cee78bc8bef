"""Rows of implicit ALS, solved one by one, compiled. Knows nothing of people, items or settings.

For a row with items S and weights w, given factors F in the eigenbasis of their Gram matrix, solve

    (diag(spectrum + shrink) + F_S' W F_S) x = F_S' w.

With Z = W^1/2 F_S diag(spectrum + shrink)^-1/2 that is (I + Z'Z) v = Z' w^1/2, and v = Z' (I + Z Z')^-1 w^1/2: a
system as large as the row has items. Short rows are solved that way, exactly; long ones by conjugate gradients, which
converge in a few steps because the diagonal has been divided out.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from llm4rec.models.numba_kernels import compiled

SHORT = 32  # items of a row up to which it is solved exactly
ENOUGH = np.float32(1e-10)  # squared residual, relative to the first one, at which the steps end
ONE = np.float32(1.0)


class Rows(NamedTuple):
    """A sparse matrix by rows (int64 bounds, int32 items, float32 weights) and what is added to each diagonal."""

    bounds: Any
    items: Any
    weights: Any
    shrink: Any


@compiled
def solve_rows(
    rows: Rows, factors: Any, spectrum: Any, steps: int, solved: Any, start: int, stop: int
) -> None:
    """Rows `start` to `stop` of `solved` (rows, width), in place: what stands there is where the steps begin."""
    width = factors.shape[1]
    scale = np.empty(width, np.float32)
    wide = np.empty((5, width), np.float32)
    gathered = np.empty((SHORT, width), np.float32)
    system = np.empty((SHORT, SHORT), np.float32)
    known = np.empty(SHORT, np.float32)
    for row in range(start, stop):
        first, last = rows.bounds[row], rows.bounds[row + 1]
        for k in range(width):
            scale[k] = ONE / np.sqrt(spectrum[k] + rows.shrink[row])
        items, weights = rows.items[first:last], rows.weights[first:last]
        if last - first <= SHORT:
            _gather(items, weights, factors, scale, gathered)
            _short(weights, gathered, system, known, scale, solved[row])
        else:
            _long(items, weights, factors, scale, steps, wide, solved[row])


@compiled
def _gather(items: Any, weights: Any, factors: Any, scale: Any, gathered: Any) -> None:
    """Z, one row an item."""
    for i in range(len(items)):
        item, root = items[i], np.sqrt(weights[i])
        for k in range(len(scale)):
            gathered[i, k] = factors[item, k] * scale[k] * root


@compiled
def _short(weights: Any, gathered: Any, system: Any, known: Any, scale: Any, solved: Any) -> None:
    """x = D^-1/2 Z' (I + Z Z')^-1 w^1/2."""
    size, width = len(weights), len(scale)
    for i in range(size):
        for j in range(i + 1):
            total = np.float32(0.0)
            for k in range(width):
                total += gathered[i, k] * gathered[j, k]
            system[i, j] = total
        system[i, i] += ONE
        known[i] = np.sqrt(weights[i])
    _cholesky_solve(system, known, size)
    solved[:] = np.float32(0.0)
    for i in range(size):
        share = known[i]
        for k in range(width):
            solved[k] += share * gathered[i, k]
    for k in range(width):
        solved[k] *= scale[k]


@compiled
def _cholesky_solve(system: Any, known: Any, size: int) -> None:
    """`known` becomes the solution; of `system` the lower triangle is read, and used up."""
    for i in range(size):
        for j in range(i):
            total = system[i, j]
            for k in range(j):
                total -= system[i, k] * system[j, k]
            system[i, j] = total * system[j, j]
        total = system[i, i]
        for k in range(i):
            total -= system[i, k] * system[i, k]
        system[i, i] = ONE / np.sqrt(total)  # the diagonal holds its own inverse
    for i in range(size):
        total = known[i]
        for k in range(i):
            total -= system[i, k] * known[k]
        known[i] = total * system[i, i]
    for i in range(size - 1, -1, -1):
        share = known[i] * system[i, i]
        known[i] = share
        for k in range(i):
            known[k] -= system[i, k] * share


@compiled
def _long(items: Any, weights: Any, factors: Any, scale: Any, steps: int, wide: Any, solved: Any) -> None:
    """Conjugate gradients on (I + Z'Z) v = Z' w^1/2, x = D^-1/2 v, from what stands in `solved`."""
    width = len(scale)
    v, left, along, through, scaled = wide[0], wide[1], wide[2], wide[3], wide[4]
    _products(items, weights, factors, solved, ONE, through)
    squares = np.float32(0.0)
    for k in range(width):
        v[k] = solved[k] / scale[k]
        left[k] = through[k] * scale[k] - v[k]
        along[k] = left[k]
        squares += left[k] * left[k]
    enough = ENOUGH * squares
    for _ in range(steps):
        if squares <= enough:
            break
        for k in range(width):
            scaled[k] = along[k] * scale[k]
        _products(items, weights, factors, scaled, np.float32(0.0), through)
        curve = np.float32(0.0)
        for k in range(width):
            through[k] = along[k] - through[k] * scale[k]
            curve += along[k] * through[k]
        far, before = squares / curve, squares
        squares = np.float32(0.0)
        for k in range(width):
            v[k] += far * along[k]
            left[k] -= far * through[k]
            squares += left[k] * left[k]
        turn = squares / before
        for k in range(width):
            along[k] = left[k] + turn * along[k]
    for k in range(width):
        solved[k] = v[k] * scale[k]


@compiled
def _products(items: Any, weights: Any, factors: Any, vector: Any, target: Any, total: Any) -> None:
    """total = sum of w_i (target - f_i . vector) f_i over the items."""
    width = len(vector)
    total[:] = np.float32(0.0)
    for i in range(len(items)):
        item = items[i]
        product = np.float32(0.0)
        for k in range(width):
            product += factors[item, k] * vector[k]
        product = weights[i] * (target - product)
        for k in range(width):
            total[k] += product * factors[item, k]
