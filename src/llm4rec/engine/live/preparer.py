"""Beside the answers: what serves is got ready for the questions to come, prices of knobs last. Makes nothing itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from llm4rec.engine.fitted import PRICES, Fitted
from llm4rec.engine.live.priced import Stopped, priced
from llm4rec.engine.live.working import Worker
from llm4rec.engine.made import Made
from llm4rec.engine.preparing import LISTS, PARTS, prepared

PAUSE = 10.0
"""After a round it rests so many times as long as that took: a catalog that grows all the time is not prepared all the time."""


class Preparer:
    """Prepares what serves: at first the parts that `first` names, and what was in use before whenever that is replaced."""

    def __init__(self, fitted: Callable[[], Fitted], first: frozenset[str]) -> None:
        self._fitted, self._wanted = fitted, first
        self._seen: Made | None = None
        self._rest_until = 0.0
        self.trouble = ""
        self._stopped = threading.Event()
        self._worker = Worker(self.step, 1.0)

    def everything(self) -> None:
        """Questions in words are to be expected: what they wait for is made now, unless the settings want nothing prepared.

        Prices of knobs take several fits: they come in the background.
        """
        if self._wanted:
            self._wanted |= frozenset(PARTS)
            self._make(self._fitted(), self._wanted - {PRICES})

    def start(self) -> None:
        """Begin in the background, where anything is wanted."""
        self._stopped.clear()
        self._worker.start()

    def stop(self) -> None:
        """End after the part that is being made; prices that are being measured are given up."""
        self._stopped.set()
        self._worker.stop()

    def step(self) -> None:
        """One round, where something new serves and the rest is over."""
        fitted, began = self._fitted(), time.monotonic()
        if fitted.made is self._seen or began < self._rest_until:
            return
        if self._seen is not None:
            self._wanted |= self._seen.names & frozenset(PARTS)
        self._seen = fitted.made
        self._make(fitted, self._wanted)
        self._rest_until = time.monotonic() + PAUSE * (time.monotonic() - began)

    def _make(self, fitted: Fitted, names: frozenset[str]) -> None:
        self.trouble = ""
        try:
            for _ in prepared(fitted, names - {PRICES}):
                if self._stopped.is_set():
                    return
            if PRICES in names:
                priced(fitted, self._stopped)
        except Stopped:
            return
        except Exception as error:  # told by `figures`; whoever asks for that part is told so too
            self.trouble = f"{type(error).__name__}: {error}"


def first_of(prepare: str, edited: bool) -> frozenset[str]:
    """The parts that a setting names; lists of people who have edited their profiles need those."""
    lists = LISTS | {"profiler"} if edited else LISTS
    return {"nothing": frozenset[str](), "lists": lists, "words": frozenset(PARTS)}[prepare]
