"""What an augmentation did: how much came out, what was changed, how near it stayed. Judges no model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Likeness:
    """How near what came out is to what went in, 1 = the same: the mean, and the value that 5 % stay below."""

    measure: str
    mean: float
    low: float

    @classmethod
    def of(cls, measure: str, values: Sequence[float] | NDArray[np.floating]) -> Likeness | None:
        """The likeness of these values; None where there are none."""
        if len(values) == 0:
            return None
        array = np.asarray(values, dtype=np.float64)
        return cls(measure, float(array.mean()), float(np.quantile(array, 0.05)))

    def __str__(self) -> str:
        return f"{self.measure} {self.mean:.3f} on average, {self.low:.3f} at the lowest 5 %"


@dataclass(frozen=True)
class Effect:
    """What one way of augmenting did.

    `given` texts or histories went in, `made` came out. Where nothing could be changed (too short, no word with a
    neighbour) nothing is made: `unchanged`. What fell below the floor of likeness is left out: `too_far`. Of the `places` (words,
    events) of the originals of what was made, `touched` were changed, moved or left out.
    """

    way: str
    unit: str
    given: int
    made: int
    unchanged: int = 0
    too_far: int = 0
    places: int = 0
    touched: int = 0
    likeness: tuple[Likeness, ...] = ()

    @property
    def share_touched(self) -> float:
        """Touched places in the places there were; 0 where nothing was made."""
        return self.touched / self.places if self.places else 0.0

    def __str__(self) -> str:
        parts = [f"{self.way}: {self.made} made of {self.given}"]
        if self.unchanged:
            parts.append(f"{self.unchanged} could not be changed")
        if self.too_far:
            parts.append(f"{self.too_far} left out as too far from the original")
        if self.made:
            parts.append(
                f"{self.touched} of {self.places} {self.unit} touched ({100 * self.share_touched:.1f} %)"
            )
        return "; ".join([*parts, *(str(found) for found in self.likeness)])
