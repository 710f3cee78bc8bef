"""Which labelled rows are held out when, so that few labels are enough to fit, to calibrate and to choose. Fits nothing."""

from __future__ import annotations

import numpy as np

from llm4rec.core import Numbers


def stratified(labels: Numbers, folds: int, rng: np.random.Generator) -> Numbers:
    """The fold in which each row is held out, (rows,); -1: never.

    The rows of a class are dealt out evenly, so that every class is fitted on in every fold: a class with a single
    row is never held out. At most `folds`, and no more than the largest class has rows.
    """
    place = np.full(len(labels), -1, dtype=np.int64)
    turn = 0
    for each in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == each))
        if len(rows) > 1:
            # Each class goes on where the last one stopped, so that folds are of one size.
            place[rows] = (np.arange(len(rows)) + turn) % folds
            turn += len(rows)
    return place
