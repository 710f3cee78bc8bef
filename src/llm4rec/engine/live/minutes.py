"""The clock of minutes of a live service: trends followed in the store and put into what serves. `Live` inherits it."""

from __future__ import annotations

import threading
import time as clock
from abc import ABC
from collections.abc import Callable
from typing import Any

from llm4rec.core import Feedback, Store
from llm4rec.engine.live.following import Following
from llm4rec.engine.live.serving import Serving
from llm4rec.engine.live.trending import Trends, first_place, trended
from llm4rec.engine.live_settings import LiveSettings


class Minutes(ABC):
    """What is needed of a service stands first."""

    store: Store
    name: str
    settings: LiveSettings
    now: Callable[[], float]
    _changing: threading.RLock
    _serving: Serving
    _trends: Trends | None = None
    _rising: Following | None = None
    _ticked = -float("inf")

    def tick(self) -> None:
        """Read what was taken since, and put the trends of this moment into what serves."""
        if self._rising is None:
            self._trends, self._rising = self._begun()
        self._rising.step()
        with self._changing:
            self._serving = self._trended(self._serving)

    def _work_minutes(self) -> None:
        """A tick where the clock says so; what was taken is read in every round, a little at a time."""
        every, moment = 60.0 * self.settings.trend_minutes, clock.monotonic()
        if every and moment - self._ticked >= every:
            self._ticked = moment
            self.tick()
        elif self._rising is not None:
            self._rising.step()

    def _begun(self) -> tuple[Trends, Following]:
        trends = Trends(self.settings.trend_hours, self.settings.trend_prior)
        following = Following(self.store, self.name, {Feedback: trends.take})
        following.begin({Feedback: first_place(self.store, self.name, self.now() - trends.reach)})
        return trends, following

    def _trended(self, serving: Serving) -> Serving:
        """With the trends as they are known, where they are followed."""
        trends = self._trends
        return serving if trends is None else trended(serving, trends, self.settings.trend_weight, self.now())

    def _trend_figures(self) -> dict[str, Any] | None:
        """How many items are followed, and what is wrong with that."""
        if self._trends is None or self._rising is None:
            return None
        return {"items": len(self._trends), "trouble": self._rising.trouble}
