"""What models do alike that begin from an earlier fit: rows of things known, and fewer epochs. Fits nothing."""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Numbers

A = TypeVar("A", bound=NDArray[Any])
SHARE = 0.25  # of the epochs of a fit from the start


def fewer(epochs: int) -> int:
    """Epochs that are enough where nearly all is learnt already."""
    return max(1, math.ceil(SHARE * epochs))


def carried(fresh: A, earlier: A, numbers: Numbers) -> A:
    """`fresh` with row i as row numbers[i] of `earlier` had it; rows that it did not have (-1, or behind its end) stay."""
    known = np.flatnonzero((numbers >= 0) & (numbers < len(earlier)))
    found = np.array(fresh)
    found[known] = earlier[numbers[known]]
    return found  # type: ignore[return-value]


def begun(done: int, usual: int, what: str = "epochs") -> str:
    """In words for `begun_`."""
    return f"{done} of {usual} {what} from where the fit before ended"
