"""Where and on what an event happened, and what of it matters. Knows nothing of items or readers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Column, Numbers, Times

FEATURES = ("evening", "morning", "weekend", "phone", "away")
DEVICES = ("phone", "tablet", "desktop")
PLACES = ("home", "commute", "work", "travel")
HOUR, DAY = 3_600.0, 86_400.0
FIRST_MONDAY = 4 * DAY  # 1 January 1970 was a Thursday.


@dataclass(frozen=True, eq=False)
class Contexts:
    """A table of contexts, a row an event: columns session, device and place."""

    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def take(self, rows: Numbers | NDArray[np.bool_]) -> Contexts:
        """The rows asked for, in that order."""
        return Contexts({n: Column(c.type, c.values[rows]) for n, c in self.columns.items()})

    def equal(self, column: str, value: str) -> NDArray[np.bool_]:
        """Where `column` holds `value`; nowhere, if there is no such column."""
        found = self.columns.get(column)
        return np.zeros(len(self), dtype=bool) if found is None else np.asarray(found.values == value)


def hour_of_day(times: Times) -> Times:
    """0 to 24, UTC."""
    return np.asarray((times % DAY) / HOUR)


def is_weekend(times: Times) -> NDArray[np.bool_]:
    """Saturday or Sunday, UTC."""
    return np.asarray((times - FIRST_MONDAY) // DAY % 7 >= 5)


def features(times: Times, contexts: Contexts | None) -> NDArray[np.float64]:
    """What matters of each moment, (moments, FEATURES), ones and zeros; an unknown context has no effect."""
    hour = hour_of_day(times)
    found = np.zeros((len(times), len(FEATURES)))
    found[:, 0] = (hour >= 19) | (hour < 2)
    found[:, 1] = (hour >= 5) & (hour < 11)
    found[:, 2] = is_weekend(times)
    if contexts is not None:
        found[:, 3] = contexts.equal("device", "phone")
        found[:, 4] = contexts.equal("place", "commute") | contexts.equal("place", "travel")
    return found
