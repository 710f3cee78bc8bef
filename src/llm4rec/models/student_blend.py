"""The student that is made of its teacher: light versions of the models it consists of, weighed by its lists. numpy alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveInt

from llm4rec.core import (
    Answers,
    Catalog,
    Combines,
    ComponentError,
    Config,
    Dataset,
    FitContext,
    Floats,
    History,
    Lightens,
    LightPart,
    Model,
    NotFittedError,
    Numbers,
    Request,
)
from llm4rec.models.content import ItemContent
from llm4rec.models.maps import part, under
from llm4rec.models.over_inputs import InputNames
from llm4rec.models.student_order import Weighing

NO_LISTS = "there are no lists of a teacher to learn from: every part counts alike"


class BlendConfig(Config):
    """`parts`: kinds of the models whose light versions it holds, the base of the others first; taken over
    from the teacher. `memory`: entries that a map between items keeps of each (all of them up to ten times as many items).
    `lessons`: lists from which weights are learnt, at most.
    """

    parts: InputNames = ("sequence",)
    memory: PositiveInt = 192
    lessons: PositiveInt = 2_000


class BlendStudent:
    """Score = weighted sum of what light parts say, in spreads; its best items in a finer order where that is nearer to the teacher.

    The parts are what the teacher is made of (`Lightens`): item maps with each row's strongest entries, networks in
    numpy. Only the weights are learnt, by listwise loss on the teacher's first ten items (`student_weighing`). Fitted without a
    teacher it is the sum of light versions of `parts`. Histories without a positive event are declined.
    """

    config_type = BlendConfig
    parts_: Mapping[str, LightPart]
    weighing_: Weighing

    def __init__(self, config: BlendConfig | None = None) -> None:
        self.config: BlendConfig = config or self.config_type()
        self.notes_: tuple[str, ...] = ()

    def inheriting(self, teacher: Model, name: str) -> Self:
        """A student with the light versions of what the teacher is made of; ComponentError where there are none."""
        models = teacher.made_of if isinstance(teacher, Combines) else {name: teacher}
        parts, left_out = {}, []
        for kind, model in models.items():
            try:
                parts[kind] = self._lighter(model, kind)
            except ComponentError as error:
                left_out.append(str(error))
        if next(iter(models)) not in parts:
            raise ComponentError(
                f"a blend student takes over what its teacher is made of: {left_out[0]}; take another student"
            )
        sizes = {kind: _items(made) for kind, made in parts.items()}
        most = max(sizes.values())
        for kind in [kind for kind, size in sizes.items() if size < most]:
            del parts[kind]
            left_out.append(f"{kind!r} took no new items")
        heir = type(self)(self.config.model_copy(update={"parts": tuple(parts)}))
        heir.parts_ = parts
        heir.notes_ = tuple(f"the student does without a part of its teacher: {why}" for why in left_out)
        return heir

    def _lighter(self, model: Model, name: str) -> LightPart:
        if not isinstance(model, Lightens):
            raise ComponentError(f"{name!r} has no light version")
        return model.lighter(self.config.memory)

    def fit(self, dataset: Dataset, context: FitContext) -> Self:
        """Fit the parts and make them light; without a teacher's lists every part counts alike."""
        made = {name: context.make(name, {}).fit(dataset, context) for name in self.config.parts}
        self.parts_ = {name: self._lighter(model, name) for name, model in made.items()}
        self.weighing_ = self._even(dataset, context)
        return self

    def distil(self, dataset: Dataset, context: FitContext, answers: Answers) -> Self:
        """Weigh the parts as the teacher's lists say; parts are those taken over (`inheriting`), or fitted here."""
        if not hasattr(self, "parts_"):
            self.fit(dataset, context)
        from llm4rec.models.student_weighing import Lessons

        self.weighing_ = self._even(dataset, context)
        rows = _chosen(answers, self.config.lessons, context.rng)
        if not len(rows):
            self.notes_ = (*self.notes_, NO_LISTS)
            return self
        some = answers.take(rows)
        lessons = Lessons(some.requests(), some.lists, self._said, context.progress)
        self.weighing_ = lessons.learn(self.weighing_)
        told = zip([*self.parts_, "popularity"], self.weighing_.coarse, strict=True)
        weights = ", ".join(f"{name} {weight:.2f}" for name, weight in told)
        finer = ", the best in a finer order" if len(self.weighing_.fine) else ""
        self.notes_ = (*self.notes_, f"parts weighed by {len(rows)} lists: {weights}{finer}")
        return self

    def _even(self, dataset: Dataset, context: FitContext) -> Weighing:
        fame = np.log1p(dataset.counts).astype(np.float32)
        fame = (fame - fame.mean()) / max(float(fame.std()), 1e-6)
        texts = ItemContent.read(dataset.catalog, context).text
        return Weighing.even(len(self.parts_), fame, texts)

    def score(self, requests: Sequence[Request], items: Numbers | None = None) -> Floats:
        """(requests, items) float32; -inf rows for histories without a positive event."""
        self._need_fit()
        scores = np.empty((len(requests), len(self.weighing_.fame)), np.float32)
        for row, request in enumerate(requests):
            liked = len(request.history.liked)
            scores[row] = self.weighing_.score(self._said(request), request) if liked else -np.inf
        return scores if items is None else scores[:, items]

    def _said(self, request: Request) -> list[Floats]:
        """What each part says; nothing where it declines."""
        said = [found.answer(request) for found in self.parts_.values()]
        return [np.zeros_like(self.weighing_.fame) if scores is None else scores for scores in said]

    def grow(self, catalog: Catalog, context: FitContext) -> Self:
        """The same with new items, each the mean of the eight items fitted on whose content is most like its own."""
        from llm4rec.models.student_newcomers import Likeness

        self._need_fit()
        new = np.arange(len(self.weighing_.fame), len(catalog))
        known = np.arange(self.weighing_.size)
        likes, shares = Likeness.of(catalog, context, known, new).nearest()
        grown = type(self)(self.config)
        grown.parts_ = {name: found.grown(likes, shares) for name, found in self.parts_.items()}
        grown.weighing_ = self.weighing_.grown(likes, shares)
        grown.notes_ = self.notes_
        return grown

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays for an engine folder."""
        self._need_fit()
        state = under("weighing", self.weighing_.state())
        for name, found in self.parts_.items():
            state |= under(f"part.{name}", found.state())
        return state

    def restore(self, state: Mapping[str, NDArray[Any]], context: FitContext) -> Self:
        """The inverse of `state`; the config names the parts."""
        self.weighing_ = Weighing.from_state(part("weighing", state))
        parts = {}
        for name in self.config.parts:
            model = context.make(name, {})
            assert isinstance(model, Lightens)
            parts[name] = model.lighter_from(part(f"part.{name}", state))
        self.parts_ = parts
        return self

    def _need_fit(self) -> None:
        if not hasattr(self, "weighing_"):
            raise NotFittedError(f"{type(self).__name__} needs fit first")


def _items(made: LightPart) -> int:
    """How many items it says something of."""
    said = made.answer(Request(History.of([0])))
    return 0 if said is None else len(said)


def _chosen(answers: Answers, most: int, rng: np.random.Generator) -> Numbers:
    """Rows with a list and a history: present histories first, as they are what is served; drawn where there are more."""
    listed = np.diff(answers.bounds) > 0
    listed &= (answers.lists >= 0).any(axis=1)
    rows = np.flatnonzero(listed)
    present = (answers.following[rows] < 0) & (answers.stood[rows] | (answers.places is None))
    order = rng.permutation(len(rows))
    order = order[np.argsort(~present[order], kind="stable")]
    return np.sort(rows[order[:most]])
