"""The stacker: candidates of several models, put in a better order by what held-out questions taught."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Many
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeInt, PositiveFloat, PositiveInt

from llm4rec.core import (
    ComponentError,
    Dataset,
    Explains,
    FitContext,
    Floats,
    Holdout,
    Model,
    Numbers,
    Request,
    masked,
    top_k,
)
from llm4rec.models.advice import ASKED
from llm4rec.models.contexts import context_note, together
from llm4rec.models.earlier import earlier_questions
from llm4rec.models.evidence import Evidence
from llm4rec.models.inputs import Inputs, known_part, known_parts
from llm4rec.models.maps import part, under
from llm4rec.models.over_inputs import OverInputs, OverInputsConfig
from llm4rec.models.rankers import Lessons, Trees, TreeSettings, Weighted
from llm4rec.models.slates import Slates
from llm4rec.models.stacking import Asked, Form, Order

BYTES = 1_200_000_000  # of features held while learning
FEW = 5_000
SAMPLE = 2_000  # questions that popularity is asked
LIST = 10
ROWS = 256  # requests at once


class HybridConfig(OverInputsConfig):
    """How candidates are chosen and what their order is learnt from.

    `depth` items of each input are candidates. `questions` held-out questions teach the order, fewer where
    their features do not fit into memory; where there are fewer than FEW, up to `earlier` earlier events of each user
    are questions too, to inputs fitted without them. `form`: boosted trees, a weighted sum of features (linear), the order of the
    base, or the best of these on questions that they have not seen (auto). `time_aware` lets features look at when a
    request is made.
    """

    form: Form = "auto"
    depth: PositiveInt = 100
    questions: PositiveInt = 20_000
    earlier: NonNegativeInt = 10
    rounds: PositiveInt = 300
    learning_rate: PositiveFloat = 0.05
    leaves: PositiveInt = 31
    min_leaf: PositiveInt = 50
    time_aware: bool = False
    seed: int = 0


class Hybrid(OverInputs):
    """Staged scorer: y = b + b_i + U.V + X theta + f_LM over candidates, or boosted trees over the same terms.

    Stage one are the inputs, fitted on the training part and without the held-out questions. Stage two learns from those
    questions, with features of both the inputs' scores and what stands in `evidence`. Candidates are the best items of
    each input; they share out the base's scores of theirs in the new order, so that all other items, newcomers
    included, stay where the base put them. Without held-out questions the order of the base stands, and a note says so.
    An input that only advises (a language model) proposes no candidates and enters no ranker: its score moves candidates
    by a few places with a small weight (`advice`), and where held-out questions show no sure gain it is left out.
    Sources: LambdaMART (Burges 2010); stacking of collaborative and content scores as in challenge entries
    (RecSys Challenge 2024, 2025).
    """

    config_type: ClassVar[type[HybridConfig]] = HybridConfig
    config: HybridConfig

    def __init__(self, config: HybridConfig | None = None) -> None:
        self.config = config or self.config_type()
        self.form = self.config.form
        self.order_ = Order()
        self.notes_: tuple[str, ...] = ()

    @property
    def questions(self) -> int:
        """How many held-out questions it would like to learn from."""
        return self.config.questions

    @property
    def time_aware(self) -> bool:
        """Whether its features or an input look at when a request is made."""
        return self.evidence_.time_aware or self.inputs_.time_aware

    @property
    def contexts(self) -> Mapping[str, tuple[str, ...]]:
        """The contexts that its features or an input look at: words by name."""
        return (
            together([self.evidence_.habits.contexts, self.inputs_.contexts])
            if hasattr(self, "inputs_")
            else {}
        )

    @property
    def made_of(self) -> Mapping[str, Model]:
        """Its inputs."""
        return self.inputs_.models

    @property
    def chosen(self) -> HybridConfig:
        """The config with the form and the inputs' settings as chosen."""
        changed: dict[str, Any] = {"form": self.form, "options": self._chosen_options(), "tune": False}
        if hasattr(self, "inputs_"):
            changed["inputs"] = tuple(self.inputs_.models)
        return self.config.model_copy(update=changed)

    def fit(self, dataset: Dataset, context: FitContext) -> Self:
        """Fit the inputs, then learn the order of their candidates where there is a holdout."""
        self._learn_inputs(
            Inputs.fit(self.config.inputs, self.config.options, dataset, context), dataset, context
        )
        if context.holdout is not None and len(context.holdout) and self.form != "base":
            lessons, advice = self._lessons(context.holdout, context)
            asked = Asked(len(lessons), self.inputs_.advisers, advice)
            if self.config.earlier and len(context.holdout) < FEW:
                lessons = lessons.followed_by(self._earlier(dataset, context))
            usual = self._usual(context.holdout)
            self.order_ = Order.learn(lessons, self.form, self._trees(), usual, context.progress, asked)
            self.form, self.notes_ = self.order_.form, (str(self.order_), *self.order_.advice.told)
        elif self.form != "base":
            self.notes_ = (f"no held-out questions: the order of {self.config.inputs[0]!r} stands",)
        self._refuse()
        self.notes_ = (*self.notes_, *context_note(self.contexts))
        return self

    def _refuse(self) -> None:
        """Leave out the advisers that held-out questions give no weight: they will not be asked."""
        advice = self.order_.advice.kept()
        unasked = [n for n in self.inputs_.advisers if n not in self.order_.advice.weights]
        self.notes_ += tuple(
            f"no held-out questions say what {name!r} is worth: it is not asked" for name in unasked
        )
        self.order_ = replace(self.order_, advice=advice)
        self.inputs_ = self.inputs_.without([n for n in self.inputs_.advisers if n not in advice.weights])

    def refit(self, dataset: Dataset, context: FitContext) -> Self:
        """Inputs fitted on `dataset` with what they chose; the order of candidates as it was learnt."""
        self._need_fit()
        return self._again(self.inputs_.refit(dataset, context), dataset, context)

    def _again(self, inputs: Inputs, dataset: Dataset, context: FitContext) -> Self:
        again = type(self)(self.chosen)
        again.order_ = self.order_
        again._learn_inputs(inputs, dataset, context)
        again._need_same(self.evidence_)
        again.notes_ = self.notes_
        return again

    def _learn_inputs(self, inputs: Inputs, dataset: Dataset, context: FitContext) -> None:
        self.inputs_ = inputs
        self.size_ = len(dataset.catalog)
        self.evidence_ = Evidence.read(dataset, context, self.config.time_aware)

    def _earlier(self, dataset: Dataset, context: FitContext) -> Lessons:
        """Lessons from earlier events, by inputs with the same settings that have not seen them."""
        left, questions = earlier_questions(dataset, self.config.earlier, self.questions)
        before = type(self)(self.chosen)
        own = self.inputs_.without(self.inputs_.advisers)
        before._learn_inputs(own.refit(left, context), left, context)
        return before._lessons(questions, context)[0]

    def _trees(self) -> TreeSettings:
        own = self.config
        return TreeSettings(own.rounds, own.learning_rate, own.leaves, own.min_leaf, own.seed)

    def _usual(self, holdout: Holdout) -> float:
        """How often the first ten of what is popular hold the answer of a held-out question."""
        questions = holdout.sample(SAMPLE, np.random.default_rng(0))
        found = 0
        for request, targets in zip(questions.requests, questions.targets, strict=True):
            shown = masked(self.evidence_.fame[None, :].copy(), [_within(request, self.size_)])
            found += bool(np.isin(top_k(shown, LIST)[0], targets).any())
        return found / len(questions)

    def _lessons(self, holdout: Holdout, context: FitContext) -> tuple[Lessons, Floats]:
        """Features of the candidates of held-out questions, as many as fit into memory; of the first ASKED of them also
        what advisers say."""
        columns = len(self.evidence_.names(self.proposing))
        room = BYTES // (4 * columns * self.config.depth * len(self.proposing))
        questions = holdout.sample(
            min(self.questions, max(room, 100)), np.random.default_rng(self.config.seed)
        )
        features, hits, sizes = [], [], []
        advice = [np.zeros((0, len(self.inputs_.advisers)), np.float32)]
        starts = range(0, len(questions), ROWS)
        for at in context.progress(starts, "features of candidates", len(starts)):
            requests = questions.requests[at : at + ROWS]
            slates, found = self._candidates(requests)
            features.append(found)
            hits.append(slates.hits(questions.targets[at : at + ROWS]))
            sizes.append(np.diff(slates.bounds))
            if at < ASKED:
                advice.append(self._advice(slates, requests))
        if not features:
            return Lessons.none(columns), advice[0]
        bounds = np.concatenate([[0], np.cumsum(np.concatenate(sizes))]).astype(np.int64)
        answers = np.array([len(t) for t in questions.targets], dtype=np.int64)
        lessons = Lessons(np.concatenate(features), np.concatenate(hits), bounds, answers)
        return lessons, np.concatenate(advice)

    @property
    def proposing(self) -> tuple[str, ...]:
        """The inputs that propose candidates: all but those that only advise."""
        return tuple(self.inputs_.without(self.inputs_.advisers).models)

    def _advice(self, slates: Slates, requests: Many[Request]) -> Floats:
        """(candidates, advisers): what each adviser says of each candidate."""
        scored = self.inputs_.only(self.inputs_.advisers).scored(requests, self.size_)
        columns = [found[slates.rows, slates.items] for found in scored.values()]
        return np.stack(columns, axis=1) if columns else np.zeros((len(slates), 0), np.float32)

    def _values(self, requests: Many[Request], base: Floats | None = None) -> tuple[Slates, np.ndarray]:
        """Candidates of a batch and their values, advice included: higher is better. `base`: what the base said of it."""
        looks_at = self.order_.looks_at
        wanted = None if looks_at is None else looks_at.tolist()
        slates, features = self._candidates(requests, base, wanted)
        return slates, self.order_.values(features, self._advice(slates, requests), slates.bounds)

    def _candidates(
        self, requests: Many[Request], base: Floats | None = None, wanted: Many[int] | None = None
    ) -> tuple[Slates, Floats]:
        """Candidates of a batch and their features, all or those `wanted`; items fitted on only."""
        known = known_parts(requests, self.size_)
        if known is not requests:
            base = None  # it was asked with more than it is shown here
        requests, proposing = known, self.inputs_.only(self.proposing)
        scored = proposing.scored(requests, self.size_, base)
        slates = Slates.proposed(scored, [_within(r, self.size_) for r in requests], self.config.depth)
        return slates, self.evidence_.features(slates, scored, requests, wanted)

    def score(self, requests: Many[Request], items: Numbers | None = None) -> Floats:
        """(requests, items) float32 on the scale of the base; rows that the base declines are -inf."""
        self._need_fit()
        scores = np.array(self.inputs_.base.score(requests), dtype=np.float32)
        if self.order_.changes:
            for at in range(0, len(requests), ROWS):
                self._reorder(scores[at : at + ROWS], requests[at : at + ROWS])
        return scores if items is None else scores[:, items]

    def _reorder(self, scores: Floats, requests: Many[Request]) -> None:
        """Put the candidates of a batch in their learnt order, in place; declined rows stay."""
        answered = np.flatnonzero(np.isfinite(scores[:, 0]))
        if not len(answered):
            return
        part_of = scores[answered]
        slates, values = self._values([requests[int(row)] for row in answered], part_of)
        slates.reordered(part_of, values)
        scores[answered] = part_of

    def chances(self, requests: Many[Request], items: Numbers) -> tuple[Floats, np.ndarray]:
        """The chance that each of `items` (requests, k) is what its request takes next; and which lists are sure.

        Calibrated by rank group on held-out questions. NaN where nothing is known: for items that are no candidates
        (newcomers, say), or without held-out questions. A list is sure where its first ten candidates together are
        likelier to hold the next item than a list of what is popular; otherwise the data do not say yet.
        """
        self._need_fit()
        found = np.full(items.shape, np.nan, dtype=np.float32)
        sure = np.zeros(len(requests), dtype=bool)
        calibration = self.order_.calibration
        if calibration is None:
            return found, sure
        answered = [row for row, r in enumerate(requests) if len(known_part(r, self.size_).history.liked)]
        slates, values = self._values([requests[row] for row in answered])
        chance = calibration.chances(values, slates.bounds)
        for place, row in enumerate(answered):
            span = slice(slates.bounds[place], slates.bounds[place + 1])
            by_item = dict(zip(slates.items[span].tolist(), chance[span].tolist(), strict=True))
            found[row] = [by_item.get(item, np.nan) for item in items[row].tolist()]
            sure[row] = np.sort(chance[span])[-LIST:].sum() > calibration.usual
        return found, sure

    def contributions(self, request: Request, items: Numbers) -> list[dict[int, float]]:
        """What each history item gave to the base's score of each item; what the new order adds is nobody's gift."""
        self._need_fit()
        base = self.inputs_.base
        return base.contributions(request, items) if isinstance(base, Explains) else [{} for _ in items]

    def importance(self) -> dict[str, float]:
        """How much each feature counts: its share of what the trees gained, or its weight in the sum."""
        self._need_fit()
        names = self.evidence_.names(self.proposing)
        ranker = self.order_.ranker
        if isinstance(ranker, Trees):
            return dict(zip(names, ranker.importance().tolist(), strict=True))
        if isinstance(ranker, Weighted):
            return dict(zip(names, ranker.weights.tolist(), strict=True))
        return {}

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays for an engine folder; trees as text in bytes."""
        self._need_fit()
        return (
            self.inputs_.state()
            | under("evidence", self.evidence_.state())
            | under("order", self.order_.state())
            | {"size": np.array([self.size_], dtype=np.int64)}
        )

    def restore(self, state: Mapping[str, NDArray[Any]], context: FitContext) -> Self:
        """The inverse of `state`; the config is the chosen one."""
        self._restore_inputs(state, context)
        self.evidence_ = Evidence.from_state(part("evidence", state))
        self.order_ = Order.from_state(part("order", state), self.form, self.inputs_.advisers)
        self.size_ = int(state["size"][0])
        return self

    def _need_same(self, before: Evidence) -> None:
        """ComponentError where the features are not those that the order was learnt from."""
        now, then = (set(evidence.names(())) for evidence in (self.evidence_, before))
        if self.order_.ranker is not None and now != then:
            raise ComponentError(
                f"hybrid: features {sorted(now ^ then)} are in one of the two data sets only; fit and refit on data "
                "with the same columns"
            )


class LinearHybridConfig(HybridConfig):
    """As `hybrid`, with the weighted sum of features."""

    form: Form = "linear"


class LinearHybrid(Hybrid):
    """The hybrid in its linear form: y = b + b_i + U.V + X theta + f_LM, one weight a term."""

    config_type = LinearHybridConfig


def _within(request: Request, size: int) -> Request:
    """The request with limits among the first `size` items only."""
    cut = {
        name: limit[limit < size]
        for name in ("allowed", "excluded")
        if (limit := getattr(request, name)) is not None and len(limit) and int(limit.max()) >= size
    }
    return replace(request, **cut) if cut else request
