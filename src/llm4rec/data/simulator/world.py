"""A world: items, readers and the truth about both; it reacts to what it is shown. Knows no models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import (
    Catalog,
    Column,
    ColumnType,
    DataError,
    Floats,
    Interactions,
    Numbers,
    Users,
    Vocabulary,
)
from llm4rec.data.simulator.config import WorldConfig
from llm4rec.data.simulator.slates import Exposure, exposure_of
from llm4rec.data.simulator.tastes import Tastes, tastes_of
from llm4rec.data.simulator.text import Reviewer
from llm4rec.data.simulator.traits import Reals, Traits, items_of
from llm4rec.data.simulator.truth import Moments, Truth

KINDS = ("click", "purchase", "rating", "dislike")
CLICK, PURCHASE, RATING, DISLIKE = range(4)
AGES = ("under-25", "25-34", "35-49", "50-64", "65-plus")
COUNTRIES = ("DE", "ES", "FR", "GB", "IE", "NL", "SE")


@dataclass(frozen=True, eq=False)
class Feedback:
    """What readers did with the slates they were shown; arrays (B, C), -1, NaN or None where there was no click."""

    moments: Moments
    slates: Numbers
    clicked: NDArray[np.bool_]
    kinds: Numbers
    values: Floats
    texts: NDArray[np.object_]

    def interactions(self, impressions: NDArray[np.object_] | None = None) -> Interactions:
        """One row a click, in the order of slates and ranks; `impressions` are ids of the slates."""
        row, rank = np.nonzero(self.clicked)
        return Interactions(
            users=self.moments.users[row],
            items=self.slates[row, rank],
            kinds=self.kinds[row, rank],
            values=self.values[row, rank],
            timestamps=self.moments.times[row],
            kind_names=KINDS,
            texts=self.texts[row, rank],
            impressions=None if impressions is None else impressions[row],
        )


@dataclass(frozen=True, eq=False)
class World:
    """Everything that is true, and what the readers can be asked to do."""

    catalog: Catalog
    users: Users
    truth: Truth
    exposure: Exposure
    reviewer: Reviewer

    @property
    def config(self) -> WorldConfig:
        """The options it was built with."""
        return self.truth.config

    def react(self, moments: Moments, slates: Numbers, rng: np.random.Generator) -> Feedback:
        """Clicks with `Truth.probability`, and what becomes of them; -1 in a slate is an empty place."""
        shown = np.maximum(slates, 0)
        chance = np.where(slates < 0, 0.0, self.truth.probability(moments, shown))
        clicked = rng.random(slates.shape) < chance
        row, rank = np.nonzero(clicked)
        kinds, values, texts = self.outcomes(moments.take(row), slates[row, rank], rng)
        feedback = Feedback(
            moments,
            slates,
            clicked,
            np.full(slates.shape, -1, dtype=np.int64),
            np.full(slates.shape, np.nan, dtype=np.float32),
            np.full(slates.shape, None, dtype=object),
        )
        feedback.kinds[row, rank], feedback.values[row, rank] = kinds, values
        feedback.texts[row, rank] = texts
        return feedback

    def outcomes(
        self, moments: Moments, items: Numbers, rng: np.random.Generator
    ) -> tuple[Numbers, Floats, NDArray[np.object_]]:
        """Kinds, values and texts of items taken, one a moment."""
        config = self.config
        felt = self.truth.enjoyment(moments, items[:, None])[:, 0]
        felt = felt + self.truth.felt_noise * rng.standard_normal(len(items))
        stars = 1 + np.searchsorted(self.truth.cuts, felt)
        chance = rng.random((4, len(items)))
        kinds = np.where((stars >= 4) & (chance[0] < config.bought_share), PURCHASE, CLICK)
        kinds = np.where(chance[1] < config.rated_share, RATING, kinds)
        kinds = np.where((stars == 1) & (chance[2] < config.disliked_share), DISLIKE, kinds)
        rated = kinds == RATING
        texts = np.full(len(items), None, dtype=object)
        wrote = np.flatnonzero(rated & (chance[3] < config.written_share))
        texts[wrote] = self.reviews(moments.take(wrote), items[wrote], stars[wrote], rng)
        return kinds, np.where(rated, stars, np.nan).astype(np.float32), texts

    def reviews(
        self, moments: Moments, items: Numbers, stars: Numbers, rng: np.random.Generator
    ) -> list[str]:
        """What each reader writes of an item given these stars."""
        likings = self.truth.tastes.themes(moments.users, moments.times)
        return self.reviewer.reviews(likings, items, stars, rng)


def build_world(catalog: Catalog, traits: Traits, config: WorldConfig, rng: np.random.Generator) -> World:
    """A world over any catalog of at least ten items with known traits."""
    if len(catalog) != len(traits) or len(catalog) < 10:
        raise DataError(
            f"a world needs traits for each item and ten items or more; got {len(catalog)} items, {len(traits)} traits"
        )
    items = items_of(traits, config, rng)
    tastes = tastes_of(items, config, rng)
    exposure = exposure_of(items, tastes, config)
    sample = rng.integers(0, config.readers, 2_000)
    moments = Moments(sample, config.start + rng.random(len(sample)) * (config.end - config.start))
    truth = Truth(items, tastes, config).calibrated(moments, exposure.slates(moments, rng), rng)
    return World(catalog, _users(tastes, config, rng), truth, exposure, Reviewer.of(catalog, traits))


def _users(tastes: Tastes, config: WorldConfig, rng: np.random.Generator) -> Users:
    """Ids and two attributes that lean on the first taste: invented people, whose data tell a little."""
    archetype = tastes.mixtures[:, 0].argmax(axis=1)
    width = len(str(config.readers))
    ids = Vocabulary([f"reader-{number + 1:0{width}}" for number in range(config.readers)])
    columns = {
        "age": _attribute(AGES, archetype, tastes.mixtures.shape[2], rng),
        "country": _attribute(COUNTRIES, archetype, tastes.mixtures.shape[2], rng),
    }
    return Users(ids, columns)


def _attribute(
    names: tuple[str, ...], archetype: Numbers, archetypes: int, rng: np.random.Generator
) -> Column:
    leaning: Reals = np.cumsum(rng.dirichlet(np.ones(len(names)), archetypes), axis=1)
    found = (rng.random(len(archetype))[:, None] >= leaning[archetype][:, :-1]).sum(axis=1)
    return Column(ColumnType.CATEGORY, np.array(names, dtype=object)[found])
