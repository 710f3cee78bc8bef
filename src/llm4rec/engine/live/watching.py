"""Does a version that was promoted do as well as the one before: click-through from the log, failures from this worker.

Judges with guards that may be asked all the time; changes nothing. Everything but failures comes from the store.
"""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from llm4rec.core import Feedback, Impression, Store
from llm4rec.engine.build import component_from
from llm4rec.engine.live.exploring import speaks_for
from llm4rec.engine.live.following import Following
from llm4rec.engine.live_settings import LiveSettings

WINDOW = 5_000  # answers of a version that count, the latest
LOOKED_BACK = 100_000  # newest rows of the store in which answers of the version before are looked for


@dataclass(eq=False)
class _Answer:
    """One answer that went out to somebody who is known."""

    time: float
    user: int
    items: frozenset[str]
    taken: bool = False


@dataclass(eq=False)
class Watch:
    """A version beside the one before it, since it was promoted.

    An answer is a success if something of it was taken within `guard_minutes`; younger ones are not judged, so that
    both versions had the same time. Answers to nobody known count as well: each is a person of its own.
    """

    version: str
    before: str
    since: float
    settings: LiveSettings
    failures: deque[bool] = field(default_factory=lambda: deque(maxlen=WINDOW))
    _answers: dict[str, dict[str, _Answer]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def follow(self, store: Store, tenant: str) -> Following:
        """What reads the log for it, from some way back."""
        found = Following(store, tenant, {Impression: self.take_shown, Feedback: self.take_feedback})
        start = max(0, store.clock() - LOOKED_BACK)
        found.begin({Impression: start, Feedback: start})
        return found

    def take_shown(self, rows: Sequence[Impression]) -> None:
        """Durable impressions; those of other versions are left out."""
        with self._lock:
            for row in rows:
                if row.version not in (self.version, self.before) or not row.slots:
                    continue
                own = self._answers.setdefault(row.version, {})
                items = frozenset(str(slot.item) for slot in row.slots)
                own[row.id] = _Answer(row.time, _number(row.user), items)
                if len(own) > 2 * WINDOW:
                    for name in list(own)[:-WINDOW]:
                        del own[name]

    def take_feedback(self, rows: Sequence[Feedback]) -> None:
        """Durable feedback that quotes an impression and speaks for one of its items, in time."""
        within = 60.0 * self.settings.guard_minutes
        with self._lock:
            for row in rows:
                found = [own[row.impression] for own in self._answers.values() if row.impression in own]
                for answer in found:
                    in_time = row.time - answer.time <= within
                    answer.taken |= in_time and str(row.item) in answer.items and speaks_for(row)

    def failed(self, answers: int, failed: bool) -> None:
        """So many questions were answered, or could not be."""
        self.failures.extend([failed] * answers)

    def verdicts(self, now: float) -> dict[str, Any]:
        """What the guards say, by what they look at."""
        guard = component_from("llm4rec.evaluation.guards:Guard")
        ratio = guard(metric="click-through", bound=self.settings.guard, relative=True, window=WINDOW)
        errors = guard(
            metric="failed answers", bound=self.settings.guard_errors, side="at most", window=WINDOW
        )
        new, who = self._values(self.version, now)
        old, whose = self._values(self.before, now)
        return {
            "click-through": ratio.verdict(new, who, old, whose),
            "failed answers": errors.verdict(np.array(self.failures, dtype=np.float64)),
        }

    def _values(self, version: str, now: float) -> tuple[Any, Any]:
        """1 for an answer of which something was taken, else 0, oldest first; and whose it was, -1: nobody known."""
        old = now - 60.0 * self.settings.guard_minutes
        with self._lock:
            found = [one for one in self._answers.get(version, {}).values() if one.time <= old]
        # In order of time, for the guard looks at the latest.
        found = sorted(found, key=lambda one: one.time)[-WINDOW:]
        taken = np.array([one.taken for one in found], dtype=np.float64)
        return taken, np.array([one.user for one in found], dtype=np.int64)


def _number(user: object) -> int:
    """A number that stands for a person, so that people count once; -1 for nobody known."""
    if user is None:
        return -1
    return int.from_bytes(hashlib.blake2b(str(user).encode(), digest_size=7).digest())
