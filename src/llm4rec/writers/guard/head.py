"""Harmful content by vectors: one linear classifier a category, its threshold at a wanted recall. Reads no text itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt
from scipy.optimize import minimize
from scipy.special import expit

from llm4rec.core import Config, DataError, Floats, NotFittedError
from llm4rec.core.harm import HARMS

Learner = Callable[[Floats, NDArray[np.bool_]], tuple[NDArray[np.float64], float]]
"""Vectors (rows, width) and yes or no (rows,) into weights (width,) and a bias, whose sum is the log-odds of yes."""


class HeadConfig(Config):
    """Weights held back by `reg` rows; the threshold finds `recall` of the examples; fewer than `least` teach nothing."""

    reg: PositiveFloat = 1.0
    recall: float = Field(0.95, gt=0.0, le=1.0)
    least: PositiveInt = 8
    folds: PositiveInt = 5


class HarmHead:
    """log-odds(category | x) = w x + b, one against the rest, by L-BFGS, rows of each side weighing the same in all.

    The threshold of a category is the `1 - recall` quantile of the scores of its examples by models that have not seen them.
    A category with fewer than `least` examples is not learnt and never found; `notes_` says so.
    """

    def __init__(self, config: HeadConfig | None = None, learner: Learner | None = None) -> None:
        self.config = config or HeadConfig()
        self.learner = learner or self._logistic

    def fit(self, vectors: Floats, labels: Sequence[Sequence[str]]) -> Self:
        """Learn; `vectors` (rows, width), `labels` the categories of each row, none for harmless ones."""
        strange = {one for row in labels for one in row} - set(HARMS)
        if strange:
            raise DataError(f"labels {sorted(strange)} are no categories; they are: {', '.join(HARMS)}")
        if len(vectors) != len(labels) or not len(vectors) or not np.isfinite(vectors).all():
            raise DataError(f"{len(vectors)} vectors and {len(labels)} labels: one finite row each is needed")
        width = vectors.shape[1]
        self.weights_ = np.zeros((len(HARMS), width))
        self.biases_ = np.full(len(HARMS), -1.0)
        notes = []
        for place, name in enumerate(HARMS):
            yes = np.array([name in row for row in labels], dtype=bool)
            if min(yes.sum(), (~yes).sum()) < self.config.least:
                notes.append(f"{name}: {int(yes.sum())} examples are too few to learn from")
                continue
            unseen = self._unseen(vectors, yes)
            weights, bias = self.learner(vectors, yes)
            limit = float(np.quantile(unseen[yes], 1.0 - self.config.recall))
            self.weights_[place], self.biases_[place] = weights, bias - limit
        self.notes_ = tuple(notes)
        return self

    def judge(self, vectors: Floats) -> NDArray[np.bool_]:
        """(rows, HARMS): which vector is of which category."""
        if not hasattr(self, "weights_"):
            raise NotFittedError("HarmHead needs fit first")
        return np.asarray(vectors @ self.weights_.T + self.biases_ >= 0.0)

    def state(self) -> dict[str, NDArray[Any]]:
        """What was learnt, as arrays."""
        return {"weights": self.weights_, "biases": self.biases_}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """The inverse of `state`."""
        head = cls()
        head.weights_, head.biases_, head.notes_ = state["weights"], state["biases"], ()
        return head

    def _unseen(self, vectors: Floats, yes: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Scores of all rows by models that were fitted without them; every fold has its share of both sides."""
        scores = np.zeros(len(yes))
        fold = np.zeros(len(yes), dtype=np.int64)
        for side in (yes, ~yes):
            fold[side] = np.arange(side.sum()) % self.config.folds
        for number in np.unique(fold):
            left_out = fold == number
            if not left_out.all():
                weights, bias = self.learner(vectors[~left_out], yes[~left_out])
                scores[left_out] = vectors[left_out] @ weights + bias
        return scores

    def _logistic(self, vectors: Floats, yes: NDArray[np.bool_]) -> tuple[NDArray[np.float64], float]:
        x, signs = np.asarray(vectors, np.float64), np.where(yes, 1.0, -1.0)
        share = np.where(yes, 0.5 / yes.sum(), 0.5 / (~yes).sum())
        hold = self.config.reg / len(x)

        def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            margin = signs * (x @ flat[:-1] + flat[-1])
            pull = -share * signs * expit(-margin)
            value = float(share @ np.logaddexp(0.0, -margin)) + 0.5 * hold * float(flat[:-1] @ flat[:-1])
            return value, np.append(pull @ x + hold * flat[:-1], pull.sum())

        found = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B").x
        return found[:-1], float(found[-1])
