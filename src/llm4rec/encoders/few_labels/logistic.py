"""Multinomial logistic regression on vectors: the head that every few-label method here is built on. Knows no texts."""

from __future__ import annotations

from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, PositiveInt
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from llm4rec.core import Config, DataError, Floats, NotFittedError, Numbers

Doubles: TypeAlias = NDArray[np.float64]


class LogisticConfig(Config):
    """How strongly weights are held back (`reg`, as a number of rows) and how many steps may be taken."""

    reg: NonNegativeFloat = 10.0
    epochs: PositiveInt = 200


class Logistic:
    """p(class | x) = softmax(W x + b), by L-BFGS on mean cross-entropy + reg / (2 rows) |W - towards|^2.

    Columns are centred and all divided by one number, so that their mean variance is one and `reg` means the same
    for any encoder. `towards` (classes, width), weights for such columns, is where the weights stay without evidence,
    as from label prompts; zero unless given. Biases are free. Classes are numbers 0, 1, ..., each with a row.
    `notes_` says where `epochs` ended the search early.
    """

    def __init__(self, config: LogisticConfig | None = None, towards: Doubles | None = None) -> None:
        self.config = config or LogisticConfig()
        self.towards = towards

    def fit(self, vectors: Floats, labels: Numbers, sample_weight: Doubles | None = None) -> Self:
        """Learn; `vectors` (rows, width), `labels` (rows,), `sample_weight` (rows,), all one unless given."""
        classes, weight = checked_rows(vectors, labels, sample_weight)
        x = np.asarray(vectors, dtype=np.float64)
        self.mean_ = weight @ x / weight.sum()
        x = x - self.mean_
        spread = float(np.sqrt((weight @ (x * x)).mean() / weight.sum()))
        self.scale_ = spread if spread > 0 else 1.0
        x /= self.scale_
        goal = np.zeros((classes, x.shape[1])) if self.towards is None else self.towards
        if goal.shape != (classes, x.shape[1]):
            raise DataError(
                f"Logistic: towards is {goal.shape}, but {classes} classes have width {x.shape[1]}"
            )
        self.weights_, self.biases_, self.notes_ = _solved(x, labels, weight, goal, self.config)
        return self

    def logits(self, vectors: Floats) -> Doubles:
        """(rows, classes) log-odds, each row up to a constant."""
        if not hasattr(self, "weights_"):
            raise NotFittedError("Logistic needs fit first")
        x = (np.asarray(vectors, dtype=np.float64) - self.mean_) / self.scale_
        return np.asarray(x @ self.weights_.T + self.biases_)

    def predict_proba(self, vectors: Floats) -> Doubles:
        """(rows, classes), each row adding up to one."""
        return np.asarray(softmax(self.logits(vectors), axis=1))


def checked_rows(
    vectors: Floats, labels: Numbers, sample_weight: Doubles | None = None
) -> tuple[int, Doubles]:
    """How many classes there are, and the weights; DataError where rows, labels or weights cannot be learnt from."""
    if vectors.ndim != 2 or labels.shape != (len(vectors),) or len(vectors) == 0:
        raise DataError(f"vectors {vectors.shape} and labels {labels.shape} are not one row each, or none")
    if not np.isfinite(vectors).all():
        raise DataError("vectors are not all finite; look at the encoder, or encode again")
    if not np.issubdtype(labels.dtype, np.integer) or labels.min() < 0:
        raise DataError("labels are class numbers 0, 1, ...; number them first")
    missing = np.flatnonzero(np.bincount(labels) == 0)
    if len(missing) or labels.max() == 0:
        what = f"class {missing[0]} has no row" if len(missing) else "there is one class only"
        raise DataError(f"labels cannot be learnt from: {what}; number the classes without gaps, two or more")
    weight = np.ones(len(labels)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != labels.shape or not np.isfinite(weight).all() or weight.min() < 0 or not weight.any():
        raise DataError("weights of rows are finite, not negative, one a row, and not all zero")
    return int(labels.max()) + 1, weight


def _solved(
    x: Doubles, labels: Numbers, weight: Doubles, goal: Doubles, config: LogisticConfig
) -> tuple[Doubles, Doubles, tuple[str, ...]]:
    """Weights, biases and what to know; biases start at the log of the shares."""
    classes, width = goal.shape
    share = weight / weight.sum()
    hold = config.reg / weight.sum()
    truth = np.zeros((len(x), classes))
    truth[np.arange(len(x)), labels] = 1.0

    def loss(flat: Doubles) -> tuple[float, Doubles]:
        table = flat.reshape(classes, width + 1)
        logs = log_softmax(x @ table[:, :-1].T + table[:, -1], axis=1)
        away = table[:, :-1] - goal
        wrong = (np.exp(logs) - truth) * share[:, None]
        gradient = np.concatenate([wrong.T @ x + hold * away, wrong.sum(axis=0)[:, None]], axis=1)
        value = -share @ logs[np.arange(len(x)), labels] + 0.5 * hold * float((away * away).sum())
        return float(value), gradient.ravel()

    shares = np.maximum(share @ truth, 1e-12)
    start = np.concatenate([goal, np.log(shares)[:, None]], axis=1).ravel()
    found = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": config.epochs, "ftol": 1e-10, "gtol": 1e-6},
    )
    table = np.asarray(found.x).reshape(classes, width + 1)
    notes = () if found.success else (f"not at the optimum after {config.epochs} epochs; set more epochs",)
    return table[:, :-1], table[:, -1], notes
