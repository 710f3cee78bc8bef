"""Which unlabelled rows get a pseudo-label: the surest ones, class by class, in the shares of the labelled. Fits nothing.

A threshold of each class by its share: Zou et al., "Unsupervised Domain Adaptation for Semantic Segmentation via
Class-Balanced Self-Training", ECCV 2018.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Numbers

Doubles: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Chosen:
    """Rows with their pseudo-labels; the lowest confidence taken of each class (inf: none) and how many of each."""

    rows: Numbers
    labels: Numbers
    thresholds: Doubles
    counts: Numbers


def shares(labels: Numbers, classes: int) -> Doubles:
    """The share of each class, one row added to each so that none is zero."""
    counts = np.bincount(labels, minlength=classes) + 1.0
    return np.asarray(counts / counts.sum())


def choose(probabilities: Doubles, prior: Doubles, confidence: float, least: float) -> Chosen:
    """The rows whose best class is sure enough, so that the classes stand in the shares of `prior`.

    As many rows as reach `confidence` in their best class are shared out among the classes by `prior`. A class with
    more such rows than its quota takes the surest; a class with fewer fills up with its surest below `confidence`,
    never below `least`. With `least` = `confidence` nothing below is taken, and a class may fall short of its share.
    """
    classes = probabilities.shape[1]
    best = probabilities.argmax(axis=1)
    sure = probabilities.max(axis=1)
    total = int((sure >= confidence).sum())
    # A class that occurs is not rounded away as long as anything is taken at all.
    quotas = np.ceil(prior * total - 1e-9).astype(np.int64)
    rows, thresholds = [], np.full(classes, np.inf)
    for each in range(classes):
        mine = np.flatnonzero((best == each) & (sure >= least))
        mine = mine[np.argsort(-sure[mine], kind="stable")][: quotas[each]]
        if len(mine):
            thresholds[each] = sure[mine[-1]]
        rows.append(mine)
    taken = np.sort(np.concatenate(rows)).astype(np.int64)
    labels = best[taken].astype(np.int64)
    return Chosen(taken, labels, thresholds, np.bincount(labels, minlength=classes).astype(np.int64))
