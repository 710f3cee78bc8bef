"""A causal language model as a recommender: it reads a history and says which item of the catalog comes next."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Many
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveInt

from llm4rec.core import (
    Catalog,
    Config,
    Dataset,
    FitContext,
    Floats,
    Generator,
    GeneratorError,
    Holdout,
    NotFittedError,
    Numbers,
    ReadsTokens,
    Request,
    SettingsError,
)
from llm4rec.models.advice import FURTHEST, HEAVIEST
from llm4rec.models.inputs import Inputs, known_part
from llm4rec.models.prompted_names import Names
from llm4rec.models.prompted_orders import Rerank, choose_weight
from llm4rec.models.prompts import title_names
from llm4rec.models.tries import prior_of, texts_from, texts_state

MOST_KNOWN = 0.05  # share of held-out answers that a language model may have been taught
Mode = Literal["generate", "yesno", "listwise"]
HOW = (
    "set generator.name = 'local' and generator.options.folder to a causal model, or generator.name = 'openai' with "
    "base_url and model; `llm4rec adapt FOLDER -o MODEL --task recommend` makes one from your data"
)


class PromptedConfig(Config):
    """`mode`: generate scores the whole catalog by decoding along a tree of names; yesno and listwise put the first
    `depth` items of `base` (a model, with `options`) in another order.

    `names`: what items are called: as the model was taught (codes), by title, or whichever is there (auto). `history`
    latest items are told. `beam` beginnings are followed, `batch_size` prompts read at once. `permutations` orders of
    the candidates are asked for in listwise. `weight` of the language model in the new order, chosen on `questions`
    held-out questions where there are some; nothing moves more than `most_moved` places.
    """

    mode: Mode = "generate"
    names: Literal["auto", "taught", "titles"] = "auto"
    history: PositiveInt = 20
    beam: PositiveInt = 32
    batch_size: PositiveInt = 16
    base: str = "sequence"
    options: dict[str, Any] = Field({})
    depth: int = Field(20, ge=2, le=50)
    permutations: PositiveInt = 3
    weight: float = Field(HEAVIEST, ge=0.0, le=HEAVIEST)
    most_moved: int = Field(FURTHEST, ge=1, le=FURTHEST)
    questions: PositiveInt = 100
    seed: int = 0
    tune: bool = True


class Prompted:
    """Score = log-probability of an item's name behind a prompt, or the base's score in an order that a model was asked for.

    generate: choices along a tree of all names, each among the tokens that may come there, so that nothing outside
    the catalog can come out and forced tokens cost nothing (constrained beam search over item names: GENRE, De Cao et
    al. 2021; over codes: TIGER, Rajput et al. 2023). What the beam leaves behind shares out its probability by
    popularity. yesno: log p(yes) - log p(no) by candidate. listwise: orders of several permutations, joined by Borda
    points; an answer that is no order, or none at all, leaves the base's order, which is counted and told.

    Declines requests without positive events, unless (in generate) they have a query. Items that the language model
    was not taught a name for stand behind all others, the more popular first.
    """

    config_type = PromptedConfig
    advises = True

    def __init__(self, config: PromptedConfig | None = None) -> None:
        self.config = config or PromptedConfig()
        self.weight = self.config.weight
        self.notes_: tuple[str, ...] = ()
        self.failures_: dict[str, int] = {}

    @property
    def chosen(self) -> PromptedConfig:
        """The config with the weight and the base's settings as chosen."""
        changed: dict[str, Any] = {"weight": self.weight, "tune": False}
        if hasattr(self, "inputs_") and self.inputs_.models:
            changed["options"] = self.inputs_.options()[self.config.base]
        return self.config.model_copy(update=changed)

    @property
    def time_aware(self) -> bool:
        """Whether the base looks at when a request is made."""
        return hasattr(self, "inputs_") and self.inputs_.time_aware

    def fit(self, dataset: Dataset, context: FitContext) -> Self:
        """Learn what items are called and how popular they are; fit the base, and choose the weight on the holdout.

        SettingsError without a language model, or with one that cannot do what `mode` needs. The language model
        itself learns nothing here: see `llm4rec adapt --task recommend`.
        """
        self._learn(dataset.catalog, dataset.counts, context.generator)
        self._check_unseen(dataset, context.holdout)
        base = () if self.config.mode == "generate" else (self.config.base,)
        self.inputs_ = Inputs.fit(base, {self.config.base: self.config.options}, dataset, context)
        questions = context.holdout
        if base and self.config.tune and questions is not None and len(questions):
            asked = questions.sample(self.config.questions, np.random.default_rng(self.config.seed))
            self.weight, told = choose_weight(self._rerank(), self.inputs_.base, asked, context.progress)
            self.notes_ = (*told, *self._failed())
        return self

    def _learn(self, catalog: Catalog, counts: Numbers, generator: Generator | None) -> None:
        self.generator_ = self._able(generator)
        taught: Mapping[str, str] = {}
        if self.config.names != "titles" and isinstance(generator, ReadsTokens):
            taught = generator.taught
        names = [taught.get(str(one), "") for one in catalog.ids.ids]
        if self.config.names == "taught" and not any(names):
            raise SettingsError(
                "model 'prompted' with names = 'taught': this language model was taught no name of these items; "
                "teach it with `llm4rec adapt FOLDER -o MODEL --task recommend`, or set names = 'titles'"
            )
        self.taught_ = any(names) and self.config.mode == "generate"
        self.titles_ = title_names(catalog.titles)
        self.names_ = names if self.taught_ else self.titles_
        self.prior_ = prior_of(counts)
        self._built: Names | None = None

    def _check_unseen(self, dataset: Dataset, questions: Holdout | None) -> None:
        """SettingsError where the language model was taught what held-out questions ask: no choice could be made on them."""
        if questions is None or not isinstance(self.generator_, ReadsTokens):
            return
        ids, people = dataset.catalog.ids.ids, dataset.users.ids.ids
        events = [
            (str(people[request.user]), str(ids[item]))
            for request, targets in zip(questions.requests, questions.targets, strict=True)
            for item in targets.tolist()
            if request.user >= 0 and item < len(ids)
        ]
        known = sum(self.generator_.has_learnt(events))
        if known > MOST_KNOWN * len(events):
            raise SettingsError(
                f"the language model was taught {known} of {len(events)} held-out answers, so nothing can be chosen on "
                "them; teach it on the part that is fitted on: `llm4rec adapt … --task recommend --protocol …` with the "
                "protocol that you compare by"
            )

    def _able(self, generator: Generator | None) -> Generator:
        if generator is None:
            raise SettingsError(
                f"model 'prompted' needs a language model, and generator.name is 'none': {HOW}"
            )
        if self.config.mode != "listwise" and not isinstance(generator, ReadsTokens):
            raise SettingsError(
                f"model 'prompted' with mode = {self.config.mode!r} looks at single tokens, which a server does not show: "
                "set mode = 'listwise', or a local model (generator.name = 'local')"
            )
        return generator

    def score(self, requests: Many[Request], items: Numbers | None = None) -> Floats:
        """(requests, items) float32; rows that are declined are -inf."""
        self._need_fit()
        scores = self._generated(requests) if self.config.mode == "generate" else self._reordered(requests)
        return scores if items is None else scores[:, items]

    def _generated(self, requests: Many[Request]) -> Floats:
        scores = np.full((len(requests), len(self.names_)), -np.inf, dtype=np.float32)
        requests = [known_part(request, len(self.names_)) for request in requests]
        answered = [n for n, r in enumerate(requests) if len(r.history.liked) or (r.query or "").strip()]
        for at in range(0, len(answered), self.config.batch_size):
            rows = answered[at : at + self.config.batch_size]
            try:
                scores[rows] = self._naming().scored([requests[row] for row in rows], self.config)
            except GeneratorError as error:
                self._count(error, len(rows))
                scores[rows] = np.log(self.prior_ / self.prior_.sum())
        return scores

    def _reordered(self, requests: Many[Request]) -> Floats:
        scores = np.array(self.inputs_.base.score(requests), dtype=np.float32)
        if self.weight:
            self._rerank().reorder(scores, requests, self.weight)
        return scores

    def _naming(self) -> Names:
        """What items are called, in the tokens of the language model; made when it is first asked."""
        if self._built is None:
            self._built = Names.of(self._reader(), self.names_, self.prior_, self.taught_)
        return self._built

    def _reader(self) -> ReadsTokens:
        generator = self._able(self.generator_)
        assert isinstance(generator, ReadsTokens)
        return generator

    def _rerank(self) -> Rerank:
        return Rerank(self.config, self._able(self.generator_), self.titles_, self._count)

    def _count(self, error: GeneratorError, requests: int = 1) -> None:
        """Remember that requests kept the base's order, and why."""
        kind = type(error).__name__
        self.failures_[kind] = self.failures_.get(kind, 0) + requests

    def _failed(self) -> tuple[str, ...]:
        told = ", ".join(f"{count} by {kind}" for kind, count in sorted(self.failures_.items()))
        return (
            (f"questions that kept the base's order because the language model failed: {told}",)
            if told
            else ()
        )

    def grow(self, catalog: Catalog, context: FitContext) -> Self:
        """New items by their titles; with taught names they stand behind all others."""
        self._need_fit()
        grown = type(self)(self.config)
        grown.__dict__.update(self.__dict__)
        new = len(catalog) - len(self.names_)
        fresh = title_names(catalog.titles)
        grown.titles_ = [*self.titles_, *fresh[len(self.titles_) :]]
        grown.names_ = [*self.names_, *([""] * new if self.taught_ else fresh[len(self.names_) :])]
        grown.prior_ = np.concatenate([self.prior_, np.ones(new, np.float32)])
        grown.generator_, grown._built = context.generator or self.generator_, None
        if self.inputs_.models:
            grown.inputs_ = self.inputs_.grown(catalog, context)
        return grown

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays for an engine folder; the language model stays where it is."""
        self._need_fit()
        told: dict[str, NDArray[Any]] = {
            "names": texts_state(self.names_),
            "titles": texts_state(self.titles_),
            "prior": self.prior_,
        }
        told["taught"] = np.array([self.taught_])
        return self.inputs_.state() | told

    def restore(self, state: Mapping[str, NDArray[Any]], context: FitContext) -> Self:
        """The inverse of `state`; the language model is that of the context, and is missed only when asked."""
        base = () if self.config.mode == "generate" else (self.config.base,)
        self.inputs_ = Inputs.restored(base, {self.config.base: self.config.options}, state, context)
        self.names_, self.titles_ = texts_from(state, "names"), texts_from(state, "titles")
        self.prior_ = np.asarray(state["prior"], np.float32)
        self.taught_ = bool(state["taught"][0])
        self.generator_, self._built = context.generator, None  # type: ignore[assignment]
        return self

    def _need_fit(self) -> None:
        if not hasattr(self, "inputs_"):
            raise NotFittedError("Prompted needs fit first")
