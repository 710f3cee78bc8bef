"""Settings of an engine that learns while it serves: memory, limits, logging, exploration, clocks. Does nothing itself."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from llm4rec.core import Config


class LiveSettings(Config):
    """How a live service remembers, limits, logs, explores, follows trends, is fitted again and is guarded."""

    users: PositiveInt = Field(20_000, description="users whose newest events are held in memory, per tenant")
    events: PositiveInt = Field(200, description="newest events of a user that are read from the store")
    sync_seconds: NonNegativeFloat = Field(
        0.1,
        description="how often what other workers wrote is looked for; 0: before every answer",
    )
    prepare: Literal["lists", "words", "nothing"] = Field(
        "lists",
        description="what is made in the background before somebody asks for it: what lists with knobs need, "
        "or also what wishes, chat and profiles need (with the page: unless nothing), or nothing",
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
    trend_minutes: NonNegativeFloat = Field(
        0.0, description="how often trends are put into the answers; 0: trends are not followed"
    )
    trend_hours: tuple[PositiveFloat, ...] = Field(
        (168.0,), min_length=1, description="half-lives of trends, hours; each leans on the next longer one"
    )
    trend_prior: PositiveFloat = Field(
        100.0, description="takings within a half-life at which it counts as much as what is longer"
    )
    trend_weight: float = Field(
        0.0,
        ge=0.0,
        le=0.3,
        description="how far a trend moves an item in lists of known people, at most; 1 is from the mean score to the best",
    )
    refit_hours: tuple[Annotated[float, Field(ge=0.0, lt=24.0)], ...] = Field(
        (), description="hours of the day (UTC) at which the engine is fitted again; empty: only when asked"
    )
    refit_holdback: float = Field(
        0.3,
        gt=0.0,
        lt=1.0,
        description="of the events since the last fit, the latest share: both engines are judged by it",
    )
    refit_metric: str = Field("ndcg@10", description="the figure by which they are compared")
    refit_margin: float = Field(
        0.05, ge=0.0, lt=1.0, description="share of the serving engine's figure that a new one may lose"
    )
    refit_keep: PositiveInt = Field(
        5,
        description="newest engine folders of refits that are kept; older ones are removed unless they may serve again",
    )
    refit_least: PositiveInt = Field(50, description="people to judge by, at least")
    refit_days: PositiveFloat = Field(90.0, description="who did nothing for so long is quiet")
    refit_replay: float = Field(
        1.0, ge=0.0, le=1.0, description="share of quiet people whose events are fitted on again"
    )
    refit_warm: bool = Field(
        True,
        description="a refit begins from the parameters that serve, where the model can and nobody is to be forgotten",
    )
    refit_choose: NonNegativeInt = Field(
        10,
        description="one refit of so many chooses settings anew and takes nothing over; 0: none does",
    )
    refit_growth: float = Field(
        1.5, gt=1.0, description="so too where events have grown by this factor since settings were chosen"
    )
    guard: float = Field(
        0.9,
        ge=0.0,
        le=1.0,
        description="share of the click-through before that a promoted version must keep, or it is rolled back; 0: no guard",
    )
    guard_errors: float = Field(
        0.05, gt=0.0, le=1.0, description="share of answers that may fail, or the version is rolled back"
    )
    guard_minutes: PositiveFloat = Field(
        30.0, description="a click counts within so many minutes; younger answers are not judged"
    )
    guard_days: PositiveFloat = Field(7.0, description="how long a promoted version is watched")
