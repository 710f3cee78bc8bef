"""Self-training: a classifier teaches itself from unlabelled vectors, as long as held-out labels say that it helps.

Pseudo-labels: Lee, ICML workshop 2013; only above a confidence: Sohn et al., "FixMatch", NeurIPS 2020. Each round is
judged and calibrated on labels that its classifiers did not see; what does not help is taken back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol, Self, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, PositiveFloat, model_validator

from llm4rec.core import Config, DataError, Floats, NotFittedError, Numbers
from llm4rec.encoders.few_labels.balance import Chosen, choose, shares
from llm4rec.encoders.few_labels.folds import stratified
from llm4rec.encoders.few_labels.judging import best_temperature, log_loss, tempered
from llm4rec.encoders.few_labels.logistic import Logistic, checked_rows

Doubles: TypeAlias = NDArray[np.float64]
Chance = Annotated[float, Field(gt=0.0, le=1.0)]
Held = tuple[Floats, Numbers]


@runtime_checkable
class Classifier(Protocol):
    """Learns classes of vectors. Weights of rows come third, as in scikit-learn, whose classifiers fit in here."""

    def fit(self, vectors: Any, labels: Any, sample_weight: Any = None, /) -> Any:
        """Learn from (rows, width), class numbers (rows,) and weights (rows,)."""
        ...

    def predict_proba(self, vectors: Any, /) -> Any:
        """(rows, classes), each row adding up to one."""
        ...


class SelfTrainingConfig(Config):
    """How much is learnt from rows without a label.

    confidence  least calibrated probability of a pseudo-label
    least       how far the threshold of a class may fall that would stay below its share of the labelled
    rounds      most rounds; 0 is the supervised classifier, calibrated
    weight      of all pseudo-labels together, where all true labels together count 1
    folds       in which labels are held out in turn; not used where held-out labels are given
    """

    confidence: Chance = 0.95
    least: Chance = 0.7
    rounds: NonNegativeInt = 4
    weight: PositiveFloat = 1.0
    folds: Annotated[int, Field(ge=2)] = 5

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.least > self.confidence:
            raise ValueError(f"least = {self.least} is above confidence = {self.confidence}")
        return self


@dataclass(frozen=True)
class Round:
    """One round: pseudo-labels learnt from and the lowest confidence of each class, then how it did on held-out labels."""

    number: int
    pseudo: int
    counts: tuple[int, ...]
    thresholds: tuple[float, ...]
    temperature: float
    loss: float

    def __str__(self) -> str:
        return (
            f"round {self.number}: {self.pseudo} pseudo-labels {list(self.counts)}, "
            f"temperature {self.temperature:.2f}, held-out log-loss {self.loss:.4f}"
        )


@dataclass
class _Chain:
    """The rows one classifier learns from: its labelled ones, and what it has chosen itself."""

    rows: Numbers
    chosen: Chosen | None = None
    model: Classifier | None = field(default=None, repr=False)


class SelfTraining:
    """A classifier fitted on labelled vectors and on the surest of the unlabelled; probabilities are calibrated.

    Every fold trains itself apart from its held-out labels, through all rounds, so that these judge fairly; one more
    classifier does the same with all labels. The round of least held-out log-loss is kept, which may be round 0,
    the supervised classifier. Costs (folds + 1) x (rounds + 1) fits at most. `held_` are the calibrated probabilities
    of held-out rows and their labels in that round, `rounds_` what happened, `notes_` what to know.
    """

    def __init__(
        self,
        config: SelfTrainingConfig | None = None,
        make: Callable[[], Classifier] = Logistic,
    ) -> None:
        self.config = config or SelfTrainingConfig()
        self.make = make

    def fit(
        self,
        vectors: Floats,
        labels: Numbers,
        unlabelled: Floats,
        rng: np.random.Generator,
        held: Held | None = None,
    ) -> Self:
        """Learn; `held` are vectors and labels to calibrate and choose on, in place of folds. DataError: nothing to hold out."""
        self.classes_, _ = checked_rows(vectors, labels)
        if unlabelled.ndim != 2 or unlabelled.shape[1:] != vectors.shape[1:]:
            raise DataError(f"unlabelled vectors are {unlabelled.shape}, labelled ones {vectors.shape}")
        chains, asked = self._chains(labels, rng, held)
        self.rounds_: tuple[Round, ...] = ()
        best: tuple[Classifier, float] | None = None
        for number in range(self.config.rounds + 1):
            for chain in chains:
                chain.model = self._fitted(chain, vectors, labels, unlabelled)
            out = self._held_out(chains, vectors, labels, asked, held)
            found = _judged(number, chains[-1].chosen, *out)
            better = not self.rounds_ or found.loss < min(r.loss for r in self.rounds_)
            self.rounds_ += (found,)
            if better:
                best = _model(chains[-1]), found.temperature
                self.held_ = tempered(out[0], found.temperature), out[1]
            elif number:
                break
            if number < self.config.rounds and not self._choose(chains, labels, unlabelled, found):
                break
        assert best is not None
        self.model_, self.temperature_ = best
        self.chosen_ = min(self.rounds_, key=lambda r: r.loss)
        self.notes_ = self._notes()
        return self

    def predict_proba(self, vectors: Floats) -> Doubles:
        """(rows, classes), calibrated."""
        if not hasattr(self, "model_"):
            raise NotFittedError("SelfTraining.predict_proba needs fit first")
        return tempered(self._asked(self.model_, vectors), self.temperature_)

    def _chains(
        self, labels: Numbers, rng: np.random.Generator, held: Held | None
    ) -> tuple[list[_Chain], Numbers]:
        """One chain a fold and, last, one with all labels; and in which fold each label is held out."""
        whole = _Chain(np.arange(len(labels), dtype=np.int64))
        if held is not None:
            if len(held[1]) == 0:
                raise DataError("SelfTraining: no held-out labels; leave `held` out to use folds")
            return [whole], np.full(len(labels), -1, dtype=np.int64)
        asked = stratified(labels, self.config.folds, rng)
        if (asked < 0).all():
            raise DataError("SelfTraining: every class has one label; two of a class are needed, or `held`")
        numbers = np.unique(asked[asked >= 0])
        asked = np.where(asked >= 0, np.searchsorted(numbers, asked), -1)
        return [*(_Chain(np.flatnonzero(asked != n)) for n in range(len(numbers))), whole], asked

    def _fitted(self, chain: _Chain, vectors: Floats, labels: Numbers, unlabelled: Floats) -> Classifier:
        model = self.make()
        known, answers = vectors[chain.rows], labels[chain.rows]
        weight = np.ones(len(answers))
        if chain.chosen is not None:
            pseudo = len(chain.chosen.rows)
            known = np.concatenate([known, unlabelled[chain.chosen.rows]])
            answers = np.concatenate([answers, chain.chosen.labels])
            # Rows without a label never outvote those with one, however many there are.
            each = min(1.0, self.config.weight * len(weight) / pseudo)
            weight = np.concatenate([weight, np.full(pseudo, each)])
        model.fit(known, answers, weight)
        return model

    def _asked(self, model: Classifier, vectors: Floats) -> Doubles:
        found = np.asarray(model.predict_proba(vectors), dtype=np.float64)
        if found.shape != (len(vectors), self.classes_) or not np.isfinite(found).all():
            raise DataError(
                f"{type(model).__name__} answered {found.shape} for {len(vectors)} rows and {self.classes_} "
                "classes, or not with finite numbers"
            )
        return found

    def _held_out(
        self, chains: list[_Chain], vectors: Floats, labels: Numbers, asked: Numbers, held: Held | None
    ) -> tuple[Doubles, Numbers]:
        """Probabilities of rows that their classifier has not seen, not calibrated, and the labels."""
        if held is not None:
            return self._asked(_model(chains[-1]), held[0]), held[1]
        chances = np.full((len(labels), self.classes_), np.nan)
        for fold, chain in enumerate(chains[:-1]):
            chances[asked == fold] = self._asked(_model(chain), vectors[asked == fold])
        return chances[asked >= 0], labels[asked >= 0]

    def _choose(self, chains: list[_Chain], labels: Numbers, unlabelled: Floats, found: Round) -> bool:
        """Every chain chooses anew; False where the one with all labels finds nothing, or nothing else than before."""
        config, before = self.config, chains[-1].chosen
        for chain in chains:
            chances = np.zeros((0, self.classes_))
            if len(unlabelled):
                chances = tempered(self._asked(_model(chain), unlabelled), found.temperature)
            prior = shares(labels[chain.rows], self.classes_)
            made = choose(chances, prior, config.confidence, config.least)
            chain.chosen = made if len(made.rows) else None
        after = chains[-1].chosen
        if after is None:
            return False
        same = before is not None and np.array_equal(before.rows, after.rows)
        return not (same and before is not None and np.array_equal(before.labels, after.labels))

    def _notes(self) -> tuple[str, ...]:
        kept = self.chosen_
        if kept.number == 0 and self.config.rounds:
            if len(self.rounds_) == 1:
                return (
                    f"no unlabelled row reached confidence {self.config.confidence:g}: nothing was added",
                )
            return ("pseudo-labels did not lower the held-out log-loss: the supervised classifier is kept",)
        missing = [n for n, count in enumerate(kept.counts) if count == 0]
        return (f"classes without a pseudo-label: {missing}",) if kept.number and missing else ()


def _judged(number: int, chosen: Chosen | None, chances: Doubles, truth: Numbers) -> Round:
    temperature = best_temperature(chances, truth)
    loss = log_loss(tempered(chances, temperature), truth)
    if chosen is None:
        nothing = chances.shape[1]
        return Round(number, 0, (0,) * nothing, (np.inf,) * nothing, temperature, loss)
    counts, thresholds = tuple(chosen.counts.tolist()), tuple(chosen.thresholds.tolist())
    return Round(number, len(chosen.rows), counts, thresholds, temperature, loss)


def _model(chain: _Chain) -> Classifier:
    assert chain.model is not None
    return chain.model
