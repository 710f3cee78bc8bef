"""A whole service among made-up readers: lists come from `Live`, clicks go into its store. Judges nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from llm4rec.core import History, Interactions, Numbers

if TYPE_CHECKING:
    from llm4rec.evaluation.livesim import Stage


class Served:
    """An actor of `evaluation.livesim`: a service with a store of its own, whose clock is that of the world."""

    def __init__(self, scene: Stage, engine_for: Callable[[], Any]) -> None:
        from llm4rec.engine.live import open_live

        self.scene, self._folder = scene, TemporaryDirectory()
        engine = engine_for()
        engine.fit(scene.begin)
        self._time = scene.opens
        store = str(Path(self._folder.name) / "readers.db")
        self.live = open_live(engine, store, settings=engine.settings, now=lambda: self._time)
        self._impressions: dict[int, str] = {}

    def close(self) -> None:
        """Close the store and remove it."""
        self.live.close()
        self._folder.cleanup()

    def lists(self, past: list[History], number: int) -> Numbers:
        """As the service answers everybody now; what it knows of them is in its store."""
        self._time = float(self.scene.moments(number).times[0])
        names, n = self.scene.begin.users.ids.ids, self.scene.config.n
        asked = [{"user": names[user], "n": n} for user in self.scene.newcomers]
        found = np.full((len(asked), n), -1, dtype=np.int64)
        for row, answer in enumerate(self.live.recommend_many(asked)):
            found[row, : len(answer.items)] = self.scene.begin.catalog.ids.numbers(answer.items)
            self._impressions[int(self.scene.newcomers[row])] = answer.impression or ""
        return found

    def hear(self, happened: Interactions) -> None:
        """Feedback on the lists of this round, as it would come over HTTP."""
        users, items = self.scene.begin.users.ids.ids, self.scene.begin.catalog.ids.ids
        columns = (happened.users, happened.items, happened.kinds, happened.values, happened.timestamps)
        self.live.feedback(
            {
                "user": users[user],
                "item": items[item],
                "kind": happened.kind_names[kind],
                "value": None if np.isnan(value) else float(value),
                "time": float(time),
                "impression": self._impressions[int(user)],
            }
            for user, item, kind, value, time in zip(*columns, strict=True)
        )
        self.live.follow()
