"""A fitted model with the candidates of its questions, found once and reordered by every reranker. Compares nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from llm4rec.core import Candidates, Holdout, Numbers, Request, RerankContext, SettingsError
from llm4rec.engine import Engine, Settings
from llm4rec.engine.fitted import Fitted
from llm4rec.engine.knobs import known_lists
from llm4rec.engine.ordering import build_chain, rerank_context
from llm4rec.engine.path import candidates
from llm4rec.engine.settings import RerankSettings
from llm4rec.evaluation.tradeoff.measures import Found, Judge, N
from llm4rec.evaluation.tuning.task import on_validation

if TYPE_CHECKING:
    from llm4rec.data.folds import Fold, Split

PARTS = ("validation", "test")
QUESTIONS = 10_000  # of a part, at most: a figure moves by less than its interval


@dataclass(frozen=True, eq=False)
class Asked:
    """The questions of one part with their candidates, and who judges the lists."""

    requests: Sequence[Request]
    candidates: Candidates
    judge: Judge


@dataclass(frozen=True, eq=False)
class Stand:
    """One engine on one fold. `known` are lists of known users, which rerankers that learn are prepared on."""

    fitted: Fitted
    asked: Mapping[str, Asked]
    context: RerankContext
    known: tuple[list[Request], Candidates]

    def lists(self, part: str, settings: RerankSettings) -> Numbers:
        """The lists (questions, N) that these rerankers give: those that an engine with the settings would serve."""
        asked = self.asked[part]
        if not settings.order:
            return np.asarray(asked.candidates.items[:, :N])
        chain = build_chain(settings).prepare(*self.known, self.context)
        found = chain.rerank(asked.requests, asked.candidates, self._drawing())
        return np.asarray(found.items[:, :N])

    def _drawing(self) -> RerankContext:
        """The context with draws of its own, so that a point does not depend on those before it."""
        return replace(self.context, rng=np.random.default_rng([self.fitted.seed, 0]))


@dataclass(frozen=True, eq=False)
class Course:
    """The folds of a split with their validation questions, who judges, and all that a reranker may look at."""

    folds: tuple[Fold, ...]
    asked: tuple[Fold, ...]
    depth: int
    judge: Callable[[Fold, Holdout], Judge]
    looking: RerankSettings

    @classmethod
    def of(
        cls, split: Split, depth: int, judge: Callable[[Fold, Holdout], Judge], looking: RerankSettings
    ) -> Course:
        """SettingsError where the split asks no questions, or about items that nobody could fit on."""
        for fold in split.folds:
            if fold.newcomers is not None or "" not in fold.tests or not len(fold.tests[""]):
                raise SettingsError(
                    f"protocol {split.name!r} has no questions about known items; take leave-last-out, temporal or k-fold"
                )
        asked = tuple(on_validation(fold) for fold in split.folds)
        if not all(len(fold.tests[""]) for fold in asked):
            raise SettingsError(
                f"protocol {split.name!r} leaves nothing to choose on: histories are too short"
            )
        return cls(tuple(split.folds), asked, depth, judge, looking)

    def stands(self, settings: Settings) -> list[Stand]:
        """The model of the settings fitted on every fold."""
        return [self._stand(settings, at) for at in range(len(self.folds))]

    def _stand(self, settings: Settings, at: int) -> Stand:
        fold, learnt = self.folds[at], self.asked[at]
        engine = Engine(settings.model_copy(update={"rerank": RerankSettings()}))
        engine.fit(learnt.train, holdout=learnt.tests[""])
        fitted = engine.fitted
        parts = zip(PARTS, (learnt.tests[""], fold.tests[""]), strict=True)
        asked = {part: self._asked(fitted, learnt, holdout) for part, holdout in parts}
        context = replace(rerank_context(replace(fitted, rerank=self.looking)), n=N)
        return Stand(fitted, asked, context, known_lists(fitted, self.depth))

    def _asked(self, fitted: Fitted, fold: Fold, holdout: Holdout) -> Asked:
        some = holdout.sample(QUESTIONS, np.random.default_rng(0))
        requests = [replace(request, n=N) for request in some.requests]
        found, _ = candidates(fitted, requests, exact=True, depth=self.depth)
        return Asked(requests, found, self.judge(fold, some))


@dataclass(eq=False)
class Model:
    """A model that is fitted when its lists are first needed, and asked as often as there are settings."""

    name: str
    settings: Settings
    course: Course

    @cached_property
    def stands(self) -> list[Stand]:
        """The model on every fold."""
        return self.course.stands(self.settings)

    def found(self, part: str, rerank: RerankSettings) -> Found:
        """What its lists of a part are worth under these rerankers, folds together."""
        each = [stand.asked[part].judge.of(stand.lists(part, rerank)) for stand in self.stands]
        return Found.pooled(each)

    @cached_property
    def own(self) -> dict[str, Found]:
        """By part: its own lists, which changes are told against."""
        return {part: self.found(part, RerankSettings()) for part in PARTS}
