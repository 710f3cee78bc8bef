"""A model of what a place brings, fitted so that no slate is predicted from its own person. Knows no policy."""

from __future__ import annotations

import numpy as np

from llm4rec.core import Numbers, Times
from llm4rec.core.errors import CannotSayError
from llm4rec.evaluation.offpolicy.slates import Slates
from llm4rec.evaluation.samples import people

RIDGE = 1.0
FEW = 20.0
"""Looks at an item that count as much as what its features say."""


def cross_fitted(slates: Slates, folds: int = 5) -> Times:
    """What each candidate is expected to bring at each place, (slates, places, candidates).

    A place's share (how much is taken there, whatever it is) times what the candidate is worth: ridge regression on its
    features, and what its own looks say beyond that, shrunk. Each fifth of the people is predicted from the others
    (cross-fitting: Chernozhukov et al. 2018), so that the doubly robust estimate stays unbiased.
    """
    if slates.columns is None or slates.items is None:
        raise CannotSayError("a reward model needs the candidates of each slate; log them, or use 'snips'")
    fold = people(slates.users) % folds
    found = np.zeros((len(slates), slates.places, slates.items.shape[1]))
    for part in range(folds):
        rows, rest = np.flatnonzero(fold == part), np.flatnonzero(fold != part)
        if len(rows):
            found[rows] = _predicted(slates, rest, rows)
    return np.where((slates.items >= 0)[:, None, :], found, 0.0)


def _predicted(slates: Slates, rest: Numbers, rows: Numbers) -> Times:
    """(rows, places, candidates) from the slates of `rest`."""
    assert slates.columns is not None
    assert slates.items is not None
    row, slot = np.nonzero(slates.filled[rest])
    row = rest[row]
    reward = slates.rewards[row, slot]
    seen = np.maximum(np.bincount(slot, minlength=slates.places), 1)
    mean = max(float(reward.mean()) if len(reward) else 0.0, 1e-12)
    share = np.bincount(slot, weights=reward, minlength=slates.places) / seen / mean
    column = slates.columns[row, slot]
    inputs = _inputs(slates, row, column) * share[slot, None]
    weight = np.linalg.solve(inputs.T @ inputs + RIDGE * np.eye(inputs.shape[1]), inputs.T @ reward)
    item, size = slates.items[row, column], int(slates.items.max()) + 1
    left = np.bincount(item, weights=share[slot] * (reward - inputs @ weight), minlength=size)
    own = left / (np.bincount(item, weights=np.square(share[slot]), minlength=size) + FEW)
    many = slates.items.shape[1]
    worth = _inputs(slates, np.repeat(rows, many), np.tile(np.arange(many), len(rows))) @ weight
    worth = worth.reshape(len(rows), many) + own[np.maximum(slates.items[rows], 0)]
    return np.asarray(share[None, :, None] * worth[:, None, :])


def _inputs(slates: Slates, row: Numbers, column: Numbers) -> Times:
    """A one and the features of some candidates, (some, 1 + width)."""
    ones = np.ones((len(row), 1))
    return ones if slates.features is None else np.hstack([ones, slates.features[row, column]])
