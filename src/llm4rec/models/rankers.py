"""How a stacker orders candidates by their features: boosted trees or a weighted sum. Makes no features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Floats, Numbers, Progress, Times, surely_better
from llm4rec.models.slates import slate_gains

FOLDS = 3
STEPS = (-0.4, -0.2, -0.1, -0.05, 0.05, 0.1, 0.2, 0.4)
CAUTION = 0.5


@dataclass(frozen=True, eq=False)
class Lessons:
    """Candidates of questions with known answers: features (candidates, columns), which are right, and where each
    question begins. `answers` counts all right answers of a question."""

    features: Floats
    hits: NDArray[np.bool_]
    bounds: Numbers
    answers: Numbers

    @classmethod
    def none(cls, columns: int) -> Lessons:
        """No questions."""
        nothing = np.zeros(0, dtype=np.int64)
        return cls(np.zeros((0, columns), np.float32), np.zeros(0, bool), np.zeros(1, np.int64), nothing)

    def followed_by(self, other: Lessons) -> Lessons:
        """Both, one behind the other."""
        return Lessons(
            np.concatenate([self.features, other.features]),
            np.concatenate([self.hits, other.hits]),
            np.concatenate([self.bounds, self.bounds[-1] + other.bounds[1:]]),
            np.concatenate([self.answers, other.answers]),
        )

    def __len__(self) -> int:
        return len(self.answers)

    def take(self, questions: Numbers) -> Lessons:
        """Some of the questions."""
        rows = self.places(questions)
        bounds = np.concatenate([[0], np.cumsum(np.diff(self.bounds)[questions])])
        return Lessons(self.features[rows], self.hits[rows], bounds, self.answers[questions])

    def places(self, questions: Numbers) -> Numbers:
        """The candidates of some questions, in the order of those."""
        sizes = np.diff(self.bounds)[questions]
        starts = np.repeat(self.bounds[questions] - np.cumsum(sizes) + sizes, sizes)
        return np.asarray(starts + np.arange(len(starts)), dtype=np.int64)

    def teaching(self) -> Lessons:
        """The questions that have a right answer among their candidates: the others teach no order."""
        has = np.add.reduceat(np.append(self.hits, False), self.bounds[:-1]) > 0
        return self.take(np.flatnonzero(has & (np.diff(self.bounds) > 0)))

    def gains(self, values: Times) -> Floats:
        """NDCG@10 of each question when its candidates are ordered by `values`."""
        return slate_gains(values, self.hits, self.bounds, self.answers)


class Ranker(Protocol):
    """Orders candidates by their features."""

    @property
    def looks_at(self) -> Numbers | None:
        """The columns that count; None: all may."""
        ...

    def predict(self, features: Floats) -> Times: ...
    def state(self) -> dict[str, NDArray[Any]]: ...


@dataclass(frozen=True)
class TreeSettings:
    """Settings of the boosted trees."""

    rounds: int = 300
    learning_rate: float = 0.05
    leaves: int = 31
    min_leaf: int = 50
    seed: int = 0


class Trees:
    """LambdaMART (Burges 2010) by LightGBM (Ke et al., NIPS 2017)."""

    looks_at: Numbers | None = None

    def __init__(self, model: str) -> None:
        self._model = model
        self._booster: Any = None

    @classmethod
    def learn(
        cls, lessons: Lessons, settings: TreeSettings, valid: Lessons | None = None
    ) -> tuple[Trees, int]:
        """Trees, and how many rounds they took: `settings.rounds`, or where `valid` stopped improving."""
        import lightgbm

        sets = [_table(part) for part in (lessons, valid) if part is not None]
        stop: list[Any] = [lightgbm.early_stopping(30, verbose=False)] if valid is not None else []
        booster = lightgbm.train(
            _parameters(settings), sets[0], settings.rounds, valid_sets=sets[1:], callbacks=stop
        )
        rounds = booster.best_iteration if valid is not None else settings.rounds
        return cls(booster.model_to_string(num_iteration=rounds)), max(int(rounds), 1)

    def predict(self, features: Floats) -> Times:
        """(candidates,): higher is better."""
        import lightgbm

        if self._booster is None:
            self._booster = lightgbm.Booster(model_str=self._model)
        if not len(features):
            return np.zeros(0)
        return np.asarray(self._booster.predict(features), dtype=np.float64)

    def importance(self) -> Floats:
        """(columns,): each feature's share of what the splits gained."""
        import lightgbm

        gain = lightgbm.Booster(model_str=self._model).feature_importance("gain")
        return np.asarray(gain / max(float(gain.sum()), 1e-9), dtype=np.float32)

    def state(self) -> dict[str, NDArray[Any]]:
        """The trees as text, in bytes."""
        return {"trees": np.frombuffer(self._model.encode(), dtype=np.uint8)}


def _table(lessons: Lessons) -> Any:
    import lightgbm

    return lightgbm.Dataset(
        lessons.features,
        label=lessons.hits.astype(np.int8),
        group=np.diff(lessons.bounds),
        free_raw_data=True,
    )


def _parameters(settings: TreeSettings) -> dict[str, Any]:
    return {
        "objective": "lambdarank",
        "metric": "ndcg",
        "ndcg_eval_at": [10],
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.leaves,
        "min_data_in_leaf": settings.min_leaf,
        "feature_fraction": 0.8,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambdarank_truncation_level": 20,
        "seed": settings.seed,
        "deterministic": True,
        "force_row_wise": True,
        "verbose": -1,
    }


class Weighted:
    """A weighted sum of standardised features: U.V + X theta + f_LM + b, one weight a term."""

    def __init__(self, weights: Times, centre: Times, spread: Times) -> None:
        self.weights, self.centre, self.spread = weights, centre, spread

    @classmethod
    def learn(cls, lessons: Lessons, progress: Progress) -> Weighted:
        """Coordinate search for NDCG@10 from the base alone (column 0), each step by more than chance.

        Missing values count as the mean.
        """
        known = np.nan_to_num(lessons.features, nan=0.0)
        centre, spread = known.mean(axis=0, dtype=np.float64), known.std(axis=0, dtype=np.float64)
        weights = np.zeros(known.shape[1])
        weights[0] = 1.0
        standard = np.asarray((known - centre) / np.maximum(spread, 1e-9), dtype=np.float32)
        standard[:, spread <= 0] = 0.0
        values, best = standard[:, 0].astype(np.float64), None
        best = lessons.gains(values)
        moving = [c for c in range(1, known.shape[1]) if spread[c] > 0]
        for column in progress([c for _ in range(2) for c in moving], "weighing features", 2 * len(moving)):
            step = _best_step(lessons, values, standard[:, column], best)
            if step is not None:
                weights[column] += step[0]
                values, best = values + step[0] * standard[:, column], step[1]
        return cls(weights, centre, spread)

    def predict(self, features: Floats) -> Times:
        """(candidates,): higher is better."""
        own = self.looks_at
        known = np.nan_to_num(features[:, own].astype(np.float64), nan=0.0)
        scaled = (known - self.centre[own]) / np.maximum(self.spread[own], 1e-9)
        return np.asarray(scaled @ self.weights[own])

    @property
    def looks_at(self) -> Numbers:
        """The columns that have a weight and tell candidates apart."""
        return np.flatnonzero((self.weights != 0) & (self.spread > 0))

    def state(self) -> dict[str, NDArray[Any]]:
        """Weights, centre and spread by feature."""
        return {"weights": self.weights, "centre": self.centre, "spread": self.spread}


def _best_step(lessons: Lessons, values: Times, column: Floats, best: Floats) -> tuple[float, Floats] | None:
    """The step along one feature with the highest gain, where that is more than chance would explain."""
    found: tuple[float, Floats] | None = None
    for step in STEPS:
        gains = lessons.gains(values + step * column)
        if found is None or gains.mean() > found[1].mean():
            found = step, gains
    assert found is not None
    return found if surely_better(found[1], best, CAUTION) else None


def ranker_of(state: Mapping[str, NDArray[Any]]) -> Ranker | None:
    """The ranker of a state; None where there was none."""
    if "trees" in state:
        return Trees(np.asarray(state["trees"], dtype=np.uint8).tobytes().decode())
    if "weights" in state:
        return Weighted(state["weights"], state["centre"], state["spread"])
    return None


def tree_trial(lessons: Lessons, settings: TreeSettings, progress: Progress) -> tuple[Times, int]:
    """Values of all candidates under trees that never saw their question, and the median number of rounds."""
    values, rounds = np.zeros(len(lessons.features)), []
    for mine, others in progress(_folds(len(lessons)), "trying trees", FOLDS):
        theirs = lessons.take(others)
        valid, rest = _split_off(theirs)
        trees, took = Trees.learn(rest.teaching(), settings, valid.teaching())
        values[lessons.places(mine)] = trees.predict(lessons.take(mine).features)
        rounds.append(took)
    return values, int(np.median(rounds))


def weighted_trial(lessons: Lessons, progress: Progress) -> Times:
    """Values of all candidates under weights that never saw their question."""
    values = np.zeros(len(lessons.features))
    for mine, others in _folds(len(lessons)):
        weighted = Weighted.learn(lessons.take(others), progress)
        values[lessons.places(mine)] = weighted.predict(lessons.take(mine).features)
    return values


def _folds(questions: int) -> list[tuple[Numbers, Numbers]]:
    fold = np.random.default_rng(0).permutation(questions) % FOLDS
    return [(np.flatnonzero(fold == n), np.flatnonzero(fold != n)) for n in range(FOLDS)]


def _split_off(lessons: Lessons) -> tuple[Lessons, Lessons]:
    """A fifth of the questions for stopping, and the rest."""
    own = np.random.default_rng(1).permutation(len(lessons)) % 5 == 0
    return lessons.take(np.flatnonzero(own)), lessons.take(np.flatnonzero(~own))


def final_trees(lessons: Lessons, settings: TreeSettings, rounds: int) -> Trees:
    """Trees on all questions, with as many rounds as the trials took on the part that they saw."""
    return Trees.learn(lessons.teaching(), replace(settings, rounds=rounds))[0]
