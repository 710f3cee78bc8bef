"""How the stacker learns an order from lessons: forms are tried, the best is kept, its chances are calibrated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Floats, Numbers, Progress, Times, surely_better
from llm4rec.models.advice import Advice
from llm4rec.models.calibration import Calibration
from llm4rec.models.maps import part, under
from llm4rec.models.rankers import (
    Lessons,
    Ranker,
    TreeSettings,
    Weighted,
    final_trees,
    ranker_of,
    tree_trial,
    weighted_trial,
)

Form = Literal["auto", "trees", "linear", "base"]
CAUTION = 1.0
JUDGES = 50  # held-out questions that can decide
TEACHING = 10  # questions with a right answer among their candidates that trees need at least


@dataclass(frozen=True, eq=False)
class Order:
    """A learnt order of candidates: none keeps the base's. `trials`: NDCG@10 of each form on questions not seen."""

    form: Form = "base"
    ranker: Ranker | None = None
    calibration: Calibration | None = None
    trials: Mapping[str, float] = field(default_factory=dict)
    advice: Advice = field(default_factory=Advice)

    @classmethod
    def learn(
        cls,
        lessons: Lessons,
        form: Form,
        settings: TreeSettings,
        usual: float,
        progress: Progress,
        asked: Asked | None = None,
    ) -> Order:
        """Try the form asked for, or all ("auto": one that surely beats the simpler ones), by cross-validation.

        `usual` is how often a list of what is popular holds the next item; see `Calibration`. `asked` tells how many of the
        first questions are the ones held out; where there are enough of them they alone are the judges, and earlier
        ones only teach. What advisers said of candidates of held-out questions decides how much they count from then on.
        """
        asked = asked or Asked()
        own = asked.own
        values, rounds = _trials(lessons, form, settings, progress)
        judges = slice(own if own >= JUDGES else None)
        gains = {name: lessons.gains(value)[judges] for name, value in values.items()}
        best = form if form in gains else _surely_best(gains)
        ranker: Ranker | None = None
        if best == "trees":
            ranker = final_trees(lessons, settings, rounds)
        elif best == "linear":
            ranker = Weighted.learn(lessons, progress)
        calibration = None
        if lessons.hits.any():
            calibration = Calibration.learn(values[best], lessons.hits, lessons.bounds, usual)
        told = {name: float(found.mean()) for name, found in gains.items()}
        return cls(best, ranker, calibration, told, asked.learn(lessons, values[best]))

    def values(self, features: Floats, advice: Floats, bounds: Numbers) -> Times:
        """(candidates,): higher is better. `advice` has a column for each adviser that is kept."""
        own = features[:, 0].astype(np.float64) if self.ranker is None else self.ranker.predict(features)
        return self.advice.applied(own, advice, bounds)

    @property
    def looks_at(self) -> Numbers | None:
        """The columns of features that count; None: all may."""
        return np.zeros(1, np.int64) if self.ranker is None else self.ranker.looks_at

    @property
    def changes(self) -> bool:
        """Whether it is another order than the base's."""
        return self.ranker is not None or any(self.advice.weights.values())

    def __str__(self) -> str:
        told = ", ".join(f"{name} {value:.4f}" for name, value in self.trials.items())
        return f"order of candidates: {self.form} (NDCG@10 on questions not seen: {told})"

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays; trees as text in bytes."""
        ranker = {} if self.ranker is None else self.ranker.state()
        chances = {} if self.calibration is None else self.calibration.state()
        return under("ranker", ranker) | under("chances", chances) | under("advice", self.advice.state())

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]], form: Form, advisers: Sequence[str] = ()) -> Order:
        """The inverse of `state`; the trials are not in it."""
        calibration = Calibration.from_state(part("chances", state))
        advice = Advice.from_state(advisers, part("advice", state))
        return cls(form, ranker_of(part("ranker", state)), calibration, advice=advice)


@dataclass(frozen=True, eq=False)
class Asked:
    """The first `own` questions of lessons are held-out ones; `advice` (candidates of the first of them, advisers)."""

    own: int = 0
    names: Sequence[str] = ()
    advice: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    def learn(self, lessons: Lessons, values: Times) -> Advice:
        """How much each adviser counts, by the held-out questions that it was asked."""
        if not self.names:
            return Advice()
        size = len(self.advice)
        questions = int(np.searchsorted(lessons.bounds, size, side="right")) - 1
        some = lessons.take(np.arange(min(questions, self.own)))
        return Advice.learn(self.names, values[:size], self.advice, (some.bounds, some.gains))


def _trials(
    lessons: Lessons, form: Form, settings: TreeSettings, progress: Progress
) -> tuple[dict[str, Times], int]:
    """Values of all candidates by form, each question's by a ranker that has not seen it; and rounds for trees."""
    values: dict[str, Times] = {"base": lessons.features[:, 0].astype(np.float64)}
    rounds = settings.rounds
    if form in ("auto", "linear"):
        values["linear"] = weighted_trial(lessons, progress)
    if form in ("auto", "trees") and len(lessons.teaching()) >= TEACHING:
        values["trees"], rounds = tree_trial(lessons, settings, progress)
    return values, rounds


def _surely_best(gains: Mapping[str, Floats]) -> Form:
    best: Form = "base"
    forms: tuple[Form, ...] = ("linear", "trees")
    for name in forms:
        if name in gains and surely_better(gains[name], gains[best], CAUTION):
            best = name
    return best
