"""The light version of item-to-item models: one small map and a fading history. Fits nothing."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Floats, Numbers, Request
from llm4rec.models.light_fading import Fading
from llm4rec.models.light_maps import LightMaps
from llm4rec.models.maps import part, under


@dataclass(frozen=True, eq=False)
class LightItems:
    """What a fading history says by a small map, in spreads over the items fitted on."""

    maps: LightMaps
    decay: float | None
    window: int | None

    def answer(self, request: Request) -> Floats | None:
        """(items,); None without a positive event."""
        liked = request.history.liked[-(self.window or 0) :][::-1]
        if not len(liked):
            return None
        if self.decay is None:
            items = np.unique(liked)
            return self.maps.heard(items, Fading.none(len(items)), np.ones(1))
        return self.maps.heard(liked, self._fading, np.ones(1))

    @cached_property
    def _fading(self) -> Fading:
        return Fading.of([self.decay or 1.0], self.window or sys.maxsize)

    def grown(self, likes: Numbers, shares: Floats) -> Self:
        """The same with newcomers behind, which are answered for by their likes."""
        return replace(self, maps=self.maps.grown(likes, shares))

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays; 0 stands for no decay and for no window."""
        numbers = np.array([self.decay or 0.0, self.window or 0], np.float64)
        return under("maps", self.maps.state()) | {"fading": numbers}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """The inverse of `state`."""
        decay, window = state["fading"].tolist()
        return cls(LightMaps.from_state(part("maps", state)), decay or None, int(window) or None)
