"""A second engine that answers the same questions beside the first: compared, counted, never shown."""

from __future__ import annotations

import time as clock
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from llm4rec.core import Llm4recError, Recommendations
from llm4rec.engine.live.serving import Serving

WAITING, ROUND = 200, 20  # questions kept, and answered in one round


@dataclass(eq=False)
class Shadow:
    """What serves in the shadow, the questions that wait for it, and how its lists compare so far.

    Questions come faster than a shadow may answer: the oldest are left out, and counted.
    """

    serving: Serving
    asked: int = 0
    left_out: int = 0
    errors: int = 0
    overlap: float = 0.0
    first: int = 0
    seconds: float = 0.0
    _waiting: deque[tuple[Mapping[str, Any], Recommendations]] = field(
        default_factory=lambda: deque(maxlen=WAITING)
    )

    def add(self, questions: Sequence[Mapping[str, Any]], answers: Sequence[Recommendations]) -> None:
        """What was asked and what went out."""
        for pair in zip(questions, answers, strict=True):
            self.left_out += len(self._waiting) == WAITING
            self._waiting.append(pair)

    def work(self, answer: Any) -> None:
        """Answer some of what waits with `answer(serving, question)` and compare."""
        for _ in range(min(ROUND, len(self._waiting))):
            question, shown = self._waiting.popleft()
            started = clock.perf_counter()
            try:
                own = answer(self.serving, question)
            except Llm4recError:
                self.errors += 1
                continue
            self.seconds += clock.perf_counter() - started
            self.asked += 1
            both = len(set(map(str, own.items)) & set(map(str, shown.items)))
            self.overlap += both / max(len(shown.items), len(own.items), 1)
            self.first += bool(own.items) and own.items[:1] == shown.items[:1]

    def figures(self) -> dict[str, Any]:
        """How many questions it answered, the share of items that both lists have, how often the first is the same."""
        many = max(self.asked, 1)
        return {
            "version": self.serving.version,
            "asked": self.asked,
            "left_out": self.left_out,
            "errors": self.errors,
            "overlap": self.overlap / many,
            "same_first": self.first / many,
            "milliseconds": 1e3 * self.seconds / many,
        }
