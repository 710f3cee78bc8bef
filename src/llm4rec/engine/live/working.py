"""The thread beside the answers: one round of work again and again, until it is stopped. Knows not what the work is."""

from __future__ import annotations

import threading
from collections.abc import Callable

LONGEST = 1.0  # seconds between rounds, at most


class Worker:
    """Calls `work` every so many seconds. An error ends no service: it is kept in `trouble` until a round succeeds."""

    def __init__(self, work: Callable[[], None], seconds: float) -> None:
        self._work, self._seconds = work, min(max(seconds, 0.01), LONGEST)
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self.trouble = ""

    @property
    def running(self) -> bool:
        """Whether the thread is alive."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begin, unless it runs already."""
        if not self.running:
            self._stopped.clear()
            self._thread = threading.Thread(target=self._run, name="llm4rec-live", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End after the round that is being done."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._seconds):
            try:
                self._work()
                self.trouble = ""
            except Exception as error:  # told by `figures`: the next round may succeed
                self.trouble = f"{type(error).__name__}: {error}"
