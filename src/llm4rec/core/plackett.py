"""Plackett-Luce: orders drawn place by place, and the exact chance of what was drawn. Knows nothing of items.

Each place is drawn among what is left with chances proportional to exp(logit) (Luce 1959, Plackett 1975). What a live
loop logs and what an estimate divides by are computed here alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from llm4rec.core.arrays import Numbers, Times

STEP = 0.25  # of the sum over log time; it converges faster than any power of it
FAR = 25.0  # e-folds before the first arrival at which nothing has come yet


def next_chances(logits: NDArray[np.floating], free: NDArray[np.bool_]) -> Times:
    """The chance of each candidate at the next place among those that are `free`, (rows, candidates).

    A row with nothing left is all zeros.
    """
    open_to = np.where(free, logits, -np.inf).astype(np.float64)
    highest = np.where(
        free.any(axis=1, keepdims=True), open_to.max(axis=1, keepdims=True, initial=-np.inf), 0.0
    )
    weight = np.where(free, np.exp(np.where(free, open_to - highest, 0.0)), 0.0)
    return np.asarray(weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-300))


def drawn_places(logits: NDArray[np.floating], n: int, rng: np.random.Generator) -> Numbers:
    """The first n places of an order drawn for each row: column numbers (rows, n), -1 where candidates run out.

    One draw of Gumbel noise and a sort (Yellott 1977), which is the same as drawing place by place. A logit of -inf is
    no candidate.
    """
    noisy = np.asarray(logits, dtype=np.float64) + rng.gumbel(size=logits.shape)
    order = np.argsort(-noisy, axis=1, kind="stable")[:, :n]
    places = np.where(np.isneginf(np.take_along_axis(noisy, order, axis=1)), -1, order)
    short = n - places.shape[1]
    return np.pad(places, ((0, 0), (0, max(short, 0))), constant_values=-1).astype(np.int64)


def following_chances(logits: NDArray[np.floating], places: Numbers) -> Times:
    """The chance of every candidate at each place given the columns shown before it, (rows, places, candidates)."""
    free = ~np.isneginf(logits)
    found = np.zeros((*places.shape, logits.shape[1]))
    for slot in range(places.shape[1]):
        found[:, slot] = next_chances(logits, free)
        rows = np.flatnonzero(places[:, slot] >= 0)
        free[rows, places[rows, slot]] = False
    return found


def slot_chances(logits: NDArray[np.floating], places: Numbers) -> Times:
    """The chance with which each shown column came to its place given those before it, (rows, places); 1 where empty."""
    return taken(following_chances(logits, places), places)


def place_chances(logits: NDArray[np.floating], n: int) -> Times:
    """The chance of every candidate at each of the first n places, whatever stands before: (rows, n, candidates).

    Candidates arrive at exponential times of rate exp(logit); the s-th arrival takes place s. So the chance is the
    integral over the time of a candidate's arrival of the chance that s others came before (a Poisson binomial), summed
    by the trapezoidal rule over log time: exact to about 1e-9, where enumeration would need all permutations.
    """
    rows, many = logits.shape
    found = np.zeros((rows, n, many))
    for row in range(rows):
        there = np.flatnonzero(~np.isneginf(logits[row]))
        if len(there):
            found[row][:, there] = _one(np.asarray(logits[row, there], dtype=np.float64), n)
    return found


def taken(over: Times, places: Numbers) -> Times:
    """Of (rows, places, candidates) the entries of the columns shown, (rows, places); 1 where a place is empty."""
    found = np.take_along_axis(over, np.maximum(places, 0)[:, :, None], axis=2)[:, :, 0]
    return np.asarray(np.where(places >= 0, found, 1.0))


def _one(logits: Times, n: int) -> Times:
    """`place_chances` of one row without padding, (n, candidates)."""
    logits = logits - logits.max()
    times = np.arange(-FAR, 5.0 - logits.min(), STEP)
    moment = np.exp(
        np.minimum(times[:, None] + logits, 700.0)
    )  # expected arrivals so far, (times, candidates)
    come, not_yet = -np.expm1(-moment), np.exp(-moment)
    others = _others(come, not_yet, n)
    return np.asarray(np.einsum("tm,tms->sm", moment * not_yet * STEP, others))


def _others(come: Times, not_yet: Times, n: int) -> Times:
    """The chance that s of the others have come, (times, candidates, n), from counts before and behind each one.

    Taking one out by division would be unstable where it has surely come.
    """
    times, many = come.shape
    before, behind = np.zeros((many, times, n)), np.zeros((many, times, n))
    before[0, :, 0] = behind[-1, :, 0] = 1.0
    for one in range(1, many):
        before[one] = _with(before[one - 1], come[:, one - 1], not_yet[:, one - 1])
        behind[-1 - one] = _with(behind[-one], come[:, -one], not_yet[:, -one])
    found = np.zeros((times, many, n))
    for s in range(n):
        for left in range(s + 1):
            found[:, :, s] += (before[:, :, left] * behind[:, :, s - left]).T
    return found


def _with(counts: Times, come: Times, not_yet: Times) -> Times:
    """Chances of 0, 1, … arrivals with one candidate more."""
    more = counts * not_yet[:, None]
    more[:, 1:] += counts[:, :-1] * come[:, None]
    return more
