"""A person's interest as a weighted sum of the texts of what they took. Knows nothing of what others took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat, PositiveFloat

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
    Sparse,
    unit_rows,
)
from llm4rec.models.histories import liked_times
from llm4rec.models.tuning import best_of
from llm4rec.models.weighing import Weighing

SILENT = (
    "interest compares item texts; there are none, or no encoder to read them, so every request is declined"
)
ENTRIES = 50_000  # events compared with their centre at a time: some tens of megabytes


class InterestConfig(Config):
    """`decay` as in ease; `half_life_days`: an event counts half after so many days (none: time does not count);
    `focus`: how much more events count that lie close to the centre of the interest; `kinds`, `value_weight`: see
    `Weighing`.
    """

    decay: PositiveFloat | None = 5.0
    half_life_days: PositiveFloat | None = None
    focus: NonNegativeFloat = Field(0.0, le=50.0)
    kinds: dict[str, NonNegativeFloat] = Field({}, description="weight by kind of event; 1 where not named")
    value_weight: NonNegativeFloat = 0.0
    decays: tuple[PositiveFloat | None, ...] = Field((5.0, 2.0, 10.0, 30.0, None), description="tried")
    half_lives: tuple[PositiveFloat | None, ...] = Field((None, 7.0, 60.0, 365.0), description="tried")
    focuses: tuple[NonNegativeFloat, ...] = Field((0.0, 2.0, 5.0, 10.0), description="tried")
    tune: bool = True


class Interest:
    """interest = sum_i w_i x_i over the history, of length one; x_i are the unit text vectors of `context.encoder`.

    w_i = kind and value x exp(-age / decay) x 2^(-days / half_life_days) x exp(focus x_i . c), ages counted from the
    newest event and c the direction of the sum without the last factor: softmax attention whose query is the centre
    of the interest. A score is the product with an item's vector, so that an item needs text, not clicks. With a
    holdout, `decay` and `focus` are chosen on it together, then `half_life_days`.
    """

    config_type = InterestConfig

    def __init__(self, config: InterestConfig | None = None) -> None:
        self.config = config or InterestConfig()
        self.decay = self.config.decay
        self.half_life = self.config.half_life_days
        self.focus = self.config.focus

    def fit(self, dataset: Dataset, context: FitContext) -> Self:
        """Read the texts; choose the weights where there is a holdout."""
        self.vectors_ = _read(dataset.catalog, context)
        self.notes_ = () if self.vectors_.any() else (SILENT,)
        if self.config.tune and context.holdout is not None and len(context.holdout):
            pairs = list(product(self.config.decays, self.config.focuses))
            self._faded = best_of(self, "_faded", pairs, context)
            self.half_life = best_of(self, "half_life", self.config.half_lives, context)
        return self

    @property
    def _faded(self) -> tuple[float | None, float]:
        """Decay and focus, which are chosen together: a slow decay needs more focus."""
        return self.decay, self.focus

    @_faded.setter
    def _faded(self, pair: tuple[float | None, float]) -> None:
        self.decay, self.focus = pair

    @property
    def chosen(self) -> InterestConfig:
        """The config with the weights chosen."""
        found = {"decay": self.decay, "half_life_days": self.half_life, "focus": self.focus, "tune": False}
        return self.config.model_copy(update=found)

    def item_vectors(self) -> Floats:
        """(items, width) of length one; zero for an item without text."""
        if not hasattr(self, "vectors_"):
            raise NotFittedError("Interest needs fit first")
        return self.vectors_

    def user_vectors(self, requests: Sequence[Request]) -> Floats:
        """(requests, width) of length one; NaN for histories that say nothing."""
        weights = self._weights(requests)
        people = unit_rows(np.asarray(weights @ self.vectors_))
        people[~people.any(axis=1)] = np.nan
        return people

    def score(self, requests: Sequence[Request], items: Numbers | None = None) -> Floats:
        """(requests, items) float32, from -1 to 1; -inf rows for histories that say nothing."""
        people = self.user_vectors(requests)
        declined = np.isnan(people).any(axis=1)
        scores = people @ (self.vectors_ if items is None else self.vectors_[items]).T
        scores[declined] = -np.inf
        return scores

    def contributions(self, request: Request, items: Numbers) -> list[dict[int, float]]:
        """What each history item gave to each score; the parts sum to the score."""
        weights = self._weights([request])
        weights.sum_duplicates()
        total = max(float(np.linalg.norm(weights @ self.vectors_)), 1e-12)
        near = self.vectors_[weights.indices] @ self.vectors_[items].T
        shares = weights.data[:, None] * near / total
        return [
            {int(i): float(v) for i, v in zip(weights.indices, column, strict=True)} for column in shares.T
        ]

    def grow(self, catalog: Catalog, context: FitContext) -> Self:
        """Read the new items."""
        known = self.item_vectors()
        grown = type(self)(self.config)
        grown.decay, grown.half_life, grown.focus = self.decay, self.half_life, self.focus
        new = _read(catalog.take(np.arange(len(known), len(catalog))), context)
        grown.vectors_ = np.concatenate([known, new])
        return grown

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays for an engine folder."""
        return {"vectors": self.item_vectors()}

    def restore(self, state: Mapping[str, NDArray[Any]], context: FitContext) -> Self:
        """The inverse of `state`."""
        del context
        self.vectors_ = state["vectors"].astype(np.float32)
        return self

    def _weights(self, requests: Sequence[Request]) -> Sparse:
        """(requests, items): w of each event, repeats as entries of their own."""
        vectors = self.item_vectors()
        weighing = Weighing(self.config.kinds, self.config.value_weight)
        # With an endless decay every event stays an entry of its own, in order of time.
        weights = weighing.histories(requests, len(vectors), self.decay or np.inf)
        if self.half_life is not None:
            weights.data = weights.data * _aged(liked_times(requests), weights.indptr, self.half_life)
        if self.focus:
            weights.data = weights.data * np.exp(np.float32(self.focus) * closeness(weights, vectors))
        return weights


def _read(catalog: Catalog, context: FitContext) -> Floats:
    if context.encoder is None:
        return np.zeros((len(catalog), 1), np.float32)
    return unit_rows(context.encoder.encode(catalog.texts))


def _aged(times: NDArray[np.float64], bounds: NDArray[Any], half_life_days: float) -> Floats:
    """2^(-days / half life) of each event, counted from the last of its row."""
    lengths = np.diff(bounds)
    # From the newest event, not from now: only the direction of a sum matters, and a long absence would underflow.
    newest = np.repeat(times[np.maximum(bounds[1:] - 1, 0)], lengths) if len(times) else times
    return np.exp2(-(newest - times) / DAY / half_life_days).astype(np.float32)


def closeness(weights: Sparse, vectors: Floats) -> Floats:
    """Of each entry, in their order: the cosine of its item's vector with the direction of its row's sum."""
    centres = unit_rows(np.asarray(weights @ vectors))
    rows = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
    result = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), ENTRIES):
        some = slice(start, start + ENTRIES)
        result[some] = np.einsum("ij,ij->i", vectors[weights.indices[some]], centres[rows[some]])
    return result
