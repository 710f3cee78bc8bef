"""Choosing the weights of a blend on held-out questions. Knows nothing of what the parts are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from llm4rec.core import Floats, Holdout, Progress, gains, masked, silent, surely_better

ROWS = 64  # questions blended at once: a few megabytes, so that they stay in cache
CAUTION = 1.0  # a change must gain this many standard errors of its own difference


@dataclass
class Trial:
    """Z-scored scores of each part for some questions, and how good a weighted sum of them is."""

    questions: Holdout
    parts: dict[str, Floats] = field(default_factory=dict)
    k: int = 10

    def gains(self, weights: Mapping[str, float]) -> Floats:
        """NDCG@k of each question under these weights, (questions,)."""
        used = [(np.float32(w), self.parts[name]) for name, w in weights.items() if w and name in self.parts]
        results = []
        for start in range(0, len(self.questions), ROWS):
            rows = slice(start, start + ROWS)
            requests = self.questions.requests[rows]
            size = next(iter(self.parts.values())).shape[1]
            blended = np.zeros((len(requests), size), np.float32)
            for weight, part in used:
                blended += weight * part[rows]
            results.append(gains(masked(blended, requests), self.questions.targets[rows], self.k))
        return np.concatenate(results) if results else np.zeros(0, np.float32)

    def better(self, weights: Mapping[str, float], best: Floats, caution: float = CAUTION) -> Floats | None:
        """The gains under `weights` where they beat `best` by more than chance would explain; else None."""
        found = self.gains(weights)
        return found if surely_better(found, best, caution) else None


def choose_weights(
    trial: Trial,
    start: Mapping[str, float],
    grid: Sequence[float],
    fixed: Sequence[str] = (),
    caution: float = CAUTION,
    progress: Progress = silent,
) -> dict[str, float]:
    """Weights by coordinate search from `start`, two rounds over all parts but the `fixed` ones.

    A weight moves only when that gains more than `caution` standard errors: flat directions stay put.
    """
    weights = {name: weight for name, weight in start.items() if name in trial.parts}
    best = trial.gains(weights)
    names = [name for name in weights if name not in fixed]
    for name in progress([n for _ in range(2) for n in names], "choosing weights", 2 * len(names)):
        for value in grid:
            if value == weights[name]:
                continue
            found = trial.better({**weights, name: value}, best, caution)
            if found is not None:
                weights, best = {**weights, name: value}, found
    return weights
