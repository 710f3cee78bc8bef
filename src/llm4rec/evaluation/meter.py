"""How long something took and how much memory the process reached meanwhile. Knows nothing of what it was."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType
from typing import Self

STATUS = Path("/proc/self/status")


def resident_mb() -> float:
    """Memory the process holds now, MiB; where the system does not tell, the most it ever held."""
    try:
        for line in STATUS.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024.0
    except OSError:
        pass  # Not Linux: there is no current value to be had from the standard library.
    import resource
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024.0 * (1024.0 if sys.platform == "darwin" else 1.0))


class MemoryMeter:
    """`with MemoryMeter() as meter:` samples resident memory; `meter.peak_mb` is the most that was seen.

    Sampled every `pause` seconds, hence a shorter peak can be missed; memory held before counts too.
    """

    def __init__(self, pause: float = 0.05) -> None:
        self.pause = pause
        self.peak_mb = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory-meter", daemon=True)

    def __enter__(self) -> Self:
        self._look()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()
        self._look()

    def _look(self) -> None:
        self.peak_mb = max(self.peak_mb, resident_mb())

    def _watch(self) -> None:
        while not self._done.wait(self.pause):
            self._look()
