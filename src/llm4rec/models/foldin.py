"""Fold-in: a person is a learnt prior and what a few events make of it. Learns people, not items: those come from a base."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from itertools import product
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from llm4rec.core import (
    ComponentError,
    Config,
    Dataset,
    Embeds,
    FitContext,
    Floats,
    NotFittedError,
    Numbers,
    Request,
    Sparse,
)
from llm4rec.models.episodes import Episodes
from llm4rec.models.prior import Posterior, Prior, Reals
from llm4rec.models.tuning import quality
from llm4rec.models.weighing import Weighing

PEOPLE = 5_000  # from whom the prior is learnt, at most
ROWS = 128  # people whose covariances are held at once
FADED = 1e-3  # an event that weighs less than this beside the latest is left out


class FoldInConfig(Config):
    """`base` is a model with vectors of items (its `options` beside it), of which `embedding_size` main directions are used.

    `unobserved`: precision of a pair nobody took, beside one taken, while the prior is learnt over `epochs` sweeps.
    `strength`: precision of an event of a newcomer beside one of a known person; `decay` as in als; both are chosen
    from `strengths` and `decays` on people held out. `kinds`: precision by kind of event; 1 where not named.
    """

    base: str = "als"
    options: dict[str, Any] = Field({})
    embedding_size: PositiveInt = 64
    unobserved: PositiveFloat = 0.03
    epochs: PositiveInt = 10
    strength: PositiveFloat = 0.1
    decay: PositiveFloat | None = 2.0
    kinds: dict[str, NonNegativeFloat] = Field({})
    strengths: tuple[PositiveFloat, ...] = Field((0.03, 0.1, 0.3, 1.0), description="tried")
    decays: tuple[PositiveFloat | None, ...] = Field((1.0, 2.0, 5.0, None), description="tried")
    tune: bool = True


class FoldIn:
    """score = v u, with u the posterior mean of N(mean, covariance) after the events of the history.

    Mean, covariance and noise are learnt from people (`Prior`). What a newcomer has not taken says nothing yet, so only
    events count: each is an observation of 1. How fast the prior fades is chosen on people held out whole, asked after
    their first 1, 3, 5 and 10 events. With `Embeds`, an index can serve it. A history without positive events is
    declined. Bayesian linear regression: Bishop 2006, 3.3; fold-in: Hu, Koren & Volinsky, ICDM 2008.
    """

    config_type = FoldInConfig

    def __init__(self, config: FoldInConfig | None = None) -> None:
        self.config = config or FoldInConfig()
        self.strength, self.decay = self.config.strength, self.config.decay
        self.notes_: tuple[str, ...] = ()

    @property
    def chosen(self) -> FoldInConfig:
        """The config with `strength` and `decay` chosen."""
        return self.config.model_copy(update={"strength": self.strength, "decay": self.decay, "tune": False})

    def fit(self, dataset: Dataset, context: FitContext) -> Self:
        """Choose how fast the prior fades where enough people can be held out, then learn it from everybody."""
        if self.config.tune:
            episodes = Episodes.drawn(dataset, np.random.default_rng(0))
            if episodes.asked:
                self._learn(episodes.left, context)
                self._choose(episodes, context)
        return self._learn(dataset, context)

    def _learn(self, dataset: Dataset, context: FitContext) -> Self:
        base = context.make(self.config.base, dict(self.config.options))
        if not isinstance(base, Embeds):
            raise ComponentError(
                f"fold-in needs a base with vectors of items, such as 'als'; not {self.config.base!r}"
            )
        # A copy, so that what was chosen, fitted again in the same world, begins where the trial began.
        own = replace(context, holdout=None, rng=deepcopy(context.rng))
        vectors = np.nan_to_num(base.fit(dataset, own).item_vectors().astype(np.float64))
        self.vectors_ = _main(vectors, self.config.embedding_size)
        matrix = dataset.matrix()
        if matrix.shape[0] > PEOPLE:
            matrix = matrix[np.sort(np.random.default_rng(0).choice(matrix.shape[0], PEOPLE, replace=False))]
        self.prior_ = Prior.learn(self.vectors_, matrix, self.config.unobserved, self.config.epochs)
        return self

    def _choose(self, episodes: Episodes, context: FitContext) -> None:
        """The pair of strength and decay with the best mean NDCG@10 over all lengths of histories."""
        tried = list(product(self.config.strengths, self.config.decays))
        found = []
        for self.strength, self.decay in context.progress(tried, "choosing how the prior fades", len(tried)):
            found.append(np.mean([quality(self, holdout) for holdout in episodes.asked.values()]))
        self.strength, self.decay = tried[int(np.argmax(found))]

    @property
    def _weighing(self) -> Weighing:
        return Weighing(self.config.kinds)

    def posteriors(self, requests: Sequence[Request]) -> Iterator[tuple[slice, Posterior, NDArray[np.bool_]]]:
        """Of some requests at a time: which, what is known of each, and who has an event that says something."""
        self._need_fit()
        weights = self._weighing.histories(requests, len(self.vectors_), self.decay)
        weights.data *= np.float32(self.strength)
        for start in range(0, len(requests), ROWS):
            own = weights[start : start + ROWS]
            items, precisions = _padded(own, FADED * self.strength)
            known = self.prior_.begun(len(items))
            for place in range(items.shape[1]):
                known = known.after(self.vectors_[items[:, place]], precisions[:, place])
            yield slice(start, start + ROWS), known, np.asarray(precisions.any(axis=1))

    def item_vectors(self) -> Floats:
        """(items, width)."""
        self._need_fit()
        return self.vectors_.astype(np.float32)

    def user_vectors(self, requests: Sequence[Request]) -> Floats:
        """(requests, width): posterior means; NaN for histories without an event that weighs anything."""
        self._need_fit()
        found = np.empty((len(requests), self.vectors_.shape[1]), np.float32)
        for rows, known, said in self.posteriors(requests):
            found[rows] = np.where(said[:, None], known.means, np.nan)
        return found

    def score(self, requests: Sequence[Request], items: Numbers | None = None) -> Floats:
        """(requests, items) float32; -inf rows for histories without an event that weighs anything."""
        people, vectors = self.user_vectors(requests), self.item_vectors()
        scores = people @ (vectors if items is None else vectors[items]).T
        scores[np.isnan(people).any(axis=1)] = -np.inf
        return scores

    def uncertainty(self, requests: Sequence[Request], items: Numbers | None = None) -> Floats:
        """(requests, items) float32: standard deviation of each score; without events that of the prior."""
        self._need_fit()
        vectors = self.vectors_ if items is None else self.vectors_[items]
        found = np.empty((len(requests), len(vectors)), np.float32)
        for rows, known, _ in self.posteriors(requests):
            found[rows] = known.spread(vectors)
        return found

    def contributions(self, request: Request, items: Numbers) -> list[dict[int, float]]:
        """What each history item gave to each score; with what the prior alone gives, they sum to the score."""
        self._need_fit()
        _, known, _ = next(self.posteriors([request]))
        weights = self._weighing.histories([request], len(self.vectors_), self.decay)
        taken, precisions = _padded(weights * self.strength, FADED * self.strength)
        own = self.vectors_[taken[0]] * (precisions[0] / self.prior_.noise)[:, None]
        shares = own @ known.covariances[0] @ self.vectors_[items].T  # (events, items)
        given: list[dict[int, float]] = [{} for _ in items]
        for item, row, weight in zip(taken[0].tolist(), shares, precisions[0], strict=True):
            for place, gift in enumerate(row if weight else ()):
                given[place][item] = given[place].get(item, 0.0) + float(gift)
        return given

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays for an engine folder."""
        self._need_fit()
        own = self.prior_
        return {
            "vectors": self.vectors_,
            "mean": own.mean,
            "covariance": own.covariance,
            "noise": np.array([own.noise]),
        }

    def restore(self, state: Mapping[str, NDArray[Any]], context: FitContext) -> Self:
        """The inverse of `state`; the config is the chosen one."""
        del context
        self.vectors_ = state["vectors"].astype(np.float64)
        mean, covariance = (state[name].astype(np.float64) for name in ("mean", "covariance"))
        self.prior_ = Prior(mean, covariance, float(state["noise"][0]))
        return self

    def _need_fit(self) -> None:
        if not hasattr(self, "prior_"):
            raise NotFittedError("FoldIn needs fit first")


def _main(vectors: Reals, width: int) -> Reals:
    """The main directions of the rows, at most `width`, scaled to rows of length one on average."""
    if vectors.shape[1] > width:
        values, directions = np.linalg.eigh(vectors.T @ vectors)
        vectors = vectors @ directions[:, np.argsort(-values, kind="stable")[:width]]
    length = float(np.sqrt((vectors**2).sum() / max(len(vectors), 1)))
    return np.ascontiguousarray(vectors / (length or 1.0))


def _padded(weights: Sparse, least: float) -> tuple[Numbers, Reals]:
    """Items (rows, most events) and their precisions; places that nothing fills are item 0 with precision 0."""
    keep = weights.data > least
    owners = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))[keep]
    counts = np.bincount(owners, minlength=weights.shape[0])
    places = np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)
    items = np.zeros((weights.shape[0], int(counts.max(initial=0))), dtype=np.int64)
    precisions = np.zeros(items.shape)
    items[owners, places], precisions[owners, places] = weights.indices[keep], weights.data[keep]
    return items, precisions
