"""From the values that order candidates to chances that come true, by groups of ranks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Floats, Numbers, Times

GROUPS = (1, 2, 3, 5, 10, 20, 50)  # last rank of each group but the last, which has no end
SHRINK = 20.0  # right answers that the curve of all ranks is worth in a group of its own
LIST = 10


@dataclass(frozen=True, eq=False)
class Calibration:
    """Chance that a candidate is the one taken next: a logistic curve over its log share of the values, by rank group.

    The log share is value - log sum exp(values of the request). Calibrating on all items is wrong where it matters, at
    the top (Sato, RecSys 2024); hence groups. A group's curve is shrunk to that of all ranks (Platt 1999, with a prior).
    `usual` is how often the first ten of what is popular hold the next item.
    """

    curves: Times
    usual: float

    @classmethod
    def learn(cls, values: Times, hits: NDArray[np.bool_], bounds: Numbers, usual: float) -> Calibration:
        """From candidates of questions with known answers, ordered by values that have not seen those."""
        share, group = log_shares(values, bounds), groups_of(ranks_within(values, bounds))
        whole = _curve(share, hits, np.array([0.0, 1.0]), 1e-3)
        curves = [
            _curve(share[group == g], hits[group == g], whole, SHRINK) if (group == g).any() else whole
            for g in range(len(GROUPS) + 1)
        ]
        return cls(np.stack(curves), usual)

    def chances(self, values: Times, bounds: Numbers) -> Floats:
        """(candidates,): the chance of each to be taken next."""
        curve = self.curves[groups_of(ranks_within(values, bounds))]
        return _logistic(curve[:, 0] + curve[:, 1] * log_shares(values, bounds)).astype(np.float32)

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays."""
        return {"curves": self.curves, "usual": np.array([self.usual])}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Calibration | None:
        """The inverse of `state`; None where there was none."""
        return cls(state["curves"], float(state["usual"][0])) if "curves" in state else None


def ranks_within(values: Times, bounds: Numbers) -> Numbers:
    """Rank of each candidate among those of its request, 1 the highest value."""
    rows = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    order = np.lexsort((-values, rows))
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[order] = np.arange(len(values)) - bounds[rows[order]] + 1
    return ranks


def groups_of(ranks: Numbers) -> Numbers:
    """The number of each rank's group."""
    return np.searchsorted(np.array(GROUPS), ranks).astype(np.int64)


def log_shares(values: Times, bounds: Numbers) -> Times:
    """value - log sum exp of all values of the request."""
    rows = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    highest = np.full(len(bounds) - 1, -np.inf)
    np.maximum.at(highest, rows, values)
    total = np.bincount(rows, np.exp(values - highest[rows]), minlength=len(bounds) - 1)
    return np.asarray(values - highest[rows] - np.log(np.maximum(total, 1e-300))[rows])


def expected_error(chances: Floats, hits: NDArray[np.bool_], bins: int = 10) -> float:
    """Expected calibration error: mean distance of chance and share of hits, in bins of equally many (ECE)."""
    order = np.argsort(chances, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    gaps = [len(part) * abs(float(chances[part].mean()) - float(hits[part].mean())) for part in parts]
    return float(sum(gaps) / max(len(chances), 1))


def _logistic(x: Times) -> Times:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -40.0, 40.0))))


def _curve(x: Times, hits: NDArray[np.bool_], prior: Times, strength: float) -> Times:
    """Intercept and slope of a logistic regression, shrunk to `prior`; Newton's method."""
    design = np.stack([np.ones(len(x)), x], axis=1)
    scale = np.diag([1.0, max(float(x.var()), 1e-6)]) * strength * 0.25
    found = prior.copy()
    for _ in range(50):
        chance = _logistic(design @ found)
        gradient = design.T @ (hits - chance) - scale @ (found - prior)
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design + scale + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        found = found + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-8:
            break
    return found
