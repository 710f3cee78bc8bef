"""What a reader gets to see: a mixture of popular, fitting, related and random items. Knows no utilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from llm4rec.core import Numbers
from llm4rec.data.simulator.config import WorldConfig
from llm4rec.data.simulator.tastes import Tastes
from llm4rec.data.simulator.traits import Items, Reals
from llm4rec.data.simulator.truth import Moments

POPULAR, FITTING, RELATED = 0.25, 0.40, 0.20  # shares of a slate; the rest is random


@dataclass(frozen=True, eq=False)
class Exposure:
    """Draws slates. Nothing here needs a pass over all items, so catalogs may be large."""

    items: Items
    tastes: Tastes
    popular: Reals  # cumulative shares, (items,)
    by_theme: Reals  # theme t holds the cumulative shares of its items plus t, (themes * items,), ascending
    width: int

    def slates(self, moments: Moments, rng: np.random.Generator) -> Numbers:
        """(moments, width) distinct items a row, in random order; a repeat is blotted out by -1."""
        rows, count = len(moments), len(self.items.traits)
        sizes = [int(share * self.width) for share in (POPULAR, FITTING, RELATED)]
        liked = np.square(np.maximum(self.tastes.themes(moments.users, moments.times), 0.0))
        related = self._related(moments, liked)
        drawn = [
            self._popular(rows, sizes[0], rng),
            self._of_themes(liked, sizes[1], rng),
            self._of_themes(related, sizes[2], rng),
            rng.integers(0, count, (rows, self.width - sum(sizes))),
        ]
        slate = np.concatenate(drawn, axis=1)
        self._sequels(slate, moments)
        return _distinct(rng.permuted(slate, axis=1))

    def _popular(self, rows: int, many: int, rng: np.random.Generator) -> Numbers:
        found = np.searchsorted(self.popular, rng.random((rows, many)), side="right")
        return np.asarray(np.minimum(found, len(self.popular) - 1), dtype=np.int64)

    def _of_themes(self, weights: Reals, many: int, rng: np.random.Generator) -> Numbers:
        """For each row: `many` themes drawn by weight, and for each an item that has it."""
        cumulative = np.cumsum(weights + 1e-9, axis=1)
        cumulative /= cumulative[:, -1:]
        chance = rng.random((len(weights), many))
        themes = (chance[:, :, None] >= cumulative[:, None, :-1]).sum(axis=2)
        count = len(self.items.traits)
        found = np.searchsorted(self.by_theme, themes + rng.random(themes.shape), side="right")
        return np.asarray(np.clip(found - themes * count, 0, count - 1), dtype=np.int64)

    def _related(self, moments: Moments, liked: Reals) -> Reals:
        """Themes of the item before; of the taste where there was none."""
        if moments.previous is None:
            return liked
        themes = np.square(self.items.traits.themes[np.maximum(moments.previous, 0)])
        return np.where(moments.previous[:, None] >= 0, themes, liked)

    def _sequels(self, slate: Numbers, moments: Moments) -> None:
        """The sequel of the item before comes in at the last place, where there is one."""
        if moments.previous is None:
            return
        sequel = self.items.traits.follows[np.maximum(moments.previous, 0)]
        there = (sequel >= 0) & (moments.previous >= 0)
        slate[there, -1] = sequel[there]


def exposure_of(items: Items, tastes: Tastes, config: WorldConfig) -> Exposure:
    """Exposure as skewed as the popularity of the items."""
    weight = np.exp(config.popularity_skew * items.popularity)
    themes = np.square(items.traits.themes) * np.sqrt(weight)[:, None]
    themes += 1e-12  # a theme that no item has is a draw at random
    shares = np.cumsum(themes / themes.sum(axis=0), axis=0).T + np.arange(themes.shape[1])[:, None]
    popular: Reals = np.cumsum(weight / weight.sum())
    width = min(config.slate, len(items.traits))
    return Exposure(items, tastes, popular, np.ravel(shares), width)


def _distinct(slates: Numbers) -> Numbers:
    """Each row with second appearances replaced by -1."""
    order = np.argsort(slates, axis=1, kind="stable")
    ranked = np.take_along_axis(slates, order, axis=1)
    repeats = np.zeros(slates.shape, dtype=bool)
    repeats[:, 1:] = ranked[:, 1:] == ranked[:, :-1]
    result = slates.copy()
    np.put_along_axis(result, order, np.where(repeats, -1, ranked), axis=1)
    return result
