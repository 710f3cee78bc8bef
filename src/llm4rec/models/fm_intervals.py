"""Intervals of a factorisation machine that hold: fitted once more on a part of the values, judged on the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Dataset, FitContext, Floats, Interactions, Request
from llm4rec.models.conformal import Mondrian
from llm4rec.models.fm_blocks import valued
from llm4rec.models.fm_learn import FmConfig, Learnt, learn
from llm4rec.models.maps import part, under

FEWEST = 50  # values; with fewer none is held out
SHORTER, SWEEPS = 3, 100  # the second fit has so many times fewer sweeps, but so many at least
TINY = 1e-9
TIMELESS, TIMED = "timeless", "timed"


@dataclass(frozen=True)
class Intervals:
    """Calibrated widths for requests without a time and, where time counts, for requests with one."""

    widths: Mapping[str, Mondrian]

    def around(
        self, learnt: Learnt, requests: Sequence[Request], items: NDArray[np.int64], coverage: float
    ) -> Floats:
        """(n, 2) float32, within the range of the values seen."""
        found = learnt.expect(requests, items)
        activity = learnt.reader.read(requests).events
        timed = np.array([r.time is not None for r in requests], dtype=bool)
        reach = np.zeros(len(requests))
        for when, rows in ((TIMELESS, ~timed), (TIMED, timed)):
            width = self.widths.get(when, self.widths[TIMELESS])
            reach[rows] = width.factor(activity[rows], coverage)
        reach *= np.maximum(np.sqrt(found.variances), TINY)
        both = np.stack([found.means - reach, found.means + reach], axis=1)
        return np.clip(both, learnt.low, learnt.high).astype(np.float32)

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays by name."""
        result: dict[str, NDArray[Any]] = {}
        for when, width in self.widths.items():
            result |= under(when, width.state())
        return result

    @classmethod
    def of(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """The inverse of `state`."""
        parts = {when: part(when, state) for when in (TIMELESS, TIMED)}
        return cls({when: Mondrian.of(found) for when, found in parts.items() if found})


def calibrate(
    dataset: Dataset, context: FitContext, config: FmConfig, learnt: Learnt
) -> tuple[Intervals, tuple[str, ...]]:
    """Hold out a share of the values, fit a shorter chain on the rest, and keep how far off it is; with notes."""
    rows = np.flatnonzero(valued(dataset.interactions, learnt.reader.meaning))
    if len(rows) < FEWEST:
        unknown = Intervals({TIMELESS: Mondrian.fit(np.zeros(0), np.zeros(0))})
        return unknown, (f"{len(rows)} values are too few to calibrate: intervals span all values",)
    rng = context.rng.spawn(1)[0]
    held = np.sort(rng.choice(rows, int(np.ceil(len(rows) * config.calibration)), replace=False))
    keep = np.ones(len(dataset.interactions), dtype=bool)
    keep[held] = False
    left, asked = dataset.only(keep), dataset.interactions.take(held)
    shorter = config.model_copy(update={"epochs": min(config.epochs, max(config.epochs // SHORTER, SWEEPS))})
    judge = learn(left, replace(context, rng=rng), shorter)
    widths = {TIMELESS: _errors(judge, left, asked, False, config.calibration)}
    if learnt.reader.dated:
        widths[TIMED] = _errors(judge, left, asked, True, config.calibration)
    return Intervals(widths), ()


def _errors(judge: Learnt, left: Dataset, asked: Interactions, timed: bool, share: float) -> Mondrian:
    """Errors over spreads on the held-out values, by how many values their users have."""
    histories = {user: left.history(user) for user in np.unique(asked.users).tolist()}
    requests = [
        Request(histories[user], user=user, time=time if timed else None)
        for user, time in zip(asked.users.tolist(), asked.timestamps.tolist(), strict=True)
    ]
    found = judge.expect(requests, asked.items)
    errors = np.abs(asked.values - found.means) / np.maximum(np.sqrt(found.variances), TINY)
    # The judge has seen a share less of each history than the model that will be asked.
    return Mondrian.fit(errors, judge.reader.read(requests).events / (1.0 - share))
