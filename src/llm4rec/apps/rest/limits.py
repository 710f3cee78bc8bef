"""Token buckets: how often one caller may ask. Knows nothing of HTTP."""

from __future__ import annotations

from collections import OrderedDict

MOST = 10_000  # callers remembered; the longest silent is forgotten first


class Buckets:
    """One bucket a caller: `burst` tokens, refilled at `rate` a second, one a request. A rate of 0 lets all pass."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate, self._burst = rate, float(burst)
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, caller: str, now: float) -> float:
        """Take a token: 0, or the seconds until there is one."""
        if not self._rate:
            return 0.0
        left, at = self._left.pop(caller, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._rate)
        wait = 0.0 if left >= 1.0 else (1.0 - left) / self._rate
        self._left[caller] = (left if wait else left - 1.0, now)
        if len(self._left) > MOST:
            self._left.popitem(last=False)
        return wait
