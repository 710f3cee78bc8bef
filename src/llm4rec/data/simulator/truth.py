"""What readers would do, as probabilities: the known truth that estimates are held against."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from llm4rec.core import Numbers, Times
from llm4rec.data.simulator.config import WorldConfig
from llm4rec.data.simulator.contexts import Contexts, features
from llm4rec.data.simulator.tastes import Tastes
from llm4rec.data.simulator.traits import Items, Reals

AT_ONCE = 1 << 21


@dataclass(frozen=True, eq=False)
class Moments:
    """Who, when, where, and after what: one row a question. `previous` is the item before in the session, or -1."""

    users: Numbers
    times: Times
    contexts: Contexts | None = None
    previous: Numbers | None = None

    def __len__(self) -> int:
        return len(self.users)

    def take(self, rows: Numbers | NDArray[np.bool_]) -> Moments:
        """The rows asked for, in that order."""
        return Moments(
            self.users[rows],
            self.times[rows],
            None if self.contexts is None else self.contexts.take(rows),
            None if self.previous is None else self.previous[rows],
        )


@dataclass(frozen=True, eq=False)
class Truth:
    """The whole truth about a world. Methods take (B,) moments and (B, C) items, and answer (B, C).

    A shown item is clicked, independently of the others, if it is examined and if it attracts:
    `probability` = `examination` (falls with the rank) times `attraction` (a logistic function of `utility`).
    Given that exactly one examined item is clicked, which one is a softmax of their utilities; that is
    how the histories of `simulate` came about.
    """

    items: Items
    tastes: Tastes
    config: WorldConfig
    scale: float = 1.0
    base: float = 0.0
    cuts: Reals = field(default_factory=lambda: np.zeros(4))  # bounds between stars, in enjoyment

    def affinity(self, moments: Moments, items: Numbers) -> Reals:
        """How well items fit the taste of that moment; spread about `taste_strength`."""
        return self.scale * _dots(self.tastes.at(moments.users, moments.times), self.items.vectors, items)

    def enjoyment(self, moments: Moments, items: Numbers) -> Reals:
        """What is felt after reading, without noise: fit and quality, whatever its fame."""
        return self.affinity(moments, items) + self.config.quality_strength * self.items.quality[items]

    def utility(self, moments: Moments, items: Numbers) -> Reals:
        """What draws a reader to items: enjoyment, popularity, context, and what was taken before."""
        known = self.config.popularity_strength * self.items.popularity[items]
        return (
            self.enjoyment(moments, items)
            + known
            + self._context(moments, items)
            + self._after(moments, items)
        )

    def attraction(self, moments: Moments, items: Numbers) -> Reals:
        """Probability of a click on an item that is examined, at whatever rank."""
        return np.asarray(expit(self.base + self.utility(moments, items)))

    def examination(self, width: int) -> Reals:
        """Probability that a rank is looked at, (width,); ones where `position_bias` is 0."""
        return np.asarray(np.arange(1, width + 1) ** -self.config.position_bias)

    def probability(self, moments: Moments, slates: Numbers) -> Reals:
        """Probability of a click on each place of a slate, position bias included."""
        return self.attraction(moments, slates) * self.examination(slates.shape[1])

    def rate(self, moments: Moments, items: Numbers) -> Reals:
        """Expected stars, 1 to 5, of a reader who takes the item."""
        above = (self.enjoyment(moments, items)[..., None] - self.cuts) / max(self.felt_noise, 1e-12)
        return np.asarray(1.0 + ndtr(above).sum(axis=-1))

    @property
    def felt_noise(self) -> float:
        """Spread of what is felt around `enjoyment`."""
        spread = np.hypot(self.config.taste_strength, self.config.quality_strength)
        return float(self.config.noise * spread)

    def calibrated(self, moments: Moments, slates: Numbers, rng: np.random.Generator) -> Truth:
        """This truth with its scale, click rate and stars set on typical slates (-1 padded)."""
        shown = np.maximum(slates, 0)
        plain = self.affinity(moments, shown)
        truth = replace(self, scale=self.config.taste_strength / max(float(plain.std()), 1e-12))
        utility = np.where(slates < 0, -np.inf, truth.utility(moments, shown))
        taken = (utility + rng.gumbel(size=utility.shape)).argmax(axis=1)
        felt = np.take_along_axis(truth.enjoyment(moments, shown), taken[:, None], axis=1)[:, 0]
        felt = felt + truth.felt_noise * rng.standard_normal(len(felt))
        base = _base(utility[slates >= 0], self.config.click_rate)
        return replace(truth, base=base, cuts=np.quantile(felt, self.config.stars))

    def _context(self, moments: Moments, items: Numbers) -> Reals:
        matters = features(moments.times, moments.contexts)
        return self.config.context_strength * _dots(matters, self.items.traits.loadings, items)

    def _after(self, moments: Moments, items: Numbers) -> Reals:
        """Pull of the item before: its author, its sequel, its themes."""
        if moments.previous is None:
            return np.zeros(items.shape)
        traits, width = self.items.traits, self.items.width
        before = np.maximum(moments.previous, 0)
        group = traits.groups[before][:, None]
        same = (group >= 0) & (group == traits.groups[items])
        sequel = traits.follows[before][:, None] == items
        themes = self.items.vectors[:, :width]
        close = _dots(themes[before], themes, items) / max(1.0 - self.config.voice, 1e-12)
        pull = (
            self.config.same_group * same
            + self.config.next_in_series * sequel
            + self.config.closeness * close
        )
        return np.where(moments.previous[:, None] >= 0, pull, 0.0)


def _dots(rows: Reals, vectors: Reals, items: Numbers) -> Reals:
    """rows[b] · vectors[items[b, c]], in parts, so that memory stays bounded."""
    step = max(1, AT_ONCE // max(1, items.shape[1] * vectors.shape[1]))
    parts = [
        np.einsum("bd,bcd->bc", rows[begin : begin + step], vectors[items[begin : begin + step]])
        for begin in range(0, len(items), step)
    ]
    return np.concatenate(parts) if parts else np.zeros(items.shape)


def _base(utility: Reals, rate: float) -> float:
    """The log-odds to be added so that the mean attraction is `rate`."""
    low, high = -50.0, 50.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if float(expit(middle + utility).mean()) > rate else (middle, high)
    return (low + high) / 2
