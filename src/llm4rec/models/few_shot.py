"""Few-shot: the base for people of whom much is known, blended with fold-in for those of whom little is."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Many
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveInt

from llm4rec.core import (
    ComponentError,
    Dataset,
    Doubts,
    Explains,
    FitContext,
    Floats,
    Model,
    Numbers,
    Request,
    gains,
    masked,
    surely_better,
    zscore_rows,
)
from llm4rec.core.arrays import TINY
from llm4rec.models.episodes import Episodes
from llm4rec.models.inputs import Inputs, known_part
from llm4rec.models.over_inputs import InputNames, OverInputs, OverInputsConfig
from llm4rec.models.tuning import QUESTIONS

GRID = tuple(round(0.1 * step, 1) for step in range(11))
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class FewShotConfig(OverInputsConfig):
    """`inputs` are the base and a model for newcomers; `options` their settings by name.

    `shares` say how much of a list is the newcomers' after so many events as `lengths` say, and between them by the
    logarithm of the events; from twice the last length on the base stands alone. Chosen on people held out.
    """

    inputs: InputNames = ("sequence", "fold-in")
    lengths: tuple[PositiveInt, ...] = (1, 3, 5, 10, 20, 40)
    shares: tuple[Share, ...] = Field((), description="none: the base alone, until they are chosen")


class FewShot(OverInputs):
    """score = mean + spread ((1 - share) z(base) + share z(fold-in)), mean and spread those of the base's scores.

    The share depends on the events of the history alone and is chosen by NDCG@10 on episodes: people held out as a whole,
    asked after their first events; it leaves 0 only where that gains more than a standard error over the base. What is
    useful of meta-learning is that settings are learnt for tasks as small as those that come (cf. Nichol et al. 2018, who
    learn a starting point instead). `adapted` says whose lists are blended. New items stand where the base puts them.
    """

    config_type = FewShotConfig
    config: FewShotConfig

    def __init__(self, config: FewShotConfig | None = None) -> None:
        self.config = config or FewShotConfig()
        lengths, self.shares = self.config.lengths, self.config.shares or (0.0,) * len(self.config.lengths)
        if len(self.config.inputs) != 2 or len(self.shares) != len(lengths) or not _ascending(lengths):
            raise ComponentError(
                "few-shot needs two inputs, the base and a model for newcomers; lengths that ascend; and as many shares"
            )
        self.notes_: tuple[str, ...] = ()

    @property
    def questions(self) -> int:
        """How many held-out questions its inputs would like to learn from."""
        return QUESTIONS

    @property
    def chosen(self) -> FewShotConfig:
        """The config with shares and the inputs' settings as chosen."""
        changed = {"shares": self.shares, "options": self._chosen_options(), "tune": False}
        return self.config.model_copy(update=changed)

    def fit(self, dataset: Dataset, context: FitContext) -> Self:
        """Fit the inputs without some people, choose the shares on these, fit the inputs on everybody."""
        episodes = Episodes.drawn(dataset, np.random.default_rng(0), self.config.lengths)
        if not self.config.tune or not episodes.asked:
            self._take(Inputs.fit(self.config.inputs, self.config.options, dataset, context), dataset)
        else:
            self._take(Inputs.fit(self.config.inputs, self.config.options, episodes.left, context), dataset)
            self._choose(episodes)
            self._take(self.inputs_.refit(dataset, context), dataset)
        self.notes_ = (self._told(),)
        return self

    def _take(self, inputs: Inputs, dataset: Dataset) -> None:
        self.inputs_, self.size_ = inputs, len(dataset.catalog)

    def _choose(self, episodes: Episodes) -> None:
        """For each length the share with the best NDCG@10; 0 unless it gains, and never more than after fewer events."""
        shares = dict.fromkeys(self.config.lengths, 0.0)
        for length, holdout in episodes.asked.items():
            base = np.array(self.inputs_.base.score(holdout.requests), dtype=np.float32)
            own = self._newcomers.score(holdout.requests)
            found = [
                gains(
                    masked(_blended(base, own, np.full(len(base), share)), holdout.requests), holdout.targets
                )
                for share in GRID
            ]
            best = int(np.argmax([row.mean() for row in found]))
            if surely_better(found[best], found[0]):
                shares[length] = GRID[best]
        self.shares = tuple(np.minimum.accumulate(list(shares.values())).tolist())

    def _told(self) -> str:
        named = [f"{k}: {share:g}" for k, share in zip(self.config.lengths, self.shares, strict=True)]
        if not any(self.shares):
            return f"few-shot: {self.config.inputs[0]!r} answers alone, whatever is known of a person"
        return f"few-shot: share of {self.config.inputs[1]!r} by events known of a person: {', '.join(named)}"

    def refit(self, dataset: Dataset, context: FitContext) -> Self:
        """The inputs fitted on `dataset` with what they chose; the shares as they were chosen."""
        self._need_fit()
        return self._again(self.inputs_.refit(dataset, context), dataset, context)

    def _again(self, inputs: Inputs, dataset: Dataset, context: FitContext) -> Self:
        del context
        again = type(self)(self.chosen)
        again._take(inputs, dataset)
        again.notes_ = self.notes_
        return again

    @property
    def _newcomers(self) -> Model:
        return self.inputs_.models[self.config.inputs[1]]

    def share_of(self, events: Numbers) -> NDArray[np.float64]:
        """How much of a list is the newcomers' after so many positive events, (requests,)."""
        lengths = np.log([*self.config.lengths, 2 * self.config.lengths[-1]])
        found = np.interp(np.log(np.maximum(events, 1)), lengths, [*self.shares, 0.0])
        return np.where(events > 0, found, 0.0)

    def score(self, requests: Many[Request], items: Numbers | None = None) -> Floats:
        """(requests, items) float32, on the scale of the base; rows that the base declines are -inf."""
        self._need_fit()
        scores = np.array(self.inputs_.base.score(requests), dtype=np.float32)
        asked, shares = self._asked(requests)
        rows = (
            np.flatnonzero((shares > 0) & ~np.isneginf(scores).all(axis=1)) if scores.shape[1] else asked[:0]
        )
        if len(rows):
            own = self._newcomers.score([known_part(requests[int(row)], self.size_) for row in rows])
            known = scores[rows, : self.size_]
            scores[rows, : self.size_] = _blended(known, own[:, : self.size_], shares[rows])
        return scores if items is None else scores[:, items]

    def _asked(self, requests: Many[Request]) -> tuple[Numbers, NDArray[np.float64]]:
        """Positive events of items that the newcomers' model knows, and the shares that follow."""
        liked = [request.history.liked for request in requests]
        events = np.array([int((own < self.size_).sum()) for own in liked], dtype=np.int64)
        return events, self.share_of(events)

    def adapted(self, requests: Many[Request]) -> list[str]:
        """Of each request, what is told of its list because little is known of the person; "" where nothing is."""
        self._need_fit()
        first, second = self.config.inputs
        events, shares = self._asked(requests)
        return [
            f"events known: {known}; {share:.0%} of the order is {second!r}, the rest {first!r}"
            if share
            else ""
            for known, share in zip(events.tolist(), shares.tolist(), strict=True)
        ]

    def uncertainty(self, requests: Many[Request], items: Numbers | None = None) -> Floats:
        """(requests, items) float32: standard deviation of the newcomers' part of each score; 0 for new items."""
        self._need_fit()
        base = np.asarray(self.inputs_.base.score(requests), dtype=np.float32)
        found = np.zeros(base.shape, np.float32)
        shares, model = self._asked(requests)[1], self._newcomers
        rows = np.flatnonzero((shares > 0) & np.isfinite(base).all(axis=1))
        if isinstance(model, Doubts) and len(rows):
            asked = [known_part(requests[int(row)], self.size_) for row in rows]
            spread = np.std(np.asarray(model.score(asked)), axis=1)
            scale = shares[rows] * np.std(base[rows, : self.size_], axis=1) / np.maximum(spread, TINY)
            found[rows, : self.size_] = scale[:, None] * model.uncertainty(asked)
        return found if items is None else found[:, items]

    def contributions(self, request: Request, items: Numbers) -> list[dict[int, float]]:
        """What each history item gave, through both inputs as far as they can say it; the rest is nobody's gift."""
        self._need_fit()
        share = float(self._asked([request])[1][0])
        base = self.inputs_.base
        spread = float(np.std(np.asarray(base.score([request]))[0, : self.size_]))
        parts = [(base, request, items, 1.0 - share)]
        if share:
            known = known_part(request, self.size_)
            own = float(np.std(np.asarray(self._newcomers.score([known]))[0]))
            parts.append(
                (self._newcomers, known, items[items < self.size_], share * spread / own if own else 0.0)
            )
        given: dict[int, dict[int, float]] = {int(item): {} for item in items}
        for model, asked, some, weight in parts:
            if isinstance(model, Explains) and weight:
                for item, gifts in zip(some.tolist(), model.contributions(asked, some), strict=True):
                    whole = weight if item < self.size_ else 1.0
                    for source, gift in gifts.items():
                        given[item][source] = given[item].get(source, 0.0) + whole * gift
        return [given[int(item)] for item in items]

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays for an engine folder."""
        self._need_fit()
        return self.inputs_.state() | {"size": np.array([self.size_], dtype=np.int64)}

    def restore(self, state: Mapping[str, NDArray[Any]], context: FitContext) -> Self:
        """The inverse of `state`; the config is the chosen one."""
        self._restore_inputs(state, context)
        self.size_ = int(state["size"][0])
        return self


def _ascending(lengths: Many[int]) -> bool:
    return bool(lengths) and bool((np.diff(lengths) > 0).all())


def _blended(base: Floats, newcomers: Floats, shares: NDArray[np.float64]) -> Floats:
    """(rows, items) on the scale of the base; a row that the newcomers' model declines stays the base's."""
    declined = np.isneginf(newcomers).all(axis=1)
    weight = np.where(declined, 0.0, shares)[:, None].astype(np.float32)
    other = zscore_rows(newcomers) * base.std(axis=1, keepdims=True) + base.mean(axis=1, keepdims=True)
    return np.asarray((1 - weight) * base + weight * other, dtype=np.float32)
