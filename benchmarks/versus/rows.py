"""Score rows of a worker as a Scorer: replayed in the order of the questions, checked, declined ones answered by popularity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.versus.job import Worker
from llm4rec.core import ComponentError, Floats, Holdout, Model, Numbers, Request, masked, top_k

TOLD = 10


def users_of(requests: Sequence[Request]) -> Numbers:
    """The user of each request."""
    return np.array([request.user for request in requests], dtype=np.int64)


class Rows:
    """`fallback` answers rows of -inf and requests without a positive event, as it does in our own engine.

    `agreed` says for some questions which share of the library's own list is among the best ten of its row.
    """

    def __init__(self, worker: Worker, questions: Holdout, items: int, fallback: Model) -> None:
        self.worker, self.items, self.fallback = worker, items, fallback
        self.asked = users_of(questions.requests)
        self.at = self.declined = 0
        self.agreed: list[float] = []
        self.report: dict[str, Any] = {}

    def score(self, requests: Sequence[Request]) -> Floats:
        """(requests, items) float32; ComponentError where these are not the next questions in line."""
        users = users_of(requests)
        if not np.array_equal(users, self.asked[self.at : self.at + len(users)]):
            raise ComponentError(f"{self.worker.name} is asked out of turn at question {self.at}")
        found = self.worker.read(len(users) * self.items).reshape(len(users), self.items).copy()
        self.at += len(users)
        blank = np.array([not len(request.history.liked) for request in requests], dtype=bool)
        silent = np.flatnonzero(np.isneginf(found).all(axis=1) | blank)
        if len(silent):
            found[silent] = self.fallback.score([requests[row] for row in silent])
            self.declined += len(silent)
        self._agree(found, requests, set(silent.tolist()))
        if self.at == len(self.asked):
            self.report = self.worker.finish()
        return found

    def _agree(self, scores: Floats, requests: Sequence[Request], silent: set[int]) -> None:
        """Ties at the tenth place count as agreement."""
        lists = self.worker.lists()
        rows = [row for row, one in enumerate(requests) if one.user in lists and row not in silent]
        if not rows:
            return
        asked = [requests[row] for row in rows]
        shown = scores[rows].copy()
        masked(shown, asked)
        for row, request, best in zip(shown, asked, top_k(shown, TOLD), strict=True):
            given = lists[request.user]
            given = given[(given >= 0) & np.isfinite(row[given])]
            least = float(row[best[best >= 0]].min())
            reached = row[given] >= least - 1e-4 * max(1.0, abs(least))
            self.agreed.append(float(reached.mean()) if len(given) else 1.0)
