"""What models promise of which a light version can be made, for students that serve in their place. Nothing to inherit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, Self, runtime_checkable

from numpy.typing import NDArray

from llm4rec.core.arrays import Floats, Numbers
from llm4rec.core.protocols import Model, State
from llm4rec.core.request import Request


@runtime_checkable
class LightPart(Protocol):
    """A fitted model made small: it answers with numpy alone, takes newcomers and is saved, and cannot be fitted."""

    def answer(self, request: Request) -> Floats | None:
        """(items,) what it says of every item, in spreads over the items fitted on, from any zero; None where the model
        declines.
        """
        ...

    def grown(self, likes: Numbers, shares: Floats) -> Self:
        """The same with newcomers behind; each is the mean of its `likes` (newcomers, few) among the items fitted on, by
        `shares`.
        """
        ...

    def state(self) -> State: ...


@runtime_checkable
class Lightens(Protocol):
    """A model that has a light version of itself."""

    def lighter(self, memory: int) -> LightPart:
        """The light version; of a map between items it keeps `memory` entries an item. ComponentError where there is none."""
        ...

    def lighter_from(self, state: Mapping[str, NDArray[Any]]) -> LightPart:
        """The light version of a model of this kind whose `state` this is."""
        ...


@runtime_checkable
class Combines(Protocol):
    """A model made of models."""

    @property
    def made_of(self) -> Mapping[str, Model]:
        """Those that have a say in its scores, by the names of their kinds, the base of the others first."""
        ...


@runtime_checkable
class Inherits(Protocol):
    """A student that is made of what its teacher is made of, before it learns."""

    def inheriting(self, teacher: Model, name: str) -> Self:
        """A student of this teacher, whose kind is `name`. ComponentError where it can take nothing over."""
        ...
