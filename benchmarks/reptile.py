"""Reptile (Nichol, Achiam & Schulman 2018): a scorer whose starting weights are learnt for a few steps of gradient.

A baseline, not part of the product. Items are the vectors of `als` with their popularity; the scorer is linear or has one
hidden layer, its loss the cross-entropy of a person's items among all of the catalog.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from llm4rec.core import Dataset, FitContext, Floats, Numbers, Request
from llm4rec.models.als import Als, AlsConfig
from llm4rec.models.episodes import LENGTHS, NEXT, Episodes
from llm4rec.models.tuning import quality

Weights = list[Floats]
EPOCHS = 4
OUTER = 0.1  # falls to 0 along a line
HIDDEN = (0, 16)
RATES = (0.03, 0.1, 0.3, 1.0)  # of the inner steps
STEPS = (1, 3, 5, 10)  # inner steps for a new person
INNER = 5  # inner steps while learning


@dataclass
class Reptile:
    """Learns `start`; a person's scorer is `steps` steps away from it."""

    hidden: int = 0
    rate: float = 0.1
    steps: int = INNER

    def fit(self, dataset: Dataset) -> Reptile:
        """Learn the start from everybody: a task is somebody's first events, as long as those that are asked about."""
        rng = np.random.default_rng(0)
        self.items = _described(dataset)
        self.start = self._begun(rng)
        people = np.flatnonzero(np.diff(dataset.offsets) > 1)
        rounds = [user for _ in range(EPOCHS) for user in rng.permutation(people)]
        for place, user in enumerate(rounds):
            taken = dataset.history(int(user)).liked[: rng.choice(LENGTHS) + NEXT]
            adapted = self._adapted(taken, INNER)
            outer = np.float32(OUTER * (1 - place / len(rounds)))
            self.start = [old + outer * (new - old) for old, new in zip(self.start, adapted, strict=True)]
        return self

    def _begun(self, rng: np.random.Generator) -> Weights:
        width = self.items.shape[1]
        if not self.hidden:
            return [np.zeros(width, np.float32)]
        into = rng.standard_normal((width, self.hidden)) / width**0.5
        return [into.astype(np.float32), np.zeros(self.hidden, np.float32)]

    def _adapted(self, taken: Numbers, steps: int) -> Weights:
        """The weights after some steps of gradient on what was taken."""
        wanted = np.bincount(taken, minlength=len(self.items)).astype(np.float32) / max(len(taken), 1)
        weights = self.start
        for _ in range(steps):
            slopes = self._slopes(weights, wanted)
            weights = [
                own - np.float32(self.rate) * slope for own, slope in zip(weights, slopes, strict=True)
            ]
        return weights

    def _slopes(self, weights: Weights, wanted: Floats) -> Weights:
        """The gradient of the cross-entropy."""
        scores = self._scores(weights)
        chance = np.exp(scores - scores.max())
        error = chance / chance.sum() - wanted
        if not self.hidden:
            return [self.items.T @ error]
        seen = self.items @ weights[0]
        back = error[:, None] * weights[1] * (seen > 0)
        return [self.items.T @ back, np.maximum(seen, 0).T @ error]

    def _scores(self, weights: Weights) -> Floats:
        first = self.items @ weights[0]
        return np.asarray(np.maximum(first, 0) @ weights[1] if self.hidden else first)

    def score(self, requests: Sequence[Request], items: Numbers | None = None) -> Floats:
        """(requests, items)."""
        rows = [self._scores(self._adapted(r.history.liked, self.steps)) for r in requests]
        found = np.array(rows, dtype=np.float32).reshape(len(requests), len(self.items))
        return found if items is None else found[:, items]


def tuned(dataset: Dataset) -> tuple[Reptile, dict[str, Any]]:
    """Reptile with hidden layer, rate and steps chosen on people held out of `dataset`, fitted on all of it."""
    episodes = Episodes.drawn(dataset, np.random.default_rng(0))
    found: list[tuple[float, Reptile]] = []
    for hidden, rate in product(HIDDEN, RATES):
        learnt = Reptile(hidden, rate).fit(episodes.left)
        for learnt.steps in STEPS:
            value = np.mean([quality(learnt, holdout) for holdout in episodes.asked.values()])
            found.append((float(value), replace(learnt)))
    best = max(found, key=lambda pair: pair[0])[1]
    return best.fit(dataset), {"hidden": best.hidden, "rate": best.rate, "steps": best.steps}


def again(dataset: Dataset, chosen: dict[str, Any]) -> tuple[Reptile, dict[str, Any]]:
    """Reptile with what was chosen on other data."""
    return Reptile(**chosen).fit(dataset), chosen


def _described(dataset: Dataset) -> Floats:
    """(items, width + 2): vectors of length one on average, standardised log of popularity, 1."""
    vectors = Als(AlsConfig(embedding_size=64, tune=False)).fit(dataset, FitContext()).item_vectors()
    vectors = vectors / np.sqrt((vectors**2).sum(axis=1).mean())
    fame = np.log1p(dataset.counts)
    fame = (fame - fame.mean()) / max(float(fame.std()), 1e-6)
    return np.column_stack([vectors, fame, np.ones(len(vectors))]).astype(np.float32)
