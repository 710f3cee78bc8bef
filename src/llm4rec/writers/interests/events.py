"""What each event of a person says of them: more or less, for or against. Knows nothing of topics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import NEGATIVE_KINDS, Floats, History

HALF_LIFE = 30.0  # later events after which one counts half
KINDS: Mapping[str, float] = {
    "purchase": 1.0,
    "like": 1.0,
    "rating": 1.0,
    "cart": 0.8,
    "comment": 0.7,
    "play": 0.6,
    "search": 0.6,
    "click": 0.4,
    "view": 0.3,
    "skip": 0.3,
    "impression": 0.0,
}
OTHER = 0.5
Feeling = Callable[[str], float]


@dataclass(frozen=True)
class Stars:
    """The scale of ratings: from `low` to `high`."""

    low: float = 1.0
    high: float = 5.0

    def leaning(self, values: Floats) -> Floats:
        """From -1 (the lowest) to 1 (the highest); the middle of the scale says little, and for."""
        middle, half = (self.low + self.high) / 2, max((self.high - self.low) / 2, 1e-9)
        found = np.clip((values - middle) / half, -1.0, 1.0)
        return np.where(np.abs(found) < 0.1, 0.1, found).astype(np.float32)


def event_weights(
    history: History, stars: Stars, texts: NDArray[np.object_] | None = None, feeling: Feeling | None = None
) -> Floats:
    """w_i (events,): recency x kind x leaning; below zero where the event speaks against its item.

    Ratings lean by their stars; dislikes, hides and skips lean against; what is written without stars leans
    as `feeling` says, unless it is a search or feels nothing.
    """
    if not len(history):
        return np.zeros(0, np.float32)
    names = history.kind_names
    by_kind = np.array([KINDS.get(name, OTHER) for name in names], dtype=np.float32)
    against = np.array([name in NEGATIVE_KINDS and name != "impression" for name in names], dtype=bool)
    rating = np.array([name == "rating" for name in names], dtype=bool)[history.kinds]
    age = len(history) - 1 - np.arange(len(history))
    weights = by_kind[history.kinds] * np.exp2(-age / HALF_LIFE)
    leaning = np.where(against[history.kinds], -1.0, 1.0)
    rated = rating & np.isfinite(history.values)
    leaning[rated] = stars.leaning(history.values[rated])
    leaning[(history.values == 0) & ~rating] = 0.0
    if texts is not None and feeling is not None:
        search = np.array([name == "search" for name in names], dtype=bool)
        for row in np.flatnonzero(~rated & ~(against | search)[history.kinds]):
            felt = float(np.clip(feeling(str(texts[row])), -1.0, 1.0)) if texts[row] else 0.0
            leaning[row] = felt or leaning[row]  # a text that feels nothing leaves the event as it is
    return np.asarray(weights * leaning, dtype=np.float32)


def amount(weights: Floats) -> float:
    """How many equal events would say as much: (sum |w|)^2 / sum w^2, discounted where all of them say little."""
    total = float(np.abs(weights).sum())
    if total == 0.0:
        return 0.0
    return min(total * total / float((weights * weights).sum()), total / 0.3)
