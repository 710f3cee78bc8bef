"""A weighted blend of other models, weights chosen on held-out questions."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Many
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat

from llm4rec.core import (
    Catalog,
    Dataset,
    Explains,
    FitContext,
    Floats,
    Model,
    Numbers,
    Request,
    add_zscored,
)
from llm4rec.models.blend import Trial, choose_weights
from llm4rec.models.inputs import Inputs, known_part
from llm4rec.models.over_inputs import OverInputs, OverInputsConfig
from llm4rec.models.tuning import QUESTIONS

GRID = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.4, 2.0)
BYTES = 900_000_000  # of scores held while choosing


class EnsembleConfig(OverInputsConfig):
    """`weights` count z-scores; an input that they do not name counts 1. A weight of zero is a fair choice."""

    weights: dict[str, NonNegativeFloat] = Field({})


class Ensemble(OverInputs):
    """Score = sum of weight x z-score of each input, over the items fitted on.

    The base declines requests for all. Items added later are scored by the inputs that can take them; the others
    say nothing of them. On held-out questions the weights of all inputs but the base are chosen by coordinate
    search for NDCG@10, each change by more than chance (see `blend.choose_weights`).
    """

    config_type = EnsembleConfig
    config: EnsembleConfig

    def __init__(self, config: EnsembleConfig | None = None) -> None:
        self.config = config or EnsembleConfig()
        self.weights = {name: self.config.weights.get(name, 1.0) for name in self.config.inputs}

    @property
    def chosen(self) -> EnsembleConfig:
        """The config with weights and the inputs' settings as chosen."""
        changed = {"weights": self.weights, "options": self._chosen_options(), "tune": False}
        return self.config.model_copy(update=changed)

    @property
    def made_of(self) -> Mapping[str, Model]:
        """Its inputs that count, and the base."""
        counting = (name for name in self.inputs_.models if self.weights[name])
        return self.inputs_.only([self.config.inputs[0], *counting]).models

    def fit(self, dataset: Dataset, context: FitContext) -> Self:
        """Fit the inputs, then choose weights where there is a holdout."""
        self.size_ = self.width_ = len(dataset.catalog)
        self.inputs_ = Inputs.fit(self.config.inputs, self.config.options, dataset, context)
        if self.config.tune and context.holdout is not None and len(context.holdout):
            room = max(100, BYTES // (4 * len(self.config.inputs) * max(self.size_, 1)))
            questions = context.holdout.sample(min(QUESTIONS, room), np.random.default_rng(0))
            trial = Trial(questions, self.inputs_.scored(questions.requests, self.size_))
            base = self.config.inputs[0]
            start = {name: 1.0 if name == base else 0.0 for name in self.config.inputs}
            self.weights = choose_weights(trial, start, GRID, fixed=(base,), progress=context.progress)
        return self

    def _again(self, inputs: Inputs, dataset: Dataset, context: FitContext) -> Self:
        del context
        again = type(self)(self.chosen)
        again.size_ = again.width_ = len(dataset.catalog)
        again.inputs_ = inputs
        return again

    def score(self, requests: Many[Request], items: Numbers | None = None) -> Floats:
        """(requests, items) float32; rows that the base declines are -inf."""
        self._need_fit()
        total = np.zeros((len(requests), self.width_), np.float32)
        declined = np.zeros(len(requests), dtype=bool)
        for place, name in enumerate(self.inputs_.models):
            if place and not self.weights[name]:
                continue
            found = self._asked(name, requests)
            refused = np.isneginf(found).all(axis=1) if found.shape[1] else declined
            declined |= refused if place == 0 else False
            found[refused] = 0.0
            add_zscored(total[:, : found.shape[1]], found, self.weights[name], self.size_)
        total[declined] = -np.inf
        return total if items is None else total[:, items]

    def _asked(self, name: str, requests: Many[Request]) -> Floats:
        """(requests, items that the input knows): its scores."""
        model = self.inputs_.models[name]
        if self.width_ > self.size_ and not self._took_new(name):
            requests = [known_part(request, self.size_) for request in requests]
        return np.array(model.score(requests), dtype=np.float32)

    def _took_new(self, name: str) -> bool:
        return hasattr(self.inputs_.models[name], "grow")

    def contributions(self, request: Request, items: Numbers) -> list[dict[int, float]]:
        """What each history item gave, through every input that can say it; the rest is nobody's gift."""
        self._need_fit()
        given: list[dict[int, float]] = [{} for _ in items]
        for name, model in self.inputs_.models.items():
            if not self.weights[name] or not isinstance(model, Explains):
                continue
            spread = float(self._asked(name, [request])[0, : self.size_].std())
            if not np.isfinite(spread) or spread <= 0:
                continue
            scale = self.weights[name] / spread
            for total, own in zip(given, model.contributions(request, items), strict=True):
                for item, gift in own.items():
                    total[item] = total.get(item, 0.0) + scale * gift
        return given

    def grow(self, catalog: Catalog, context: FitContext) -> Self:
        """New items enter through the inputs that can take them."""
        grown = super().grow(catalog, context)
        grown.width_ = len(catalog)
        return grown

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays for an engine folder."""
        self._need_fit()
        return self.inputs_.state() | {"sizes": np.array([self.size_, self.width_], dtype=np.int64)}

    def restore(self, state: Mapping[str, NDArray[Any]], context: FitContext) -> Self:
        """The inverse of `state`; the config is the chosen one."""
        self._restore_inputs(state, context)
        self.size_, self.width_ = (int(n) for n in state["sizes"])
        return self
