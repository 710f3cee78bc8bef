"""What the house declares about lists: quotas, spacing, pins, boosts, caps. Applies nothing."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from llm4rec.core import Config

Rule = Literal["quota", "at least", "spacing", "cap", "cool-down"]
RELAXED: tuple[Rule, ...] = ("spacing", "cool-down", "cap", "at least", "quota")
"""Which rule gives way first where not all can be kept."""


class Quota(Config):
    """Among the items that go out: at most, and at least, so many with this value of a column of categories or tags.

    Without `value` the limit holds for each value apart: at most two of any author.
    """

    field: str
    value: str | None = None
    at_most: PositiveInt | None = None
    at_least: NonNegativeInt = 0

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.value is None and self.at_least:
            raise ValueError("at_least needs a value")
        if self.at_most is None and not self.at_least:
            raise ValueError("say at_most, at_least or both")
        if self.at_most is not None and self.at_most < self.at_least:
            raise ValueError("at_most is less than at_least")
        return self


class Spacing(Config):
    """Items with the same value of a column stand at least `places` apart: 2 forbids neighbours."""

    field: str
    places: PositiveInt = 2


class Pin(Config):
    """An item at a place (the first is 1), where it is among the candidates; a pin invents nothing."""

    item: str | int
    place: PositiveInt = 1


class Boost(Config):
    """Relevance added to items with a value of a column (1 is the distance from the best candidate to the worst)."""

    field: str
    value: str
    by: float = Field(0.1, ge=-1.0, le=1.0)


class RulesConfig(Config):
    """All rules. `cap` showings within `cap_days`, and none within `cooldown_hours`, need what was shown before."""

    quotas: tuple[Quota, ...] = ()
    spacing: tuple[Spacing, ...] = ()
    pins: tuple[Pin, ...] = ()
    boosts: tuple[Boost, ...] = ()
    cap: PositiveInt | None = None
    cap_days: PositiveFloat = 7.0
    cooldown_hours: PositiveFloat | None = None
    relaxed: tuple[Rule, ...] = Field(RELAXED, description="which rule gives way first; others come last")
