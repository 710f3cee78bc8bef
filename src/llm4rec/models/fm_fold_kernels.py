"""Compiled fold-in: the own weights of a user from the values of a history, for every kept draw of the item side.

Given the items, the sum is linear in the user's own bias and factors θ: what an event says is y = o + x·θ + g + noise
with x = (1, item factors), o what is known without θ, and g the shift of the visit. With normal noise the answer
is a ridge regression; with ordered levels it is found by Newton steps. Visits are integrated out. Knows no requests.
"""

from __future__ import annotations

import math

import numpy as np

from llm4rec.models.fm_kernels import Array, compiled

ROUNDS = 2  # solutions with normal noise: the second knows how noisy the user is
STEPS = 8  # Newton steps with ordered levels, each followed by a look at how noisy the user is
LEAST, MOST = 0.1, 10.0  # of a user's relative precision
FAR = 8.0  # spreads beyond which a level has no probability left
ROOT2 = math.sqrt(2.0)
DENSITY = 1.0 / math.sqrt(2.0 * math.pi)


@compiled
def _terms(items: Array, item_parts: Array, part: Array, base: float, x: Array, o: Array) -> None:
    """The regressors x and offsets o of each event; `part` is what set and attributes of the user add up to."""
    for n in range(len(items)):
        row = item_parts[items[n]]
        o[n] = base + part[0] + row[0]
        x[n, 0] = 1.0
        for f in range(1, len(part)):
            x[n, f] = row[f]
            o[n] += part[f] * row[f]


@compiled
def _cholesky(matrix: Array) -> None:
    """Lower factor of a positive definite matrix, in place; the upper part stays."""
    for i in range(len(matrix)):
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= matrix[i, k] * matrix[j, k]
            matrix[i, j] = math.sqrt(max(total, 1e-12)) if i == j else total / matrix[j, j]


@compiled
def _invert(root: Array, inverse: Array) -> None:
    """(L L')^-1 from L."""
    size = len(root)
    for c in range(size):
        for i in range(size):
            total = 1.0 if i == c else 0.0
            for k in range(i):
                total -= root[i, k] * inverse[k, c]
            inverse[i, c] = total / root[i, i]
        for back in range(size):
            i = size - 1 - back
            total = inverse[i, c]
            for k in range(i + 1, size):
                total -= root[k, i] * inverse[k, c]
            inverse[i, c] = total / root[i, i]


@compiled
def _add_visit(
    weight: float, sums: Array, right: float, precision: float, matrix: Array, target: Array
) -> None:
    """Take out of the normal equations what the shift of a visit explains, and empty its sums."""
    for i in range(len(sums)):
        share = sums[i] / (weight + precision)
        target[i] -= share * right
        for j in range(i + 1):
            matrix[i, j] -= share * sums[j]
    sums[:] = 0.0


@compiled
def _solve(
    events: tuple[Array, Array, Array], weights: Array, values: Array, prior: Array, shift: float, out: Array
) -> None:
    """θ in out[0] and its covariance in out[1:]; events are (x, o, visit), visits of a precision `shift` each."""
    x, o, visits = events
    size = x.shape[1]
    matrix, target, sums = np.zeros((size, size)), prior[0] * prior[1], np.zeros(size)
    for i in range(size):
        matrix[i, i] = prior[1, i]
    weight, right = 0.0, 0.0
    for n in range(len(o)):
        r, w = values[n] - o[n], weights[n]
        weight += w
        right += w * r
        for i in range(size):
            target[i] += w * r * x[n, i]
            sums[i] += w * x[n, i]
            for j in range(i + 1):
                matrix[i, j] += w * x[n, i] * x[n, j]
        if n + 1 == len(o) or visits[n + 1] != visits[n]:
            if visits[n] >= 0:
                _add_visit(weight, sums, right, shift, matrix, target)
            sums[:] = 0.0
            weight, right = 0.0, 0.0
    _cholesky(matrix)
    _invert(matrix, out[1:])
    for i in range(size):
        out[0, i] = 0.0
        for j in range(size):
            out[0, i] += out[1 + i, j] * target[j]


@compiled
def _sums(
    events: tuple[Array, Array, Array], weights: Array, values: Array, theta: Array, shift: float, f: Array
) -> None:
    """f = o + x·θ + the shift of the visit that fits best."""
    x, o, visits = events
    first, weight, right = 0, 0.0, 0.0
    for n in range(len(o)):
        f[n] = o[n]
        for i in range(x.shape[1]):
            f[n] += x[n, i] * theta[i]
        weight += weights[n]
        right += weights[n] * (values[n] - f[n])
        if n + 1 == len(o) or visits[n + 1] != visits[n]:
            if visits[n] >= 0:
                for m in range(first, n + 1):
                    f[m] += right / (weight + shift)
            first, weight, right = n + 1, 0.0, 0.0


@compiled
def _scale(values: Array, f: Array, weights: Array, prior: Array, out: Array, freedom: float) -> float:
    """How precise the user's events are, relative to others: the mean of its gamma posterior, errors of θ included."""
    total = 0.0
    for n in range(len(f)):
        total += weights[n] * (values[n] - f[n]) ** 2
    for i in range(len(prior[1])):
        total += 1.0 - prior[1, i] * out[1 + i, i]
    return (freedom + len(f)) / (freedom + total)


@compiled
def _respond(levels: Array, cuts: Array, f: Array, precisions: Array, out: tuple[Array, Array]) -> float:
    """Weights and working values of one Newton step on the log likelihood of ordered levels, of a noise of `precisions`.

    Returns the sum of the expected squares of the noise, in units of its variance.
    """
    weights, values = out
    squares = 0.0
    for n in range(len(f)):
        k, sharp = int(levels[n]), math.sqrt(precisions[n])
        high = min(max((cuts[k] - f[n]) * sharp, -FAR), FAR) if k < len(cuts) else FAR
        low = min(max((cuts[k - 1] - f[n]) * sharp, -FAR), FAR) if k > 0 else -FAR
        above, below = DENSITY * math.exp(-0.5 * high * high), DENSITY * math.exp(-0.5 * low * low)
        if low > 0.0:
            chance = 0.5 * (math.erfc(low / ROOT2) - math.erfc(high / ROOT2))
        else:
            chance = 0.5 * (math.erfc(-high / ROOT2) - math.erfc(-low / ROOT2))
        chance = max(chance, 1e-14)
        slope = (below - above) / chance
        lean = (high * above - low * below) / chance
        curve = min(max(slope * slope + lean, 0.05), 1.0)
        weights[n] = curve * precisions[n]
        values[n] = f[n] + slope / (curve * sharp)
        squares += 1.0 - lean
    return squares


@compiled
def _relax(scale: float, squares: float, size: int, prior: Array, out: Array, freedom: float) -> float:
    """The next estimate of a user's relative precision with ordered levels (an EM step), errors of θ included."""
    for i in range(len(prior[1])):
        squares += 1.0 - prior[1, i] * out[1 + i, i]
    return min(max((freedom + size) / (freedom + squares / scale), LEAST), MOST)


@compiled
def fold(
    batch: tuple[Array, Array, Array, Array],
    parts: Array,
    draw: tuple[float, float, Array, Array, Array, Array, Array],
    freedom: float,
    out: tuple[Array, Array, Array],
) -> None:
    """One draw of the model for every history of a batch.

    `batch`: bounds, items, values and visits of events. `parts`: (histories, 1 + factors), what set and attributes add
    up to. `draw`: bias, precision, item parts, item precisions, prior (mean and precision of θ), visit (mean and
    precision of a shift; precision 0: no visits), cut points (empty: normal noise). `out`: solutions (histories, 2 +
    factors, 1 + factors) with θ and its covariance, relative precisions (histories,), shifts (visits, 2) with mean
    and variance.
    """
    bounds, items, values, visits = batch
    bias, precision, item_parts, item_precisions, prior, visit, cuts = draw
    solutions, scales, shifts = out
    for r in range(len(scales)):
        here = slice(bounds[r], bounds[r + 1])
        size = bounds[r + 1] - bounds[r]
        x, o = np.empty((size, parts.shape[1])), np.empty(size)
        _terms(items[here], item_parts, parts[r], bias + visit[0], x, o)
        events = (x, o, visits[here])
        weights, wanted, f = np.empty(size), values[here].copy(), o.copy()
        scales[r] = 1.0
        noise = precision * item_precisions[items[here]]
        squares = 0.0
        for step in range(STEPS if len(cuts) else ROUNDS):
            if len(cuts):
                if step > 1:
                    scales[r] = _relax(scales[r], squares, size, prior, solutions[r], freedom)
                squares = _respond(values[here], cuts, f, noise * scales[r], (weights, wanted))
            else:
                if step > 0:
                    scales[r] = _scale(wanted, f, weights, prior, solutions[r], freedom)
                weights[:] = noise * scales[r]
            _solve(events, weights, wanted, prior, visit[1], solutions[r])
            _sums(events, weights, wanted, solutions[r, 0], visit[1], f)
        _shifts(events, weights, wanted, solutions[r, 0], visit, shifts)


@compiled
def _shifts(
    events: tuple[Array, Array, Array],
    weights: Array,
    values: Array,
    theta: Array,
    visit: Array,
    shifts: Array,
) -> None:
    """Mean and variance of the shift of each visit, its common mean included."""
    x, o, visits = events
    weight, right = 0.0, 0.0
    for n in range(len(o)):
        away = values[n] - o[n]
        for i in range(x.shape[1]):
            away -= x[n, i] * theta[i]
        weight += weights[n]
        right += weights[n] * away
        if n + 1 == len(o) or visits[n + 1] != visits[n]:
            if visits[n] >= 0:
                shifts[visits[n], 0] = visit[0] + right / (weight + visit[1])
                shifts[visits[n], 1] = 1.0 / (weight + visit[1])
            weight, right = 0.0, 0.0


@compiled
def pair_sums(
    pairs: tuple[Array, Array],
    item_parts: Array,
    bias: float,
    folded: tuple[Array, Array],
    found: tuple[Array, Array],
) -> None:
    """Sum without visit of each pair (history, item) and the variance that θ gives it, for one draw.

    `folded`: parts and solutions as in `fold`. `found`: sums and variances, (pairs,) each.
    """
    users, items = pairs
    parts, solutions = folded
    sums, variances = found
    size = parts.shape[1]
    x = np.ones(size)
    for n in range(len(users)):
        part, solution, row = parts[users[n]], solutions[users[n]], item_parts[items[n]]
        total = bias + part[0] + row[0] + solution[0, 0]
        for f in range(1, size):
            x[f] = row[f]
            total += (part[f] + solution[0, f]) * row[f]
        variance = 0.0
        for i in range(size):
            for j in range(size):
                variance += x[i] * x[j] * solution[1 + i, j]
        sums[n] = total
        variances[n] = variance
