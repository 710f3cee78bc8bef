"""Likeness of items by what they say, as features: an exponential kernel on a sample of items. Knows no users.

Sources: Matérn kernel of order 1/2 (Rasmussen & Williams 2006, eq. 4.18); Williams & Seeger, "Using the Nyström
Method to Speed Up Kernel Machines", NIPS 2000.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from llm4rec.core import Floats, Sparse

LANDMARKS = 1_500  # items that the others are compared with; up to so many the kernel is exact
BLOCK = 2_048
JITTER = 1e-4
ROUNDING = np.float32(1e-5)


@dataclass(frozen=True, eq=False)
class Kernel:
    """k(a, b) = exp(-|a - b| / scale) among items, scale = the median distance of the landmarks."""

    landmarks: Floats
    scale: float
    root: Floats

    @classmethod
    def of(cls, content: Sparse) -> Kernel:
        """The kernel of these items' content; the landmarks are spread evenly over them."""
        size = content.shape[0]
        places = np.linspace(0, size - 1, min(size, LANDMARKS)).round().astype(np.int64)
        landmarks = content[places].toarray()
        apart = distances(landmarks, landmarks)
        scale = float(np.median(apart[~np.eye(len(apart), dtype=bool)])) if len(apart) > 1 else 1.0
        scale = scale if scale > 0 else 1.0
        likeness = np.exp(-apart.astype(np.float64) / scale)
        likeness[np.diag_indices_from(likeness)] = 1.0 + JITTER
        return cls(landmarks, scale, linalg.cholesky(likeness, lower=True).astype(np.float32))

    def features(self, content: Sparse) -> Floats:
        """(items, landmarks): products of rows are the kernel, exactly so between landmarks."""
        features = np.empty((content.shape[0], len(self.root)), np.float32)
        for start in range(0, len(features), BLOCK):
            rows = slice(start, start + BLOCK)
            likeness = np.exp(-distances(self.landmarks, content[rows].toarray()) / np.float32(self.scale))
            features[rows] = linalg.solve_triangular(
                self.root, likeness, lower=True, overwrite_b=True, check_finite=False
            ).T
        return features


def distances(one: Floats, other: Floats) -> Floats:
    """Euclidean distances between rows; shape (one, other)."""
    lengths, others = (np.einsum("ij,ij->i", side, side) for side in (one, other))
    both = lengths[:, None] + others
    squares = both - np.float32(2.0) * (one @ other.T)
    squares[squares < ROUNDING * both] = 0.0  # the same content twice, whatever the order of the sums
    return np.asarray(np.sqrt(squares, out=squares))
