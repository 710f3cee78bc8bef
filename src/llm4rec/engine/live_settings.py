"""Settings of an engine that learns while it serves: memory, limits, logging, exploration. Does nothing itself."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from llm4rec.core import Config


class LiveSettings(Config):
    """How a live service remembers, limits, logs and explores."""

    users: PositiveInt = Field(20_000, description="users whose newest events are held in memory, per tenant")
    events: PositiveInt = Field(200, description="newest events of a user that are read from the store")
    sync_seconds: NonNegativeFloat = Field(
        0.1,
        description="how often what other workers wrote is looked for; 0: before every answer",
    )
    seen: tuple[str, ...] = Field(
        (), description="kinds of events that rule an item out where seen items are excluded; empty: all"
    )
    impressions: Literal["soon", "wait", "none"] = Field(
        "soon", description="soon: answers do not wait for their log; wait: they do; none: nothing is logged"
    )
    unlogged: Literal["mark", "refuse"] = Field(
        "mark", description="what becomes of answers while the log cannot be written"
    )
    waiting: PositiveInt = Field(
        10_000, description="impressions kept in memory while the log cannot be written"
    )
    cap: NonNegativeInt = Field(
        0,
        description="an item shown to a user so often within `cap_days`, and not taken, is left out; 0: no cap",
    )
    cap_days: PositiveFloat = Field(7.0, description="what the cap looks back on")
    cooldown_minutes: NonNegativeFloat = Field(
        0.0, description="minutes in which an item is not shown to a user again unless taken; 0: none"
    )
    price: str = Field("price", description="column of items that a price range looks at")
    available: str = Field("available", description="column of items that says whether they can be had")
    min_age: str = Field(
        "min_age",
        description="column of items: years from which they are shown; whoever tells no age is younger",
    )
    explore: Literal["none", "plackett-luce", "thompson", "linucb"] = Field(
        "none", description="how the reserved places are drawn"
    )
    explore_share: float = Field(0.1, ge=0.0, le=1.0, description="share of places reserved for exploring")
    explore_floor: float = Field(
        0.1, gt=0.0, le=1.0, description="of a reserved place, chance that is shared alike by all candidates"
    )
    temperature: PositiveFloat = Field(
        0.1, description="of Plackett-Luce; 1 is the way from the last of the ranked items to the best"
    )
    cold_share: float = Field(
        0.1, ge=0.0, le=1.0, description="share of a list that exploring may give to cold items, at most"
    )
    cold_events: NonNegativeInt = Field(5, description="an item that fewer users have taken is cold")
