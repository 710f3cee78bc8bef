"""What is true of items, and no model may see: themes, series, fame, and when they suit. Knows no readers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import DataError, Numbers
from llm4rec.data.simulator.config import WorldConfig
from llm4rec.data.simulator.contexts import FEATURES

Reals: TypeAlias = NDArray[np.float64]
VOICE_WIDTH = 8


@dataclass(frozen=True, eq=False)
class Traits:
    """The hidden side of a catalog, a row an item.

    `themes` (items, themes) are weights of zero and more. Items of one `groups` number share an author (-1: none);
    `follows` is the item to be taken next (-1: none); `fame` counts as an order only; `loadings`
    (items, FEATURES) say how well an item suits each context.
    """

    themes: Reals
    names: tuple[str, ...]
    groups: Numbers
    follows: Numbers
    fame: Reals
    loadings: Reals

    def __post_init__(self) -> None:
        items = len(self.themes)
        if self.themes.ndim != 2 or not np.isfinite(self.themes).all() or (self.themes < 0).any():
            raise DataError("themes are a matrix of finite weights of zero and more, a row an item")
        if len(self.names) != self.themes.shape[1]:
            raise DataError(f"{len(self.names)} names for {self.themes.shape[1]} themes")
        if self.loadings.shape != (items, len(FEATURES)):
            raise DataError(f"loadings are (items, {len(FEATURES)}), not {self.loadings.shape}")
        if not len(self.groups) == len(self.follows) == len(self.fame) == items:
            raise DataError(f"groups, follows and fame need one value for each of the {items} items")

    def __len__(self) -> int:
        return len(self.themes)

    @classmethod
    def of(cls, themes: NDArray[Any], names: Sequence[str] = (), **known: NDArray[Any]) -> Traits:
        """Traits from a matrix of themes; what is not known has no effect."""
        items, width = themes.shape
        return cls(
            themes=np.asarray(themes, dtype=np.float64),
            names=tuple(names) or tuple(f"theme-{n}" for n in range(width)),
            groups=np.asarray(known.pop("groups", np.full(items, -1)), dtype=np.int64),
            follows=np.asarray(known.pop("follows", np.full(items, -1)), dtype=np.int64),
            fame=np.asarray(known.pop("fame", np.zeros(items)), dtype=np.float64),
            loadings=np.asarray(known.pop("loadings", np.zeros((items, len(FEATURES)))), dtype=np.float64),
            **known,
        )


@dataclass(frozen=True, eq=False)
class Items:
    """Traits turned into vectors and weights: `vectors` (items, themes + voice), the rest (items,)."""

    traits: Traits
    vectors: Reals
    centre: Reals
    popularity: Reals
    quality: Reals

    @property
    def width(self) -> int:
        """How many columns of the vectors are themes."""
        return int(self.traits.themes.shape[1])


def items_of(traits: Traits, config: WorldConfig, rng: np.random.Generator) -> Items:
    """Vectors of unit length a part, popularity and quality of spread one."""
    lengths = normed(traits.themes)
    centre = lengths.mean(axis=0)
    themes = normed(lengths - centre) * np.sqrt(1.0 - config.voice)
    voice = _voices(traits.groups, rng) * np.sqrt(config.voice)
    return Items(
        traits,
        np.hstack([themes, voice]),
        centre,
        _popularity(traits.fame, config.fame, rng),
        rng.standard_normal(len(traits)),
    )


def _voices(groups: Numbers, rng: np.random.Generator) -> Reals:
    """A direction an item; items of one group have nearly the same."""
    own = rng.standard_normal((len(groups), VOICE_WIDTH))
    shared = rng.standard_normal((int(groups.max(initial=-1)) + 2, VOICE_WIDTH))
    shared[-1] = 0.0
    return normed(0.5 * own + shared[groups])


def _popularity(fame: Reals, follows_fame: float, rng: np.random.Generator) -> Reals:
    """Normal scores of a mixture of fame and luck."""
    known = standard(fame) * np.sqrt(follows_fame)
    return standard(known + rng.standard_normal(len(fame)) * np.sqrt(1.0 - follows_fame))


def normed(matrix: Reals) -> Reals:
    """Rows of length one; a row of zeros stays zero."""
    lengths = np.sqrt(np.einsum("ij,ij->i", matrix, matrix))[:, None]
    return np.asarray(matrix / np.maximum(lengths, 1e-12))


def standard(values: Reals) -> Reals:
    """Mean zero, spread one; constants become zeros."""
    centred = values - values.mean()
    return np.asarray(centred / max(float(centred.std()), 1e-12))
