"""Biased matrix factorisation for ratings, with what is not known of a vector taken into account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat, PositiveInt

from llm4rec.core import (
    Before,
    ComponentError,
    Config,
    Dataset,
    FitContext,
    Floats,
    History,
    Interactions,
    NotFittedError,
    Numbers,
    Request,
)
from llm4rec.models.continuing import begun, carried, fewer
from llm4rec.models.mf_side import Ratings, Side

START = 0.1  # spread of an item's factors, and their variance, before the first sweep
LEAST = 1e-6  # share of the values' variance that is taken for noise at least
WIDEST = 4.0  # precision of biases before it is learnt: half a star


class MfConfig(Config):
    """`reg` times the precisions that the data themselves suggest shrink biases and factors; 1 takes them as they are."""

    embedding_size: PositiveInt = 16
    reg: PositiveFloat = 1.0
    epochs: PositiveInt = 25
    loss: Literal["squared"] = "squared"


class Mf:
    """y = b + b_u + b_i + U_u V_i + noise, with normal priors, by variational Bayes (Lim & Teh, KDD Cup 2007).

    Instead of one best vector a row there is a mean and a covariance, so that a row with few ratings is trusted
    little; noise and priors are learnt, and nothing is left to tune. A person is a history: b_u and U_u are the same
    posterior, given the items, for everyone, those in the training data included. A rating is an event with a value;
    where no event has one, every positive event counts 1, and so does every prediction. A history without a
    rating is declined by `score`; `rate` then expects b + b_i.
    """

    config_type = MfConfig
    begun_ = ""

    def __init__(self, config: MfConfig | None = None) -> None:
        self.config = config or MfConfig()
        self.notes_: tuple[str, ...] = ()

    def fit(self, dataset: Dataset, context: FitContext) -> Self:
        """Learn from all ratings."""
        return self._fit(dataset, context)

    def continued(self, dataset: Dataset, context: FitContext, before: Before) -> Self:
        """A quarter of the sweeps, from the posteriors of the items known; from the start where their width has changed."""
        known, again = self._fitted(), type(self)(self.config)
        valued = bool(np.isfinite(dataset.interactions.values).any())
        width = min(self.config.embedding_size, max(len(dataset.catalog), 1))
        if known.means.shape[1] != width + 1 or valued != self.valued_ or not self.noise_:
            again.begun_ = "from the start: values or factors are not of the kind they were"
            return again._fit(dataset, context)
        return again._fit(dataset, context, (self, before.items))

    def _fit(self, dataset: Dataset, context: FitContext, earlier: tuple[Mf, Numbers] | None = None) -> Self:
        """From the start, or from an earlier fit that knew the items by these numbers."""
        events, size = dataset.interactions, len(dataset.catalog)
        self.valued_ = bool(np.isfinite(events.values).any())
        rated = _rated(events, self.valued_)
        users, items, values = events.users[rated], events.items[rated], _values(events, self.valued_)[rated]
        width = min(self.config.embedding_size, max(size, 1))
        self.notes_ = _notes(self.config.embedding_size, width, values, self.valued_)
        self.mean_ = float(values.mean()) if len(values) else 0.0
        self.range_ = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
        spread = float(values.var()) if len(values) else 0.0
        self.noise_, self.prior_ = spread, np.full(width + 1, WIDEST)
        # A copy, so that fitting again in the same world begins at the same place.
        first = deepcopy(context.rng).standard_normal((size, width)) * START
        self.items_ = Side.start(first.astype(np.float32), START if spread else 0.0)
        if spread:
            epochs = self._start(width, earlier)
            centred = (values - self.mean_).astype(np.float32)
            by_user = Ratings.of(users, items, centred, len(dataset.users))
            self._learn(by_user, Ratings.of(items, users, centred, size), epochs, context)
        return self

    def _start(self, width: int, earlier: tuple[Mf, Numbers] | None) -> int:
        """Items, priors and noise before the first sweep, and how many sweeps it takes from there."""
        self.prior_ = np.concatenate([[WIDEST], np.ones(width)])
        if earlier is None:
            return self.config.epochs
        model, numbers = earlier
        known, fresh = model._fitted(), self.items_
        self.items_ = Side(
            carried(fresh.means, known.means, numbers), carried(fresh.covariances, known.covariances, numbers)
        )
        self.prior_, self.noise_ = model.prior_, model.noise_
        self.begun_ = begun(fewer(self.config.epochs), self.config.epochs, "sweeps")
        return fewer(self.config.epochs)

    def _learn(self, by_user: Ratings, by_item: Ratings, epochs: int, context: FitContext) -> None:
        """Sweeps over people and items; after each, noise and priors as the posteriors suggest."""
        width = self.items_.means.shape[1] - 1
        given = np.concatenate(
            [[WIDEST], np.full(width, float(width))]
        )  # of items; the scale of U is free then
        least = LEAST * float(by_item.values.var())
        for epoch in context.progress(range(epochs), "mf", epochs):
            people, _ = self.items_.other_side(by_user, self.config.reg * self.prior_, self.noise_)
            self.items_, errors = people.other_side(by_item, self.config.reg * given, self.noise_)
            self.noise_ = max(float(errors.sum()) / len(by_item.values), least)
            self.prior_ = people.precisions(by_user.counts > 0)
            given[0] = self.items_.precisions(by_item.counts > 0)[0]
            if not (np.isfinite(self.noise_) and self.items_.is_finite()):
                raise ComponentError(
                    f"mf: what is learnt is not finite after sweep {epoch + 1}; raise reg (it is "
                    f"{self.config.reg:g}), or look for values that are far too large"
                )

    def item_vectors(self) -> Floats:
        """(items, width + 2): factors, bias, 1."""
        means = self._fitted().means
        return np.hstack([means[:, 1:], means[:, :1], np.ones((len(means), 1), np.float32)])

    def user_vectors(self, requests: Sequence[Request]) -> Floats:
        """(requests, width + 2): factors, 1, b + b_u; NaN for histories without a rating."""
        people, counts = self._people(requests)
        people[counts == 0] = np.nan
        return people

    def score(self, requests: Sequence[Request], items: Numbers | None = None) -> Floats:
        """(requests, items) float32: the value expected; -inf rows for histories without a rating."""
        vectors = self.item_vectors()
        people, counts = self._people(requests)
        scores = people @ (vectors if items is None else vectors[items]).T
        scores[counts == 0] = -np.inf
        return scores

    def rate(self, requests: Sequence[Request], items: Numbers) -> Floats:
        """The value expected of items[i] from requests[i], within the range of the values seen, (len(requests),)."""
        distinct = {id(request): request for request in requests}
        place = {key: number for number, key in enumerate(distinct)}
        people, _ = self._people(list(distinct.values()))
        asked = np.array([place[id(request)] for request in requests], dtype=np.int64)
        expected = np.einsum("ij,ij->i", people[asked], self.item_vectors()[items])
        return np.asarray(np.clip(expected, *self.range_), dtype=np.float32)

    def _people(self, requests: Sequence[Request]) -> tuple[Floats, Numbers]:
        """Vectors as in `user_vectors`, without NaN, and how many ratings each history has."""
        items = self._fitted()
        rows = [_row(request.history, self.valued_) for request in requests]
        counts = np.array([len(taken) for taken, _ in rows], dtype=np.int64)
        owners = np.repeat(np.arange(len(rows)), counts)
        taken = np.concatenate([taken for taken, _ in rows]) if rows else owners
        values = np.concatenate([values for _, values in rows]) if rows else np.zeros(0, np.float32)
        asked = Ratings.of(owners, taken, values - np.float32(self.mean_), len(rows))
        means = items.other_side(asked, self.config.reg * self.prior_, max(self.noise_, LEAST))[0].means
        ones = np.ones((len(rows), 1), np.float32)
        return np.hstack([means[:, 1:], ones, means[:, :1] + np.float32(self.mean_)]), counts

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays for an engine folder."""
        items = self._fitted()
        told = np.array([self.mean_, self.noise_, *self.range_, float(self.valued_)])
        return {
            "means": items.means,
            "covariances": items.covariances,
            "prior": self.prior_,
            "told": told,
        }

    def restore(self, state: Mapping[str, NDArray[Any]], context: FitContext) -> Self:
        """The inverse of `state`."""
        del context
        self.items_ = Side(state["means"].astype(np.float32), state["covariances"].astype(np.float32))
        self.prior_ = state["prior"].astype(np.float64)
        self.mean_, self.noise_, low, high, valued = (float(value) for value in state["told"])
        self.range_, self.valued_ = (low, high), bool(valued)
        return self

    def _fitted(self) -> Side:
        if not hasattr(self, "items_"):
            raise NotFittedError("Mf needs fit first")
        return self.items_


def _rated(events: Interactions | History, valued: bool) -> NDArray[np.bool_]:
    """Which events are ratings."""
    return np.isfinite(events.values) if valued else events.positive


def _values(events: Interactions | History, valued: bool) -> Floats:
    return events.values if valued else np.ones(len(events), np.float32)


def _row(history: History, valued: bool) -> tuple[Numbers, Floats]:
    """Items and values of the ratings of a history."""
    rated = _rated(history, valued)
    return history.items[rated], _values(history, valued)[rated]


def _notes(asked: int, width: int, values: Floats, valued: bool) -> tuple[str, ...]:
    """What is not as asked for or as one would wish."""
    same = len(values) > 0 and bool((values == values[0]).all())
    said = (
        (width < asked, f"embedding_size {asked} is more than there are items: {width} factors are used"),
        (
            not valued,
            "mf: no event has a value, so every positive event counts 1 and nothing can be told apart",
        ),
        (valued and same, f"mf: all values are {values[0] if same else 0:g}, and so is every prediction"),
    )
    return tuple(told for so, told in said if so)
