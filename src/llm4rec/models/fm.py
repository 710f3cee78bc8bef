"""Values with their uncertainty: a Bayesian factorisation machine over ids, sets, attributes, text and visits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Catalog, Dataset, FitContext, Floats, NotFittedError, Numbers, Request, SettingsError
from llm4rec.models.fm_blocks import things
from llm4rec.models.fm_intervals import Intervals, calibrate
from llm4rec.models.fm_learn import FmConfig, Learnt, learn
from llm4rec.models.maps import part, under

CELLS = 2_000_000  # scores worked on at once


class Fm:
    """The value that a user gives an item, how sure that is, and intervals that hold as often as they say.

    y = b + w·x + Σ <v_j, v_k> x_j x_k over the row x = [user | what the user rated / √n | user attributes] [item | who
    rated the item / √n | item attributes | text], with j of the user's side and k of the item's, plus a shift for the
    user's day where `date` is on. All weights have normal-gamma priors by group and are drawn by a Gibbs sampler (Freudenthaler,
    Schmidt-Thieme & Rendle 2011; blocks after Rendle, VLDB 2013). The noise of a user and of an item may differ
    (Lakshminarayanan, Bouchard & Archambeau, AISTATS 2011).

    What is learnt: ratings (the stars); without any, impressions and clicks with a value (1 clicked, 0 not); without
    those, things taken as 1 and as many drawn things that were not taken as 0, without sets, which would hold the
    answer. Dislikes without a value teach nothing.

    A user is a history, known or not: for each kept draw of the item side the user's own weights follow from the
    values of the history in closed form (with levels by Newton steps), from the set of its items and, where the
    request has a user number, from the attributes. So events of a second ago count at once.

    `date` and time: a request whose time falls on a day with events of its history takes the shift of that day; on
    another day, the mean of all shifts; without a time, that of the days of its history, each event counting alike.

    More factors than items are allowed: the priors shrink what the data does not support.
    """

    config_type = FmConfig
    learnt_: Learnt
    intervals_: Intervals | None
    notes_: tuple[str, ...]

    def __init__(self, config: FmConfig | None = None) -> None:
        self.config = config or FmConfig()

    @property
    def time_aware(self) -> bool:
        """Whether ratings depend on the day of a request that has a time."""
        return self.config.date

    def fit(self, dataset: Dataset, context: FitContext) -> Self:
        """Learn from the values of `dataset`; DataError where there are none or they do not suit the task."""
        self.learnt_ = learn(dataset, context, self.config)
        self.notes_, self.intervals_ = self.learnt_.notes, None
        if self.config.calibration and self.learnt_.parts and self.learnt_.reader.meaning != "taken":
            self.intervals_, notes = calibrate(dataset, context, self.config, self.learnt_)
            self.notes_ += notes
        return self

    def rate(self, requests: Sequence[Request], items: Numbers) -> Floats:
        """The value expected of `items[n]` from `requests[n]`, (n,) float32, within the range of the values seen."""
        learnt = self._need_fit()
        found = learnt.expect(requests, np.asarray(items, dtype=np.int64))
        return np.asarray(np.clip(found.means, learnt.low, learnt.high), dtype=np.float32)

    def spread(self, requests: Sequence[Request], items: Numbers) -> Floats:
        """Standard deviation of the predictive distribution of that value, noise included, (n,) float32."""
        return np.asarray(
            np.sqrt(self._need_fit().expect(requests, np.asarray(items, dtype=np.int64)).variances),
            dtype=np.float32,
        )

    def distribution(self, requests: Sequence[Request], items: Numbers) -> tuple[Floats, Floats]:
        """The levels, (levels,), and the probability of each for each pair, (n, levels), float32.

        SettingsError where no part of the model has levels (task "regression", or values that are not levels).
        """
        found = self._need_fit().expect(requests, np.asarray(items, dtype=np.int64))
        levels = self._need_fit().levels
        if not len(levels):
            raise SettingsError(
                "fm knows no levels here: fit it with task='probit' or 'average' on at most 20 values"
            )
        return levels.astype(np.float32), found.levels.astype(np.float32)

    def interval(self, requests: Sequence[Request], items: Numbers, coverage: float = 0.9) -> Floats:
        """(n, 2) float32: from where to where a value lies with probability `coverage`.

        Split conformal by activity of the user, the width in proportion to `spread`: it holds on average over values
        drawn like those that were fitted on, whatever their distribution. All values where too few are known.
        """
        if not 0.0 < coverage < 1.0:
            raise SettingsError(
                f"a coverage of {coverage} cannot be had; ask for one between 0 and 1, as 0.9"
            )
        learnt, rows = self._need_fit(), np.asarray(items, dtype=np.int64)
        if not learnt.parts:
            return np.stack([learnt.expect(requests, rows).means] * 2, axis=1).astype(np.float32)
        if self.intervals_ is None:
            raise SettingsError(
                "fm promises no intervals here: they need calibration > 0 and ratings, or clicks with values"
            )
        return self.intervals_.around(learnt, requests, rows, coverage)

    def score(self, requests: Sequence[Request], items: Numbers | None = None) -> Floats:
        """(requests, items) float32: expected values, for ranking; -inf rows for histories without a positive event."""
        learnt = self._need_fit()
        size = learnt.reader.items
        result = np.full((len(requests), size), learnt.low, dtype=np.float32)
        step = max(1, CELLS // max(size * max(len(learnt.levels), 1), 1))
        for start in range(0, len(requests) if learnt.parts else 0, step):
            batch = learnt.reader.read(requests[start : start + step])
            scores = [one.score(batch) for one in learnt.parts]
            result[start : start + step] = np.mean(scores, axis=0)
        result[[len(r.history.liked) == 0 for r in requests]] = -np.inf
        return result if items is None else result[:, items]

    def _need_fit(self) -> Learnt:
        if not hasattr(self, "learnt_"):
            raise NotFittedError(
                f"{type(self).__name__} has learnt nothing yet; call fit(dataset, context) first"
            )
        return self.learnt_

    def grow(self, catalog: Catalog, context: FitContext) -> Self:
        """A model of all items of `catalog`: those added are known by attributes and text alone; self stays as it is."""
        learnt = self._need_fit()
        new = catalog.take(np.arange(learnt.reader.items, len(catalog)))
        contents, _ = things(new, context, self.config.attributes, self.config.text)
        grown = type(self)(self.config)
        grown.learnt_, grown.intervals_, grown.notes_ = learnt.grown(contents), self.intervals_, self.notes_
        return grown

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays for an engine folder."""
        state = under("learnt", self._need_fit().state())
        return state | under("intervals", self.intervals_.state() if self.intervals_ else {})

    def restore(self, state: Mapping[str, NDArray[Any]], context: FitContext) -> Self:
        """The inverse of `state`."""
        del context
        self.learnt_ = Learnt.of(part("learnt", state))
        kept = part("intervals", state)
        self.intervals_ = Intervals.of(kept) if kept else None
        self.notes_ = ()
        return self
