"""How much of each candidate is not spanned by the items above it, place by place. Knows nothing of relevance."""

from __future__ import annotations

import numpy as np

from llm4rec.core import Floats, Numbers
from llm4rec.rerankers.similarity import Near

FLOOR = 1e-6


class Spans:
    """Squared lengths of the candidates outside the span of the last `window` chosen (None: all chosen), (rows, k).

    The marginal gain of log det S: d_i^2 = S_ii - |c_i|^2 with c the rows of the Cholesky factor, each place adding one
    row (Chen, Zhang and Zhou 2018, eq. 8 and 9). With a window the rows of what fell out are not taken away but the others are made
    anew, so that what is left is exact; a window of w costs w^2 k a place.
    """

    def __init__(self, near: Near, window: int | None) -> None:
        self._near = near
        self._window = window
        self._columns: list[tuple[Numbers, Floats]] = []
        self._factors: list[Floats] = []
        self.left: Floats = np.ones(near.items.shape, dtype=np.float32)

    def add(self, places: Numbers) -> None:
        """Take note of the candidates chosen, one a row."""
        if self._window == 1:  # nothing above is looked at
            return
        self._columns.append((places, self._near.to(places)))
        if self._window is not None and len(self._columns) >= self._window:
            self._columns.pop(0)
            self._factors = []
            self.left = np.ones_like(self.left)
        for chosen, column in self._columns[len(self._factors) :]:
            self._extend(chosen, column)

    def _extend(self, places: Numbers, column: Floats) -> None:
        row = np.arange(len(places))
        rest = column.copy()
        for factor in self._factors:
            rest -= factor * factor[row, places][:, None]
        root = np.sqrt(np.maximum(self.left[row, places], 0.0))[:, None]
        # An item within the span of those above adds no direction.
        factor = np.where(root**2 > FLOOR, rest / np.maximum(root, 1e-12), np.float32(0.0))
        self._factors.append(factor)
        self.left = np.maximum(self.left - factor**2, 0.0)
