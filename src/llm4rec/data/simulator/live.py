"""A world left to itself for its days: the interactions that readers leave behind."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Catalog, Dataset, EventContexts, Interactions, Numbers
from llm4rec.data.simulator.calendar import Calendar, calendar_of
from llm4rec.data.simulator.config import WorldConfig
from llm4rec.data.simulator.contexts import Contexts
from llm4rec.data.simulator.traits import Traits
from llm4rec.data.simulator.truth import Moments, Truth
from llm4rec.data.simulator.world import KINDS, World, build_world

NOTE = (
    "synthetic: readers and all they did were made up by llm4rec.data.simulator; there is no such person. "
    "Nothing measured here says how people behave."
)


@dataclass(frozen=True, eq=False)
class Simulation:
    """A data set, the world it came from, and the context of each of its interactions, row by row."""

    dataset: Dataset
    world: World
    contexts: Contexts

    @property
    def truth(self) -> Truth:
        """The known truth of the world."""
        return self.world.truth

    @property
    def situated(self) -> Dataset:
        """The data set whose interactions tell device and place: contexts of which the truth is known."""
        told = {name: self.contexts.columns[name].values.tolist() for name in ("device", "place")}
        rows = replace(self.dataset.interactions, contexts=EventContexts.of(told))
        return replace(self.dataset, interactions=rows)


def simulate(
    catalog: Catalog, traits: Traits, config: WorldConfig, rng: np.random.Generator, name: str = "simulated"
) -> Simulation:
    """Readers of `catalog`, and what they did, from the start of `config` to its end.

    The same arguments and the same state of `rng` give the same simulation on every machine.
    """
    return live(build_world(catalog, traits, config, rng), rng, name)


def live(world: World, rng: np.random.Generator, name: str = "simulated") -> Simulation:
    """What the readers of `world` did; nobody takes an item twice."""
    calendar = calendar_of(world.config, len(world.catalog) // 2, rng)
    items, previous = _taken(world, calendar, rng)
    there = np.flatnonzero(items >= 0)
    moments = Moments(calendar.users, calendar.times, calendar.contexts, previous).take(there)
    kinds, values, texts = world.outcomes(moments, items[there], rng)
    rows = Interactions(moments.users, items[there], kinds, values, moments.times, KINDS, texts)
    dataset = Dataset(rows, world.catalog, world.users, name, synthetic=True, notes=(NOTE,))
    return Simulation(dataset, world, calendar.contexts.take(there))


def _taken(world: World, calendar: Calendar, rng: np.random.Generator) -> tuple[Numbers, Numbers]:
    """The item of each event (-1: everything shown was known already) and the one before it in its session.

    All readers take their n-th step at once: a step depends on the steps before, not on other readers.
    """
    events = len(calendar.users)
    items, before = np.full(events, -1, dtype=np.int64), np.full(events, -1, dtype=np.int64)
    steps = int(calendar.places.max()) + 1
    known = np.full((len(world.users), steps), -1, dtype=np.int64)
    moments = Moments(calendar.users, calendar.times, calendar.contexts)
    for step in range(steps):
        rows = np.flatnonzero(calendar.places == step)
        before[rows] = np.where(calendar.opens[rows], -1, items[rows - 1])
        now = replace(moments.take(rows), previous=before[rows])
        items[rows] = _choice(world, now, known[now.users, :step], rng)
        known[now.users, step] = items[rows]
    return items, before


def _choice(world: World, moments: Moments, known: Numbers, rng: np.random.Generator) -> Numbers:
    """One item of a slate each, by softmax of utility, among those not known."""
    slates = world.exposure.slates(moments, rng)
    barred: NDArray[np.bool_] = (slates[:, :, None] == known[:, None, :]).any(axis=2) | (slates < 0)
    utility = world.truth.utility(moments, np.maximum(slates, 0))
    best = np.where(barred, -np.inf, utility + rng.gumbel(size=utility.shape)).argmax(axis=1)[:, None]
    chosen = np.where(barred, -1, slates)
    return np.asarray(np.take_along_axis(chosen, best, axis=1)[:, 0])
