"""The options of a simulated world. Knows nothing of how they are used."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from llm4rec.core import Config

Share = Annotated[float, Field(ge=0.0, le=1.0)]
DAY = 86_400.0
END_OF_JUNE_2026 = 1_782_864_000.0


class WorldConfig(Config):
    """How many readers, for how long, and what moves them. Strengths are spreads in log-odds of a click."""

    readers: PositiveInt = 1200
    days: PositiveInt = 730
    end: float = END_OF_JUNE_2026
    """UTC seconds just behind the last moment."""

    least_events: PositiveInt = 8
    mean_events: PositiveFloat = 23.0
    most_events: PositiveInt = 40
    session_length: Annotated[float, Field(ge=1.0)] = 3.0
    slate: Annotated[int, Field(ge=4)] = 40
    """Items looked at before one is taken."""

    archetypes: PositiveInt = 14
    taste_strength: NonNegativeFloat = 2.0
    individuality: NonNegativeFloat = 0.5
    voice: Share = 0.25
    """Share of a taste that goes to author and manner, which no theme tells."""
    popularity_strength: NonNegativeFloat = 0.5
    popularity_skew: NonNegativeFloat = 0.9
    fame: Share = 0.6
    """How far popularity follows fame; the rest is luck."""
    quality_strength: NonNegativeFloat = 0.4
    context_strength: NonNegativeFloat = 0.5
    same_group: NonNegativeFloat = 1.0
    next_in_series: NonNegativeFloat = 2.5
    closeness: NonNegativeFloat = 3.0
    """Pull of items whose themes are close to those of the item before, in the same session."""

    drift: Share = 0.08
    """Share of a taste that moves on in one period of `period_days`."""
    switch: Share = 0.03
    """Chance of an altogether new taste in one period."""
    period_days: PositiveFloat = 60.0
    flip_day: NonNegativeFloat | None = None
    """Day on which the tastes of `flip_share` of the readers turn over at once, or never."""
    flip_share: Share = 1.0
    """Their mixture turns to other archetypes; what is a reader's own (`individuality`, `voice`) stays."""

    click_rate: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.12
    position_bias: NonNegativeFloat = 0.6
    """The item at rank r is examined with probability r ** -position_bias."""
    rated_share: Share = 0.6
    bought_share: Share = 0.5
    disliked_share: Share = 0.5
    """Of what is felt as one star, the share that is marked as a dislike."""
    written_share: Share = 0.35
    stars: tuple[float, float, float, float] = (0.02, 0.08, 0.24, 0.58)
    """Shares of felt stars up to 1, 2, 3 and 4."""
    noise: NonNegativeFloat = 0.5
    """Spread of what is felt around what is true, in spreads of the truth."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.least_events <= self.mean_events <= self.most_events:
            raise ValueError("least_events <= mean_events <= most_events does not hold")
        if list(self.stars) != sorted(self.stars) or not 0 < self.stars[0] < self.stars[-1] < 1:
            raise ValueError("stars are growing shares between 0 and 1")
        return self

    @property
    def start(self) -> float:
        """UTC seconds of the first moment."""
        return self.end - self.days * DAY
