"""The default model: transitions, fading EASE, text, attributes and words in one blend, warm and cold alike."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Many
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, NonNegativeFloat, PositiveFloat, PositiveInt

from llm4rec.core import (
    Catalog,
    Config,
    Dataset,
    FitContext,
    Floats,
    History,
    LightPart,
    NotFittedError,
    Numbers,
    Request,
    Sparse,
    add_zscored,
    silent,
)
from llm4rec.models.content import ItemContent
from llm4rec.models.histories import recency_matrix
from llm4rec.models.light_sequence import LightSequence
from llm4rec.models.maps import part, under
from llm4rec.models.newcomers import NewcomerConfig, place
from llm4rec.models.sequence_parts import Bases, Behaviour, Counts, likeness
from llm4rec.models.sequence_reasons import gifts
from llm4rec.models.solve import DENSE_LIMIT
from llm4rec.models.trends import Trend, best_window

FLAT = ("popularity", "trend")  # parts that say the same to everybody
PARTS = ("transition", "ease", "attributes", "text", "words", *FLAT)


def _by_plus(value: Any) -> Any:
    """ "text+words" as a tuple, so that a command line can say it; names are checked."""
    names = tuple(value.split("+")) if isinstance(value, str) else value
    wrong = [name for name in names if name not in PARTS]
    if wrong:
        raise ValueError(f"no part {wrong[0]!r}; there are: {', '.join(PARTS)}")
    return names


class SequenceConfig(Config):
    """Settings of the default model; what `fit` chooses on validation stands in `chosen`.

    Decays are numbers of events after which one counts 1/e. `weights` say how much each z-scored part counts.
    `prior`: how strongly content shapes the rows of the transition map. `strength`: how many interactions the
    column that content predicts is worth. `trend_days`: the window of the part "trend"; auto: `trends.best_window`,
    without a better one than all of time there is no such part. `content_reg`: noise of the kernel regression from content, `bridge_reg`
    the EASE regularisation of the columns it learns (up to 5,000 items). `leave_out`: parts never used, for knock-out tests.
    """

    transition_reg: PositiveFloat = 50.0
    transition_decay: PositiveFloat = 3.0
    ease_reg: PositiveFloat = 100.0
    decays: dict[str, PositiveFloat] = Field(
        {"transition": 3.0, "ease": 20.0, "attributes": 3.0, "text": 3.0, "words": 10.0}
    )
    weights: dict[str, NonNegativeFloat] = Field(
        {
            "transition": 0.6,
            "ease": 0.4,
            "attributes": 1.2,
            "text": 0.6,
            "words": 0.4,
            "popularity": 0.0,
            "trend": 0.0,
        }
    )
    trend_days: PositiveFloat | Literal["auto"] | None = "auto"
    window: PositiveInt = 100
    prior: NonNegativeFloat = 1.0
    strength: NonNegativeFloat = 0.0
    content_reg: PositiveFloat = 1.0
    bridge_reg: PositiveFloat = 100.0
    newcomers: NewcomerConfig = NewcomerConfig()
    leave_out: Annotated[tuple[str, ...], BeforeValidator(_by_plus)] = ()
    tune: bool = True
    dense_limit: PositiveInt = DENSE_LIMIT
    neighbours: PositiveInt = 100


class Sequence:
    """Scores = weighted sum of z-scored parts, each linear in the fading history.

    - transition: closed-form linear sequence model whose rows have a content prior (`transition`, `bridge`);
    - ease: EASE with a fading history (`ease`);
    - attributes, text, words: cosine of the fading history with whitened text vectors, idf-weighted attributes
      and words of the texts (`content`);
    - popularity: log of how many took an item; for newcomers what content predicts of it;
    - trend: log of how often an item was taken in the last days (`trends`); newcomers stand at the mean.

    An item's column is the posterior mean between what its content predicts and what its interactions say, so
    that new items enter by `grow` without refitting. A history without positive events is declined.
    """

    config_type = SequenceConfig

    def __init__(self, config: SequenceConfig | None = None) -> None:
        self.config = config or SequenceConfig()
        self.chosen_ = self.config

    @property
    def chosen(self) -> SequenceConfig:
        """The config with everything that was chosen on validation."""
        return self.chosen_

    def fit(self, dataset: Dataset, context: FitContext) -> Self:
        """Count, solve, choose weights and decays on the holdout where there is one, fold content in."""
        from llm4rec.models.sequence_tuning import choose

        days = self.config.trend_days
        days = best_window(dataset) if days == "auto" else days
        self.chosen_ = self.config.model_copy(update={"tune": False, "trend_days": days})
        self.trend_ = _trend(dataset, days)
        self.content_ = ItemContent.read(dataset.catalog, context)
        if self.config.tune and context.holdout is not None and len(context.holdout):
            self.chosen_ = choose(self, dataset, context)
        else:
            self._learn(Counts.of(dataset, self.chosen), context)
        return self._settle()

    def _learn(self, counts: Counts, context: FitContext) -> None:
        """Solve the maps of these counts, columns as behaviour alone says."""
        size = counts.together.shape[0]
        self.counts_ = counts
        self.bases_ = Bases.of(self.content_, self.chosen.leave_out, size)
        self.behaviour_ = Behaviour.learn(counts, self.bases_, self.chosen, context.progress)

    def _settle(self) -> Self:
        """Fold content into the maps and set up what scoring reads."""
        behaviour = self.behaviour_.folded(self.bases_.bridge, self.counts_.taken, self.chosen.strength)
        self.behaviour_ = behaviour.packed()
        del self.bases_  # learning alone needs them, and they are large
        return self._ready()

    def _ready(self) -> Self:
        taken = self.counts_.taken
        size = len(taken)
        self.notes_: tuple[str, ...] = ()
        if size > self.chosen.dense_limit:
            self.notes_ = (
                f"{size} items: above {self.chosen.dense_limit} the item maps keep each item's "
                f"{self.chosen.neighbours} strongest neighbours, so that memory stays bounded",
            )
        fame = np.log1p(taken).astype(np.float32)
        self.maps_ = self.behaviour_
        if len(self.content_) > size:
            newcomers = likeness(self.content_, self.chosen.leave_out, size, size)
            self.maps_ = self.behaviour_.grown(newcomers)
            predicted = fame.mean() + newcomers @ self.behaviour_.fame
            fame = np.concatenate([fame, np.maximum(predicted, 0.0)]).astype(np.float32)
        self.fame_ = fame
        self.lately_ = self._lately(size)
        return self

    def _lately(self, size: int) -> Floats:
        """(items,): log of how often each was taken lately; those that came later stand at the mean."""
        lately = np.zeros(len(self.content_), np.float32)
        if self.trend_ is not None:
            lately[:size] = np.log1p(self.trend_.counts(size))
            lately[size:] = lately[:size].mean()
        return lately

    def score(self, requests: Many[Request], items: Numbers | None = None) -> Floats:
        """(requests, items) float32; -inf rows for histories without a positive event."""
        self._need_fit()
        scores = self.blend(requests)
        if len(self.content_) > len(self.counts_.taken):
            place(self, scores, requests)
        declined = np.array([len(r.history.liked) == 0 for r in requests], dtype=bool)
        scores[declined] = -np.inf
        return scores if items is None else scores[:, items]

    def blend(self, requests: Many[Request]) -> Floats:
        """(requests, items): the weighted sum of parts, each in standard deviations over the items fitted on.

        Items that came later do not change the scores of the others.
        """
        size = len(self.counts_.taken)
        scores = np.zeros((len(requests), len(self.content_)), np.float32)
        fading: dict[float, Sparse] = {}
        for name in self.used_parts():
            if name in FLAT:
                part = self.part(name, requests)
            else:
                decay = self.chosen.decays[name]
                if decay not in fading:
                    fading[decay] = self.fading(name, requests)
                part = self.respond(name, fading[decay])
            add_zscored(scores, part, self.chosen.weights[name], size)
        return scores

    def used_parts(self) -> list[str]:
        """Parts that have something to say and a weight above zero."""
        return [p for p in self.available_parts() if self.chosen.weights.get(p, 0.0) > 0]

    def available_parts(self) -> list[str]:
        """Parts that this data set has and the settings do not leave out."""
        missing = {p for p in ("attributes", "text", "words") if not self.content_.has(p)}
        if self.trend_ is None:
            missing.add("trend")
        return [p for p in PARTS if p not in self.config.leave_out and p not in missing]

    def part(self, name: str, requests: Many[Request], decay: float | None = None) -> Floats:
        """(requests, items): one part's raw scores, with the chosen decay or the one given (inf: none)."""
        if name in FLAT:
            return np.tile(self.fame_ if name == "popularity" else self.lately_, (len(requests), 1))
        return self.respond(name, self.fading(name, requests, decay))

    def fading(self, name: str, requests: Many[Request], decay: float | None = None) -> Sparse:
        """(requests, items): histories as a part reads them."""
        fading = decay or self.chosen.decays[name]
        if np.isinf(fading):
            return recency_matrix(requests, len(self.content_), None)
        return recency_matrix(requests, len(self.content_), fading, self.chosen.window)

    def respond(self, name: str, weights: Sparse) -> Floats:
        """(rows, items): one part's answer to weighted histories."""
        if name in ("transition", "ease"):
            return getattr(self.maps_, name).apply(weights)  # type: ignore[no-any-return]
        return self.content_.similarity(name, weights)

    def contributions(self, request: Request, items: Numbers) -> list[dict[int, float]]:
        """What each history item gave to each score; with what comes from none of them, the sum is the score."""
        self._need_fit()
        history = np.unique(request.history.liked)
        given = gifts(self, request, history)[:, items] if len(history) else np.zeros((0, len(items)))
        return [{int(i): float(v) for i, v in zip(history, column, strict=True)} for column in given.T]

    def grow(self, catalog: Catalog, context: FitContext) -> Self:
        """New items get columns and rows from what they say; nothing known changes."""
        self._need_fit()
        new = ItemContent.read(catalog.take(np.arange(len(self.content_), len(catalog))), context)
        grown = self._copy()
        grown.content_ = self.content_.followed_by(new)
        return grown._ready()

    def lighter(self, memory: int) -> LightPart:
        """The same blend of small maps and of the content that scoring reads."""
        self._need_fit()
        return LightSequence.of(self, memory)

    def lighter_from(self, state: Mapping[str, NDArray[Any]]) -> LightPart:
        """The inverse of its `state`."""
        return LightSequence.from_state(state)

    def forget(self, histories: Many[History]) -> Self:
        """The model as if these training histories had never been seen."""
        return self.partial_fit(histories, [History.of([])] * len(histories))

    def partial_fit(self, before: Many[History], after: Many[History]) -> Self:
        """The model as if each training history `before[u]` had been `after[u]`; settings stay as chosen."""
        self._need_fit()
        changed = self._copy()
        changed.trend_ = None if self.trend_ is None else self.trend_.moved(before, after)
        changed._learn(self.counts_.moved(before, after, self.chosen), FitContext(progress=silent))
        return changed._settle()

    def _copy(self) -> Self:
        copy = type(self)(self.config)
        copy.__dict__.update(self.__dict__)
        return copy

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays for an engine folder."""
        self._need_fit()
        return (
            under("counts", self.counts_.state())
            | under("behaviour", self.behaviour_.state())
            | under("content", self.content_.state())
            | ({} if self.trend_ is None else under("trend", self.trend_.state()))
        )

    def restore(self, state: Mapping[str, NDArray[Any]], context: FitContext) -> Self:
        """The inverse of `state`; the config is the chosen one."""
        del context
        self.chosen_ = self.config
        self.counts_ = Counts.from_state(part("counts", state))
        self.behaviour_ = Behaviour.from_state(part("behaviour", state))
        self.content_ = ItemContent.from_state(part("content", state))
        trend = part("trend", state)
        self.trend_ = Trend.from_state(trend) if trend else None
        return self._ready()

    def _need_fit(self) -> None:
        if not hasattr(self, "maps_"):
            raise NotFittedError("Sequence needs fit first")


def _trend(dataset: Dataset, days: float | None) -> Trend | None:
    events = dataset.interactions.take(dataset.interactions.positive)
    return Trend.of(events, days) if days is not None and events.has_clock else None
