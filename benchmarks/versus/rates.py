"""The same for values: a library in another process whose predicted ratings are replayed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.versus.catalogue import Setting
from benchmarks.versus.job import Job
from benchmarks.versus.replay import Elsewhere
from benchmarks.versus.rows import users_of
from llm4rec.core import Dataset, Floats, Numbers, Request, Times

SHARE = 0.1


class ReplayRates(Elsewhere):
    """Settings are chosen by squared error on a tenth of the training ratings of the same fold, drawn once."""

    def score(self, requests: Sequence[Request]) -> Floats:
        """Nothing is ranked here: all items tie."""
        return np.zeros((len(requests), len(self.fold.train.catalog)), dtype=np.float32)

    def rate(self, requests: Sequence[Request], items: Numbers) -> Floats:
        """What the worker predicted for the pairs of the fold, in their order."""
        assert self.fold.pairs is not None
        assert items is self.fold.pairs.items, "asked for other pairs than those of the fold"
        return self.rated

    def _begin(self) -> None:
        pairs = self.fold.pairs
        assert pairs is not None, "the table is about ratings"
        # NaN where the table does not tell when a rating was given.
        times = np.array([np.nan if one.time is None else one.time for one in pairs.requests])
        asked = (users_of(pairs.requests), pairs.items, times)
        self.rated, self.report = self._rated(self.setting, self.fold.train, asked)

    def _quality(self, setting: Setting) -> tuple[float, float]:
        train = self.fold.train
        held = np.random.default_rng(0).random(len(train.interactions)) < SHARE
        asked = train.interactions.take(held)
        pairs = (asked.users, asked.items, asked.timestamps)
        found, report = self._rated(setting, train.only(~held), pairs)
        return -float(np.sqrt(np.mean((found - asked.values) ** 2))), float(report["fit_seconds"])

    def _rated(
        self, setting: Setting, fit: Dataset, pairs: tuple[Numbers, Numbers, Times]
    ) -> tuple[Floats, dict[str, object]]:
        said = self._said("rate", setting, fit)
        features = {} if self.entry.home == "ours" else self.ask.features
        rows = fit.interactions
        worker = self.ask.start(
            Job(self.name, self.entry.home, said, rows, rows, pairs=pairs, features=features)
        )
        try:
            found = worker.read(len(pairs[0]))
            return found, worker.finish()
        finally:
            worker.close()
