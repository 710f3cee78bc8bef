"""What readers like, and how it changes with time. Knows nothing of what they then do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Numbers, Times
from llm4rec.data.simulator.config import DAY, WorldConfig
from llm4rec.data.simulator.traits import VOICE_WIDTH, Items, Reals, normed


@dataclass(frozen=True, eq=False)
class Tastes:
    """A mixture of archetypes that moves, plus what is a reader's own and stays.

    `mixtures` (readers, periods, archetypes) hold at the beginning of each period; between them a taste moves in a
    straight line. Readers who flip turn to the opposite archetypes at `flip_time`.
    """

    archetypes: Reals  # (archetypes, themes)
    mixtures: Reals
    own: Reals  # (readers, themes)
    voices: Reals  # (readers, voice)
    flips: NDArray[np.bool_]
    flip_time: float
    config: WorldConfig

    def mixture(self, users: Numbers, times: Times) -> Reals:
        """Shares of the archetypes at a moment, (users, archetypes)."""
        periods = self.mixtures.shape[1]
        place = (times - self.config.start) / (self.config.period_days * DAY)
        before = np.clip(np.floor(place), 0, periods - 1).astype(np.int64)
        after = np.minimum(before + 1, periods - 1)
        way = np.clip(place - before, 0.0, 1.0)[:, None]
        shares = (1.0 - way) * self.mixtures[users, before] + way * self.mixtures[users, after]
        turned = (self.flips[users] & (times >= self.flip_time))[:, None]
        return np.asarray(np.where(turned, np.roll(shares, max(1, shares.shape[1] // 2), axis=1), shares))

    def themes(self, users: Numbers, times: Times) -> Reals:
        """Liking of each theme, positive for more than average, unit rows (users, themes)."""
        return normed(self.mixture(users, times) @ self.archetypes + self.own[users])

    def at(self, users: Numbers, times: Times) -> Reals:
        """The whole taste, in the space of the vectors of items: (users, themes + voice)."""
        shares = np.sqrt([1.0 - self.config.voice, self.config.voice])
        return np.hstack([self.themes(users, times) * shares[0], self.voices[users] * shares[1]])


def tastes_of(items: Items, config: WorldConfig, rng: np.random.Generator) -> Tastes:
    """Tastes of `config.readers` readers of these items."""
    readers, width = config.readers, items.width
    archetypes = _archetypes(items, config.archetypes, rng)
    flip = np.inf if config.flip_day is None else config.start + config.flip_day * DAY
    return Tastes(
        archetypes=archetypes,
        mixtures=_mixtures(len(archetypes), config, rng),
        own=rng.standard_normal((readers, width)) * config.individuality / np.sqrt(width),
        voices=normed(rng.standard_normal((readers, VOICE_WIDTH))),
        flips=rng.random(readers) < config.flip_share,
        flip_time=float(flip),
        config=config,
    )


def _archetypes(items: Items, count: int, rng: np.random.Generator) -> Reals:
    """Directions that items of the catalog really have: each is the middle of the items nearest to a seed.

    Seeds lie far apart: each is the item farthest from the seeds before it.
    """
    themes = normed(items.vectors[:, : items.width])
    seeds = [int(rng.integers(len(themes)))]
    close = [_closeness(themes, seeds[0])]
    while len(seeds) < min(count, len(themes)):
        seeds.append(int(np.max(close, axis=0).argmin()))
        close.append(_closeness(themes, seeds[-1]))
    around = max(1, len(themes) // (2 * len(seeds)))
    nearest = np.argsort(-np.array(close), axis=1, kind="stable")[:, :around]
    return normed(themes[nearest].mean(axis=1))


def _closeness(themes: Reals, item: int) -> Reals:
    """Of all items to one; rounded, so that ties fall alike on every machine."""
    return np.asarray(np.round(themes @ themes[item], 9))


def _fresh(readers: int, archetypes: int, rng: np.random.Generator) -> Reals:
    """One to three archetypes a reader, with shares."""
    many = rng.integers(1, 4, readers)
    order = np.argsort(rng.random((readers, archetypes)), axis=1)
    shares = np.where(order < many[:, None], rng.exponential(1.0, (readers, archetypes)) + 0.3, 0.0)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def _mixtures(archetypes: int, config: WorldConfig, rng: np.random.Generator) -> Reals:
    """(readers, periods, archetypes): a walk toward ever new mixtures, and a leap now and then."""
    periods = int(np.ceil(config.days / config.period_days)) + 1
    path = [_fresh(config.readers, archetypes, rng)]
    for _ in range(periods - 1):
        new = _fresh(config.readers, archetypes, rng)
        leaps = rng.random((config.readers, 1)) < config.switch
        path.append(np.where(leaps, new, (1.0 - config.drift) * path[-1] + config.drift * new))
    return np.stack(path, axis=1)
