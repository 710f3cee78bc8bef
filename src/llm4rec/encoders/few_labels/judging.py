"""How good and how honest probabilities of classes are: log-loss, calibration error, macro-F1, temperature. Learns no classifier.

Temperature scaling and the expected calibration error: Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern
Neural Networks", ICML 2017.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from llm4rec.core import DataError, Numbers

Doubles: TypeAlias = NDArray[np.float64]
# Small enough that what a far too sure classifier says can be cooled, large enough that a zero can be.
TINY = 1e-30
# exp of these: answers are sharpened or flattened by a factor of 20 at most.
COLDEST, HOTTEST = np.log(0.05), np.log(20.0)
AMOUNTS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25)


def log_loss(probabilities: Doubles, labels: Numbers) -> float:
    """Mean of -log p(label)."""
    chances = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(chances, TINY)).mean())


def macro_f1(labels: Numbers, answers: Numbers) -> float:
    """F1 averaged over the classes that occur in either, each counting the same whatever its size."""
    scores = []
    for each in np.union1d(labels, answers):
        right = int(((labels == each) & (answers == each)).sum())
        scores.append(2.0 * right / int((labels == each).sum() + (answers == each).sum()))
    return float(np.mean(scores))


def calibration_error(probabilities: Doubles, labels: Numbers, bins: int = 10) -> float:
    """Mean distance of confidence and share right, over equally wide bins of confidence, by rows."""
    sure = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    place = np.minimum((sure * bins).astype(np.int64), bins - 1)
    gap = np.bincount(place, weights=sure - right, minlength=bins)
    return float(np.abs(gap).sum() / len(labels))


def tempered(probabilities: Doubles, temperature: float) -> Doubles:
    """softmax(log p / temperature): above 1 less sure, below 1 surer; the order of classes stays."""
    return np.asarray(softmax(np.log(np.maximum(probabilities, TINY)) / temperature, axis=1))


def best_temperature(probabilities: Doubles, labels: Numbers) -> float:
    """The temperature of least log-loss on rows that were not fitted on, from .05 to 20."""
    if len(labels) == 0 or probabilities.shape[0] != len(labels):
        raise DataError(f"a temperature needs labels: {len(labels)} for {len(probabilities)} rows")
    logs = np.log(np.maximum(probabilities, TINY))
    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        return float(-log_softmax(logs / np.exp(log_temperature), axis=1)[rows, labels].mean())

    found = minimize_scalar(loss, bounds=(COLDEST, HOTTEST), method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x))


def evened(probabilities: Doubles, prior: Doubles, amount: float = 1.0) -> Doubles:
    """p / prior^amount, each row adding up to one: rare classes are answered more often; 1 answers as if all were as frequent.

    For figures that count every class the same, such as macro-F1 (logit adjustment: Menon et al., ICLR 2021).
    """
    moved = probabilities / prior**amount
    return np.asarray(moved / moved.sum(axis=1, keepdims=True))


def best_amount(
    probabilities: Doubles,
    labels: Numbers,
    prior: Doubles,
    figure: Callable[[Numbers, Numbers], float] = macro_f1,
) -> float:
    """The `amount` of `evened`, from 0 to 1.25, whose answers have the highest figure; the smallest of equals.

    Choose on rows that were not fitted on, such as `SelfTraining.held_`.
    """
    found = [figure(labels, evened(probabilities, prior, each).argmax(axis=1)) for each in AMOUNTS]
    return AMOUNTS[int(np.argmax(found))]
