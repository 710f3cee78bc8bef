"""The figures of a live engine for whoever asks over and over: rows are read once, and a look is shared for seconds."""

from __future__ import annotations

import threading
import time as clock
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from llm4rec.engine.live import Live
from llm4rec.evaluation.watching import Watched, Watcher, watch

FRESH = 4.0  # seconds for which a look is shared, or longer:
COST = 20.0  # times as long as it took, so that looking costs 5 % of one core at most
MOST = 16  # tenants whose rows are held; the one looked at longest ago is forgotten first


@dataclass(eq=False)
class Watching:
    """What is held of each tenant. Nothing is read before somebody asks."""

    now: Callable[[], float] = clock.monotonic
    _known: OrderedDict[str, Watcher] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def look(self, live: Live, days: float) -> Watched:
        """The figures of the last `days`, `FRESH` seconds old at most. It blocks: for a thread."""
        watcher = self._watcher(live)
        with watcher.lock:  # who comes while somebody looks gets what that one sees
            known = watcher.made.get(days)
            if known is not None and self.now() < known[0]:
                found: Watched = known[1]
                return found
            began = self.now()
            found = watch(live, days, watcher)
            ended = self.now()
            watcher.made = {days: (ended + max(FRESH, COST * (ended - began)), found)}
            return found

    def changed(self, live: Live) -> None:
        """Something was decided: the next look is a new one."""
        self._watcher(live).made = {}

    def _watcher(self, live: Live) -> Watcher:
        with self._lock:
            found = self._known.get(live.name)
            if found is None or found.store is not live.store:
                found = self._known[live.name] = Watcher(live.store, live.name)
            self._known.move_to_end(live.name)
            while len(self._known) > MOST:
                self._known.popitem(last=False)
            return found
