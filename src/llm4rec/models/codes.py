"""Semantic codes: item vectors as a few small numbers, coarse first. Knows nothing of requests and interactions.

Items that mean similar things share the beginning of their code, so a code is at once a category, a bucket to explore
and a short name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveInt

from llm4rec.core import Config, DataError, Floats, NotFittedError, Numbers, SettingsError
from llm4rec.models.kmeans import Doubles, kmeans, nearest

SMALLEST, LARGEST = 16, 256
SHARE = 16  # vectors for each number of a level, while that gives sizes within the bounds above
MANY = 4_096  # vectors above which a fourth level tells near-twins apart
NO_CODE = -1
NOISE = 1e-12  # share of the spread below which nothing is left to describe
AT_ONCE = 65_536  # rows encoded at a time


class CodesConfig(Config):
    """`levels` numbers a code, each below `size`; none of either: by how many vectors differ (`sensible`).

    `width`: principal directions looked at. `rounds` of k-means a level, on at most `rows` vectors a number.
    """

    levels: int | None = Field(None, ge=1, le=7)
    size: int | None = Field(None, ge=1, le=256)
    width: PositiveInt = 128
    rounds: PositiveInt = 15
    rows: PositiveInt = 64


@dataclass(frozen=True, eq=False)
class SemanticCodes:
    """Residual quantisation by k-means: each level describes what the levels before it left over.

    The vectors are shifted by `mean` (d,), turned by `turn` (d, k), and level l says which of `centres[l]` (size, k) is
    nearest to the remainder (residual vector quantisation: Chen, Guan & Wang, Sensors 2010; as item codes without a
    trained autoencoder: GRID, Ju et al. 2025). A row of zeros says nothing and has the code -1 on every level.
    """

    mean: Floats
    turn: Floats
    centres: tuple[Floats, ...]

    @classmethod
    def fit(cls, vectors: Floats, config: CodesConfig | None = None, seed: int = 0) -> Self:
        """Learn the codes of the rows of `vectors` (n, d) that are not zero; rows that are equal count once.

        Deterministic by `seed`. A level has fewer numbers than asked for where fewer remainders differ.
        DataError: not a table of finite numbers, or nothing but zeros.
        """
        config, rng = config or CodesConfig(), np.random.default_rng(seed)
        rows = np.unique(_checked(vectors), axis=0)
        rows = rows[np.any(rows != 0, axis=1)]
        if not len(rows):
            raise DataError("semantic codes need vectors that are not zero; give items a text or attributes")
        levels, size = sensible(len(rows), config)
        order = rng.permutation(len(rows))[: config.rows * size]
        rows = rows[np.sort(order)]
        mean = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
        turn = _directions(rows, mean, config.width)
        left = (rows - mean).astype(np.float64) @ turn.astype(np.float64)
        spread, centres = float(np.square(left).sum()), []
        for _ in range(levels):
            described = float(np.square(left).sum()) <= NOISE * spread
            made = kmeans(left, 1 if described else size, rng, config.rounds).astype(np.float32)
            centres.append(made)
            left = left - made[nearest(left, made.astype(np.float64))[0]]
        return cls(mean, turn, tuple(centres))

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many numbers each level has."""
        return tuple(len(level) for level in self.centres)

    def encode(self, vectors: Floats) -> Numbers:
        """(n, levels) numbers, of new vectors too; -1 throughout for rows of zeros."""
        rows = _checked(vectors, len(self.mean))
        codes = np.full((len(rows), len(self.centres)), NO_CODE, dtype=np.int64)
        for at in range(0, len(rows), AT_ONCE):
            part = rows[at : at + AT_ONCE]
            known = np.flatnonzero(np.any(part != 0, axis=1))
            left = self.turned(part[known])
            for level, centres in enumerate(self.centres):
                own, _ = nearest(left, centres.astype(np.float64))
                codes[at + known, level] = own
                left = left - centres[own]
        return codes

    def turned(self, vectors: Floats) -> Doubles:
        """(n, k): the vectors in the directions that codes describe."""
        return np.asarray((vectors - self.mean).astype(np.float64) @ self.turn.astype(np.float64))

    def described(self, codes: Numbers, levels: int | None = None) -> Doubles:
        """(n, k): what the first `levels` numbers of the codes say, in the directions of `turned`."""
        depth = len(self.centres) if levels is None else levels
        total = np.zeros((len(codes), self.turn.shape[1]))
        for level in range(depth):
            known = codes[:, level] >= 0
            total[known] += self.centres[level][codes[known, level]]
        return total

    def decode(self, codes: Numbers, levels: int | None = None) -> Floats:
        """(n, d) float32: the vectors that the first `levels` numbers stand for (all by default); -1 gives zeros."""
        back = self.described(codes, levels) @ self.turn.T.astype(np.float64) + self.mean
        back[codes[:, 0] < 0] = 0.0
        return np.asarray(back, dtype=np.float32)

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays, enough for `from_state`."""
        sizes = np.array(self.sizes, dtype=np.int64)
        return {"mean": self.mean, "turn": self.turn, "centres": np.concatenate(self.centres), "sizes": sizes}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """What `state` was taken from; NotFittedError names an array that is missing."""
        missing = {"mean", "turn", "centres", "sizes"} - set(state)
        if missing:
            raise NotFittedError(f"these are no semantic codes: {', '.join(sorted(missing))} missing")
        cuts = np.cumsum(np.asarray(state["sizes"], dtype=np.int64))[:-1]
        levels = np.split(np.asarray(state["centres"], np.float32), cuts)
        return cls(
            np.asarray(state["mean"], np.float32), np.asarray(state["turn"], np.float32), tuple(levels)
        )


def sensible(vectors: int, config: CodesConfig) -> tuple[int, int]:
    """How many levels of how many numbers for so many different vectors, where the config does not say.

    A number a level for every 16 vectors, 16 at least and 256 at most; three levels, above 4,096 vectors four.
    """
    size = min(LARGEST, max(SMALLEST, vectors // SHARE))
    return config.levels or (3 if vectors <= MANY else 4), config.size or size


def _checked(vectors: Floats, width: int | None = None) -> Floats:
    if vectors.ndim != 2 or not np.isfinite(vectors).all():
        raise DataError(
            f"semantic codes need a (rows, width) table of finite numbers, not shape {vectors.shape}"
        )
    if width is not None and vectors.shape[1] != width:
        raise SettingsError(
            f"these codes were learnt from vectors of {width} numbers and cannot read vectors of "
            f"{vectors.shape[1]}; use the same encoder, or learn codes anew"
        )
    return np.asarray(vectors, dtype=np.float32)


def _directions(rows: Floats, mean: Floats, width: int) -> Floats:
    """The `width` principal directions (d, k), strongest first, each with its largest entry positive."""
    centred = (rows - mean).astype(np.float64)
    _, directions = np.linalg.eigh(centred.T @ centred)
    kept = directions[:, ::-1][:, :width]
    largest = np.abs(kept).argmax(axis=0)
    return np.asarray(kept * np.sign(kept[largest, np.arange(kept.shape[1])]), dtype=np.float32)
