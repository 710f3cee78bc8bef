"""The light version of `sequence`: each of its parts a small map. Fits nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Floats, Numbers, Request, Times, zscore_rows
from llm4rec.models.light_fading import Fading
from llm4rec.models.light_maps import Cosines, Entries, LightMaps, kinds_of, spread_of
from llm4rec.models.maps import part, under

if TYPE_CHECKING:
    from llm4rec.models.sequence import Sequence

BEHAVIOUR, SAID, SHARED = ("transition", "ease"), ("text", "words"), ("attributes",)
LESS = 2  # entries of a map of what items say are so many times fewer


@dataclass(frozen=True, eq=False)
class LightSequence:
    """The weighted sum of z-scored parts, as in `sequence`, in spreads itself.

    `maps` are transition, EASE, and the cosines of texts and words; `shared` those of attributes, in which many items are
    alike. Maps that have no weight are left out. `fading` and `sharing` (maps, 2) are decay and weight of each. What says the
    same to everybody is summed up in `flat` (items,). Events so old that they hardly count are not read (`Fading`). Spreads are over the `size` items that were fitted on.
    """

    maps: LightMaps | None
    shared: LightMaps | None
    fading: Times
    sharing: Times
    flat: Floats
    window: int
    size: int

    @classmethod
    def of(cls, model: Sequence, memory: int) -> Self:
        """Of a fitted model: the parts that have a weight."""
        used, chosen, size = model.used_parts(), model.chosen, len(model.counts_.taken)
        flat = np.zeros(len(model.content_), np.float32)
        for name, said in (("popularity", model.fame_), ("trend", model.lately_)):
            if name in used:
                flat += np.float32(chosen.weights[name]) * zscore_rows(said[None, :], size)[0]
        maps: list[tuple[Entries, int]] = [
            (getattr(model.maps_, name), memory) for name in BEHAVIOUR if name in used
        ]
        less = max(memory // LESS, 1)
        maps += [(Cosines(getattr(model.content_, name)), less) for name in SAID if name in used]
        shared = None
        if SHARED[0] in used:
            kinds, first = kinds_of(model.content_.attributes)
            shared = LightMaps.of([(Cosines(model.content_.attributes[first]), memory)], kinds)

        def pairs(names: tuple[str, ...]) -> Times:
            found = [(chosen.decays[name], chosen.weights[name]) for name in names if name in used]
            return np.array(found, np.float64).reshape(-1, 2)

        return cls(
            LightMaps.of(maps) if maps else None,
            shared,
            pairs((*BEHAVIOUR, *SAID)),
            pairs(SHARED),
            flat,
            chosen.window,
            size,
        )

    def answer(self, request: Request) -> Floats | None:
        """(items,): what the history says of every item; None without a positive event."""
        liked = request.history.liked[-self.window :][::-1]
        if not len(liked):
            return None
        total = self.flat
        for maps, fading, shares in self._sides:
            total = total + maps.heard(liked, fading, shares)
        spread = spread_of(total[: self.size])
        return total * np.float32(1.0 / spread if spread else 0.0)

    @cached_property
    def _sides(self) -> list[tuple[LightMaps, Fading, Times]]:
        """Maps, what an event of each age counts in them, and the weight of each."""
        return [
            (maps, Fading.of(pairs[:, 0].tolist(), self.window), pairs[:, 1].copy())
            for maps, pairs in ((self.maps, self.fading), (self.shared, self.sharing))
            if maps is not None
        ]

    def grown(self, likes: Numbers, shares: Floats) -> Self:
        """The same with newcomers behind, which are answered for by their likes."""
        return replace(
            self,
            maps=None if self.maps is None else self.maps.grown(likes, shares),
            shared=None if self.shared is None else self.shared.grown(likes, shares),
            flat=np.concatenate([self.flat, (self.flat[likes] * shares).sum(axis=1)]),
        )

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays."""
        state: dict[str, NDArray[Any]] = {name: getattr(self, name) for name in ("fading", "sharing", "flat")}
        state["sizes"] = np.array([self.window, self.size], np.int64)
        for name, maps in (("maps", self.maps), ("shared", self.shared)):
            state |= {} if maps is None else under(name, maps.state())
        return state

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """The inverse of `state`."""
        both = [part(name, state) for name in ("maps", "shared")]
        maps, shared = (LightMaps.from_state(found) if found else None for found in both)
        window, size = state["sizes"].tolist()
        return cls(maps, shared, state["fading"], state["sharing"], state["flat"], window, size)
