"""Popularity: what most people take, over all time or lately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat

from llm4rec.core import (
    DAY,
    Catalog,
    Config,
    Dataset,
    FitContext,
    Floats,
    NotFittedError,
    Numbers,
    Request,
)
from llm4rec.models.trends import best_window


class PopularConfig(Config):
    """`window_days`: count only the last so many days; `half_life_days`: older events count less and less.

    Both need real times; neither set means all of time, all alike. "auto": the window that in the past of this
    data was the best list for people who came next (`trends.best_window`).
    """

    window_days: PositiveFloat | Literal["auto"] | None = None
    half_life_days: PositiveFloat | None = None


class Popular:
    """Score = users (all time) or weighted events (windowed) of an item; the same for everybody.

    Never declines a request, which makes it the engine's last resort.
    """

    config_type = PopularConfig

    def __init__(self, config: PopularConfig | None = None) -> None:
        self.config = config or PopularConfig()

    def fit(self, dataset: Dataset, context: FitContext) -> Self:
        """Count."""
        del context
        days = self.config.window_days
        self.days_ = best_window(dataset) if days == "auto" else days
        windowed = self.days_ is not None or self.config.half_life_days is not None
        self.counts_ = self._recent(dataset) if windowed else dataset.counts.astype(np.float32)
        return self

    def _recent(self, dataset: Dataset) -> Floats:
        events = dataset.interactions.take(dataset.interactions.positive)
        # From the newest event, not from now: a log that ended last year would count as nothing.
        age = (events.timestamps.max(initial=0.0) - events.timestamps) / DAY
        weight = np.ones(len(events))
        if self.days_ is not None:
            weight *= age <= self.days_
        if self.config.half_life_days is not None:
            weight *= np.exp2(-age / self.config.half_life_days)
        return np.bincount(events.items, weight, minlength=len(dataset.catalog)).astype(np.float32)

    def score(self, requests: Sequence[Request], items: Numbers | None = None) -> Floats:
        """(requests, items) float32."""
        counts = self._fitted()
        chosen = counts if items is None else counts[items]
        return np.tile(chosen, (len(requests), 1))

    def grow(self, catalog: Catalog, context: FitContext) -> Self:
        """New items have been taken by nobody."""
        del context
        grown = type(self)(self.config)
        counts = self._fitted()
        grown.counts_ = np.concatenate([counts, np.zeros(len(catalog) - len(counts), np.float32)])
        return grown

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays for an engine folder."""
        return {"counts": self._fitted()}

    def restore(self, state: Mapping[str, NDArray[Any]], context: FitContext) -> Self:
        """The inverse of `state`."""
        del context
        self.counts_ = state["counts"].astype(np.float32)
        return self

    def _fitted(self) -> Floats:
        if not hasattr(self, "counts_"):
            raise NotFittedError("Popular needs fit first")
        return self.counts_
