"""Posteriors of one side of a biased factorisation given the other, row by row, compiled. Knows nothing of stars.

A row has the value y_e at place e of the other side, whose vector x = (1, factors) and bias c are uncertain. With
expectations over them, the row's vector w = (bias, factors) has

    precision = diag(prior) + sum E[x x'] / noise,    precision mean = sum (y E[x] - E[c x]) / noise.

Symmetric matrices are packed: the lower triangle row by row.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from llm4rec.models.numba_kernels import compiled


class Values(NamedTuple):
    """Known values by rows: int64 bounds, int64 places on the other side, float32 values."""

    bounds: Any
    places: Any
    values: Any


class Moments(NamedTuple):
    """Of the other side, a row a place: E[x], E[x x'] packed, E[c x] and E[c^2]."""

    means: Any
    products: Any
    crossed: Any
    squares: Any


class Posterior(NamedTuple):
    """Means (rows, width), covariances (rows, packed), and the expected squared error summed over a row's values."""

    means: Any
    covariances: Any
    errors: Any


@compiled
def solve_posteriors(
    given: Values, other: Moments, prior: Any, noise: float, found: Posterior, start: int, stop: int
) -> None:
    """Rows `start` to `stop` of `found`, in place."""
    width, packed = other.means.shape[1], other.products.shape[1]
    summed, right = np.empty(packed, np.float64), np.empty(width, np.float64)
    system = np.empty((width, width), np.float64)
    for row in range(start, stop):
        error = _sums(given, other, row, summed, right)
        place = 0
        for i in range(width):
            for j in range(i + 1):
                system[i, j] = summed[place]
                system[j, i] = summed[place]
                place += 1
            system[i, i] += noise * prior[i]
        _invert(system)
        for i in range(width):
            mean = 0.0
            for j in range(width):
                mean += system[i, j] * right[j]
            found.means[row, i] = mean
        found.errors[row] = error + _explained(system, noise, summed, right, row, found)


@compiled
def _explained(system: Any, noise: float, summed: Any, right: Any, row: int, found: Posterior) -> float:
    """Write the covariance of a row; gives what its vector adds to E[(y - c)^2] to make the squared error."""
    added, place = 0.0, 0
    for i in range(len(right)):
        mean = found.means[row, i]
        added -= 2.0 * mean * right[i]
        for j in range(i + 1):
            covariance = noise * system[i, j]
            found.covariances[row, place] = covariance
            both = found.means[row, j] * mean + covariance  # E[w_i w_j]
            added += (1.0 if i == j else 2.0) * both * summed[place]
            place += 1
    return added


@compiled
def _invert(matrix: Any) -> None:
    """A symmetric positive definite matrix becomes its inverse (Gauss-Jordan; such a matrix needs no pivoting)."""
    size = len(matrix)
    for k in range(size):
        pivot = 1.0 / matrix[k, k]
        matrix[k, k] = 1.0
        for j in range(size):
            matrix[k, j] *= pivot
        for i in range(size):
            if i != k:
                factor = matrix[i, k]
                matrix[i, k] = 0.0
                for j in range(size):
                    matrix[i, j] -= factor * matrix[k, j]


@compiled
def _sums(given: Values, other: Moments, row: int, summed: Any, right: Any) -> float:
    """Sums over a row: E[x x'] into `summed`, y E[x] - E[c x] into `right`; gives that of E[(y - c)^2]."""
    summed[:] = 0.0
    right[:] = 0.0
    error = 0.0
    for entry in range(given.bounds[row], given.bounds[row + 1]):
        place, value = given.places[entry], given.values[entry]
        error += value * value - 2.0 * value * other.crossed[place, 0] + other.squares[place]
        products = other.products[place]
        for k in range(len(summed)):
            summed[k] += products[k]
        for k in range(len(right)):
            right[k] += value * other.means[place, k] - other.crossed[place, k]
    return error
