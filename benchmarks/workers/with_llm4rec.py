"""llm4rec itself, measured as the others are. Reads the data set whole, because it needs the catalog and its texts."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from benchmarks.common import loaded
from shared import Data, Peer, Rows

from llm4rec.apps.cli.evaluate import resolved
from llm4rec.core import Learns, Request, Tunes
from llm4rec.data import split
from llm4rec.engine import Engine, parse_variant, path, read_settings

PACKAGES = ("llm4rec",)


class Ours(Peer):
    """`setting`: {"chosen": options} as an earlier fit chose them, or None: this fit chooses on validation itself."""

    lists = False  # The public call answers from the rows of the fit; scores come from the engine by construction.

    def prepare(self, data: Data) -> None:
        job = data.job
        whole = loaded(job["data"])
        made = split(
            whole.dataset,
            resolved(job["protocol"], whole),
            whole.marks,
            np.random.default_rng(0),
            job["target_time"],
        )
        self.fold = made.folds[job["fold"]]
        name, options = parse_variant(job["variant"])
        chosen = self.setting.get("chosen")
        settings = read_settings().with_model(name, options if chosen is None else chosen)
        fit = settings.fit.model_copy(update={"seed": settings.fit.seed + self.seed, "tune": chosen is None})
        self.engine = Engine(settings.model_copy(update={"fit": fit})).check()
        self.holdout = self.fold.validation if chosen is None else None
        self.extra: dict[str, Any] = {}

    def fit(self, data: Data) -> None:
        self.engine.fit(self.fold.train, holdout=self.holdout)

    def recommend(self, data: Data, rows: Rows, users: np.ndarray, n: int) -> None:
        """By the public call: our ids in, titles and ids out. The same in numbers is timed beside it."""
        people, train = self.fold.train.users.ids.ids, self.fold.train
        everybody = getattr(self.engine, "recommend_all", None)
        if everybody is not None:
            everybody(n=n, users=[people[user] for user in users.tolist()])
            return
        self.engine.recommend_many([{"user": people[user], "n": n} for user in users.tolist()])
        began = time.perf_counter()
        requests = [Request(train.history(user), user=user, n=n) for user in users.tolist()]
        path.candidates(self.engine.fitted, requests)
        self.extra["numbers_seconds"] = time.perf_counter() - began

    def score(self, data: Data, users: np.ndarray) -> np.ndarray:
        requests = self._requests()
        return self.engine.score([requests[user] for user in users.tolist()])

    def rate(self, data: Data, users: np.ndarray, items: np.ndarray, times: np.ndarray) -> np.ndarray:
        assert self.fold.pairs is not None
        rate = getattr(self.engine.model, "rate", None)
        if rate is None:
            raise SystemExit(f"{data.job['variant']!r} predicts no ratings, only an order")
        return rate(self.fold.pairs.requests, self.fold.pairs.items)

    def said(self) -> dict[str, Any]:
        model = self.engine.model
        learns, tunes = isinstance(model, Learns), isinstance(model, Tunes)
        config = model.chosen if tunes else model.config
        notes = [*self.engine.degraded, *self.engine.fitted.notes]
        plain = config.model_dump(mode="json")
        return {"chosen": plain, "learns": learns, "tunes": tunes, "notes": notes, **self.extra}

    def _requests(self) -> dict[int, Request]:
        if not hasattr(self, "asked_"):
            self.asked_ = {request.user: request for request in self.fold.tests[""].requests}
        return self.asked_


PEERS = {"ours": Ours}
