"""How well a head answers held-out examples: 1 at best, higher is better. numpy only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Floats, Numbers


def ndcg(scores: Floats, target: Numbers, ignored: NDArray[np.bool_]) -> float:
    """Mean of 1 / log2(1 + rank) of the target among all columns, (rows, columns) scores; `ignored` ones do not count.

    Without a cut-off, because questions are few and a best state is chosen by it. Equal scores share their ranks.
    """
    rows = np.arange(len(target))
    own = scores[rows, target][:, None]
    others = ~ignored
    others[rows, target] = False
    above = ((scores > own) & others).sum(axis=1)
    equal = ((scores == own) & others).sum(axis=1)
    return float((1 / np.log2(2 + above + equal / 2)).mean())


def auc(scores: Floats, targets: Floats) -> float:
    """Chance that a one stands above a zero, equal scores half; .5 where one of the two is missing."""
    ones = targets > 0.5
    if ones.all() or not ones.any():
        return 0.5
    ranks = ranked(scores)
    size = int(ones.sum())
    return float((ranks[ones].sum() - size * (size + 1) / 2) / (size * (len(scores) - size)))


def ranked(values: Floats | NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1, equal values at their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse])


def spearman(first: Floats | NDArray[np.float64], second: Floats | NDArray[np.float64]) -> float:
    """Correlation of ranks; 0 where one side is constant."""
    a, b = ranked(first), ranked(second)
    a, b = a - a.mean(), b - b.mean()
    length = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b / length) if length > 0 else 0.0


def macro_f1(chances: Floats, targets: Floats) -> float:
    """Mean F1 over the labels that occur; a text with several labels is right where one of them is put first."""
    said = chances.argmax(axis=1)
    rows = np.arange(len(said))
    truth = np.where(targets[rows, said] > 0, said, targets.argmax(axis=1))
    scores = []
    for label in np.flatnonzero((targets > 0).any(axis=0)):
        right = int(((said == label) & (truth == label)).sum())
        wrong = int((said == label).sum()) + int((truth == label).sum())
        scores.append(2 * right / wrong if wrong else 0.0)
    return float(np.mean(scores)) if scores else 0.0


def explained(predicted: Floats, values: Floats) -> float:
    """Share of the variance explained (R squared): 0 for the mean, less for what is worse than it; 0 where the values do not differ."""
    spread = float(np.square(values - values.mean()).sum())
    return 1 - float(np.square(values - predicted).sum()) / spread if spread > 0 else 0.0
