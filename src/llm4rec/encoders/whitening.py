"""Whitening: vectors shifted to mean zero and spread evenly in every direction that is kept. Plain linear algebra.

Sentence vectors crowd into a narrow cone, where everything resembles everything; whitened, cosines mean something.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import DataError, Encoder, Floats, SettingsError, unit_rows

Doubles: TypeAlias = NDArray[np.float64]
ROWS_AT_ONCE = 16_384


@dataclass(frozen=True, eq=False)
class Whitening:
    """A shift by `mean` (d,) and a product with `matrix` (d, k). Rows of zeros (empty texts) stay zero."""

    mean: Floats
    matrix: Floats

    @property
    def width(self) -> int:
        """Columns kept: at most those asked for, at most the rank of what it was fitted on."""
        return int(self.matrix.shape[1])

    @classmethod
    def fit(cls, vectors: Floats, width: int, shrink: float | None = None) -> Self:
        """Learn from the rows that are not zero; the strongest min(width, rank) directions are kept.

        `shrink` (0 to 1) draws the spread of the directions kept towards their average: 0 is plain whitening,
        1 only centres. None is directions over rows, so that a handful of rows, which plain whitening would
        put at equal distances from each other, is hardly more than centred, and thousands are whitened.
        Rows that do not differ at all teach nothing: vectors then pass unchanged but for their length.
        """
        _check(vectors, width, shrink)
        rows = vectors[np.any(vectors != 0, axis=1)]
        mean = rows.mean(axis=0, dtype=np.float64) if len(rows) else np.zeros(vectors.shape[1])
        spread, directions = np.linalg.eigh(_covariance(rows, mean))
        keep = _strongest(spread, width, float(mean @ mean))
        if len(keep) == 0:
            return cls(np.zeros(vectors.shape[1], np.float32), np.eye(vectors.shape[1], dtype=np.float32))
        amount = min(1.0, len(keep) / len(rows)) if shrink is None else shrink
        evened = (1 - amount) * spread[keep] + amount * spread[keep].mean()
        matrix = _signed(directions[:, keep]) / np.sqrt(evened)
        return cls(mean.astype(np.float32), matrix.astype(np.float32))

    def project(self, vectors: Floats) -> Floats:
        """(rows, width) float32 of spread one in every direction; not scaled to length one."""
        centred = (vectors - self.mean) @ self.matrix
        centred[~np.any(vectors != 0, axis=1)] = 0.0
        return np.asarray(centred, dtype=np.float32)

    def transform(self, vectors: Floats) -> Floats:
        """(rows, width) float32, rows of length one, so that a product is a cosine."""
        return unit_rows(self.project(vectors))

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays, enough for `from_state`."""
        return {"mean": self.mean, "matrix": self.matrix}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """What `state` was taken from."""
        return cls(np.asarray(state["mean"], np.float32), np.asarray(state["matrix"], np.float32))

    def digest(self) -> str:
        """A fingerprint of its numbers."""
        parts = (np.ascontiguousarray(part, dtype="<f4").tobytes() for part in (self.mean, self.matrix))
        return hashlib.sha256(b"".join(parts)).hexdigest()


class WhitenedEncoder:
    """`encoder`, whitened. Put the cache inside, not outside: whitening costs less than looking up."""

    def __init__(self, encoder: Encoder, whitening: Whitening) -> None:
        self.encoder = encoder
        self.whitening = whitening

    @property
    def name(self) -> str:
        """The encoder's, what is kept, and a fingerprint of the whitening."""
        return f"{self.encoder.name}+white{self.width}-{self.whitening.digest()[:12]}"

    @property
    def width(self) -> int:
        """Directions kept."""
        return self.whitening.width

    def encode(self, contents: Sequence[str]) -> Floats:
        """(len(contents), width) float32, rows of length one; zero rows of the encoder stay zero.

        SettingsError where the whitening was fitted on vectors of another width: not before, because an encoder
        may have to be loaded to know its width.
        """
        vectors = self.encoder.encode(contents)
        if vectors.shape[1] != len(self.whitening.mean):
            raise SettingsError(
                f"whitening for vectors of {len(self.whitening.mean)} numbers does not fit encoder "
                f"{self.encoder.name!r}, which gives {vectors.shape[1]}; fit it on vectors of this encoder"
            )
        return self.whitening.transform(vectors)


def _check(vectors: Floats, width: int, shrink: float | None) -> None:
    if width < 1:
        raise SettingsError(f"whitening to width {width} keeps nothing; give 1 or more")
    if shrink is not None and not 0.0 <= shrink <= 1.0:
        raise SettingsError(
            f"whitening: shrink = {shrink} is not between 0 and 1; leave it None to have it chosen"
        )
    if vectors.ndim != 2 or not np.isfinite(vectors).all():
        raise DataError(f"whitening needs a (rows, width) table of finite numbers, not shape {vectors.shape}")


def _covariance(rows: Floats, mean: Doubles) -> Doubles:
    """(d, d), taken in pieces: the rows may be millions."""
    total = np.zeros((len(mean), len(mean)))
    for start in range(0, len(rows), ROWS_AT_ONCE):
        part = rows[start : start + ROWS_AT_ONCE].astype(np.float64) - mean
        total += part.T @ part
    return total / max(len(rows), 1)


def _strongest(spread: Doubles, width: int, offset: float) -> NDArray[np.intp]:
    """Places of the largest variances, strongest first; rounding noise of float32 is not among them.

    `offset` is the squared length of the mean: rows that differ by less than it can resolve do not differ.
    """
    noise = (len(spread) * float(np.finfo(np.float32).eps)) ** 2
    order = np.argsort(-spread, kind="stable")[:width]
    return order[spread[order] > noise * max(float(spread.max(initial=0.0)), offset)]


def _signed(directions: Doubles) -> Doubles:
    """Each direction turned so that its largest entry is positive: libraries differ in signs."""
    largest = np.abs(directions).argmax(axis=0)
    return np.asarray(directions * np.sign(directions[largest, np.arange(directions.shape[1])]))
