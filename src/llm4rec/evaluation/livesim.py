"""An engine lives among made-up readers with known truth: shown, clicked, learnt, round by round. Fits no model itself.

Rewards are expected clicks by the truth, so that they carry no noise of clicks; what engines learn from are clicks as they fell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from pydantic import Field, NonNegativeInt, PositiveInt

from llm4rec.core import (
    DAY,
    Config,
    Dataset,
    Floats,
    History,
    Interactions,
    Numbers,
    Request,
    Times,
    masked,
    top_k,
)
from llm4rec.data import Moments, WorldConfig, shop_simulation
from llm4rec.data.simulator import Simulation
from llm4rec.evaluation.ratios import ratio
from llm4rec.evaluation.results import Estimate

STEPS = (0, 1, 5, 10, 20)
"""Interactions of a reader from which rewards are told apart."""
SETTLED, RECOVERED = 3, 0.9
"""Rounds before tastes turn over that say how good an engine was, and the share of that which counts as recovered."""


class LiveConfig(Config):
    """`readers` newcomers ask once a round; `before` others have left the data an engine begins with."""

    readers: int = Field(200, ge=20)
    before: int = Field(600, ge=20)
    rounds: PositiveInt = 30
    n: PositiveInt = 10
    refit_every: NonNegativeInt = Field(
        0, description="rounds until a learning engine is fitted again; 0: never"
    )
    flip_round: NonNegativeInt = Field(0, description="round at which all tastes turn over; 0: never")
    seed: int = 0


class Serves(Protocol):
    """What is driven: an engine that can be fitted and scores a catalog."""

    def fit(self, dataset: Dataset) -> object: ...
    def score(self, requests: list[Request]) -> Floats: ...


@dataclass(frozen=True, eq=False)
class Lived:
    """Expected clicks a request, those of the best list of items not taken yet, interactions by then; all (rounds, readers).

    Who is served well soon has taken the best there is: reward falls, its share of the best list does not.
    """

    rewards: Times
    best: Times
    interactions: Numbers


@dataclass(frozen=True, eq=False)
class Stage:
    """The world, the data to begin with, and who is new."""

    simulation: Simulation
    begin: Dataset
    newcomers: Numbers
    opens: float
    config: LiveConfig

    def moments(self, number: int) -> Moments:
        """Everybody asks once, a day a round."""
        return Moments(self.newcomers, np.full(len(self.newcomers), self.opens + number * DAY))


def stage(config: LiveConfig) -> Stage:
    """The shop up to the first round; newcomers have done nothing yet."""
    world = WorldConfig(readers=config.before + config.readers)
    days = world.days - config.rounds - 1
    if config.flip_round:
        world = world.model_copy(update={"flip_day": float(days + config.flip_round)})
    simulation = shop_simulation(world, np.random.default_rng([config.seed, 0]))
    opens = world.start + days * DAY
    events = simulation.dataset.interactions
    known = (events.users < config.before) & (events.timestamps < opens)
    return Stage(
        simulation, simulation.dataset.only(known), np.arange(config.before, world.readers), opens, config
    )


class Actor(Protocol):
    """Who shows the lists: an engine or a whole service."""

    def lists(self, past: list[History], number: int) -> Numbers:
        """(readers, n) items for everybody in a round, -1 where there are too few; `past` is what readers took."""
        ...

    def hear(self, happened: Interactions) -> None:
        """What readers did with the lists of this round."""
        ...


@dataclass(eq=False)
class Alone:
    """An engine that answers over what people did, or, frozen, never hears of it but repeats no item taken."""

    scene: Stage
    engine_for: Callable[[], Any]
    learning: bool

    def __post_init__(self) -> None:
        self.engine = self.engine_for()
        self.engine.fit(self.scene.begin)

    def lists(self, past: list[History], number: int) -> Numbers:
        """By the scores of the engine, which is fitted again when it is time."""
        n, every = self.scene.config.n, self.scene.config.refit_every
        if self.learning and number and every and number % every == 0:
            self.engine = self.engine_for()
            self.engine.fit(_with(self.scene, past))
        requests = [
            Request(one, n=n)
            if self.learning
            else Request(History.of([]), n=n, excluded=np.unique(one.items))
            for one in past
        ]
        return top_k(masked(np.array(self.engine.score(requests), dtype=np.float32), requests), n)

    def hear(self, happened: Interactions) -> None:
        """Histories come with the question."""


def live(scene: Stage, engine_for: Callable[[], Any], learning: bool) -> Lived:
    """One engine through all rounds, learning or frozen."""
    return lived(scene, Alone(scene, engine_for, learning))


def lived(scene: Stage, actor: Actor) -> Lived:
    """All rounds with one actor: shown, clicked as the truth says, heard."""
    config, rng = scene.config, np.random.default_rng([scene.config.seed, 1])
    past = [History.of([]) for _ in scene.newcomers]
    rewards, best, counts = [], [], []
    for number in range(config.rounds):
        moments = scene.moments(number)
        shown = actor.lists(past, number)
        chance = scene.simulation.truth.probability(moments, np.maximum(shown, 0))
        rewards.append(np.where(shown >= 0, chance, 0.0).sum(axis=1))
        best.append(_best(scene, moments, past))
        counts.append([len(one) for one in past])
        happened = scene.simulation.world.react(moments, shown, rng).interactions()
        actor.hear(happened)
        past = _grown(past, happened, scene)
    return Lived(np.array(rewards), np.array(best), np.array(counts, dtype=np.int64))


def _best(scene: Stage, moments: Moments, past: list[History]) -> Times:
    """(readers,) the expected clicks of the best list by the truth, of items that the reader has not taken."""
    truth, items = scene.simulation.truth, np.arange(len(scene.begin.catalog))
    wished = np.array(truth.attraction(moments, np.tile(items, (len(past), 1))))
    for row, one in enumerate(past):
        wished[row, one.items] = 0.0
    top = -np.sort(-wished, axis=1)[:, : scene.config.n]
    return np.asarray((top * truth.examination(top.shape[1])).sum(axis=1))


def _grown(past: list[History], happened: Interactions, scene: Stage) -> list[History]:
    found = list(past)
    for place in np.unique(happened.users):
        rows = np.flatnonzero(happened.users == place)
        at = int(place) - scene.config.before
        new = History.from_rows(happened, rows)
        found[at] = new if not len(found[at]) else found[at].followed_by(new)
    return found


def _with(scene: Stage, past: list[History]) -> Dataset:
    """The data to begin with and all that the newcomers did."""
    rows = scene.begin.interactions
    for user, one in zip(scene.newcomers.tolist(), past, strict=True):
        if len(one):
            rows = rows.followed_by(one.interactions(user))
    return replace(scene.begin, interactions=rows.sorted())


def told(config: LiveConfig, by_name: dict[str, Lived]) -> dict[str, Any]:
    """Everything as plain values: reward a request by round and by interactions, learning over frozen."""
    models: dict[str, Any] = {}
    for name, one in by_name.items():
        rounds = [_mean(row) for row in one.rewards]
        models[name] = {
            "reward": _mean(one.rewards.mean(axis=0)),
            "rounds": [
                {"round": at, "interactions": float(one.interactions[at].mean()), "of_best": share, **r}
                for at, (r, share) in enumerate(zip(rounds, _of_best(one).tolist(), strict=True))
            ],
            "by_interactions": _by_interactions(one),
            "of_best": float(one.rewards.sum() / one.best.sum()),
        }
        if 0 < config.flip_round < config.rounds:
            models[name]["recovery"] = _recovery(one, config.flip_round)
        frozen = by_name.get(f"{name.rpartition(', ')[0]}, frozen")
        if frozen is not None and frozen is not one:
            models[name]["over_frozen"] = _over(one, frozen)
    return {"simulate": {**config.model_dump(mode="json"), "synthetic": True}, "models": models}


def _mean(values: Times) -> dict[str, Any]:
    found = ratio(values, np.ones(len(values)), np.arange(len(values)))
    return Estimate(found.value, *found.interval()).as_json()


def _of_best(one: Lived) -> Times:
    """(rounds,) clicks as a share of those of the best lists."""
    return np.asarray(one.rewards.sum(axis=1) / one.best.sum(axis=1))


def _recovery(one: Lived, flip: int) -> dict[str, Any]:
    """The share of the best before tastes turned over, and after how many events a reader RECOVERED of it is back.

    `events` is None where it never is.
    """
    shares, done = _of_best(one), one.interactions.mean(axis=1)
    before = float(shares[max(0, flip - SETTLED) : flip].mean())
    back = np.flatnonzero(shares[flip:] >= RECOVERED * before)
    events = float(done[flip + back[0]] - done[flip]) if len(back) else None
    return {"before": before, "at_once": float(shares[flip]), "events": events}


def _by_interactions(one: Lived) -> list[dict[str, Any]]:
    rows = []
    for least, below in zip(STEPS, (*STEPS[1:], np.inf), strict=True):
        there = (one.interactions >= least) & (one.interactions < below)
        if there.any():
            rows.append(
                {"from": least, "requests": int(there.sum()), "reward": float(one.rewards[there].mean())}
            )
    return rows


def _over(learning: Lived, frozen: Lived) -> dict[str, Any]:
    """The share of the frozen reward in the last fifth of the rounds, the same readers in both."""
    last = -max(1, len(frozen.rewards) // 5)
    above, below = learning.rewards[last:].sum(axis=0), frozen.rewards[last:].sum(axis=0)
    found = ratio(above, below, np.arange(len(above)))
    return Estimate(found.value, *found.interval()).as_json()
