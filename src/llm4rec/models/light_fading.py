"""How much the events of a history count by their age, and which are too old to be read. Knows no items."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from llm4rec.core import Floats

FADED = 0.05  # of what all events of an endless history weigh: the oldest that weigh so little together are not read


@dataclass(frozen=True, eq=False)
class Fading:
    """`weights` (ages, maps) of the latest event and those before it; `reach` (maps,) says how many of them a map reads,
    whose weights behind that are zero."""

    weights: Floats
    reach: Sequence[int]

    @classmethod
    def of(cls, decays: Sequence[float], window: int) -> Self:
        """exp(-age / decay) for the ages a map reads: all but the last FADED of the weight, and at most `window`."""
        reach = [min(window, math.ceil(decay * -math.log(FADED))) for decay in decays]
        ages = np.arange(max(reach, default=0))[:, None]
        weights = np.where(ages < reach, np.exp(-ages / np.asarray(decays, np.float64)), 0.0)
        return cls(weights.astype(np.float32), reach)

    @classmethod
    def none(cls, events: int) -> Self:
        """Every event counts alike, for one map."""
        return cls(np.ones((events, 1), np.float32), [events])
