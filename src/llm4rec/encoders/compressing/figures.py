"""How far vectors moved and what that costs. Plain arithmetic; knows nothing of encoders."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Floats, unit_rows

NEIGHBOURS = 10
ASKED = 1000  # rows whose neighbours are compared
DRAWN = 2000  # bootstrap samples
LEAST = 200  # questions, below which a change of half a percent cannot be told from chance at all


def drift(before: Floats, after: Floats) -> dict[str, float]:
    """One minus the cosine of each row with itself: mean, 99th percentile and largest."""
    lost = 1.0 - np.einsum("ij,ij->i", unit_rows(before), unit_rows(after), dtype=np.float64)
    lost = np.maximum(lost, 0.0)
    return {
        "mean": round(float(lost.mean()), 6),
        "p99": round(float(np.quantile(lost, 0.99)), 6),
        "worst": round(float(lost.max()), 6),
    }


def neighbours_kept(before: Floats, after: Floats) -> float:
    """Share of the ten nearest rows of a row that are still among its ten nearest, over at most 1,000 rows."""
    k = min(NEIGHBOURS, len(before) - 1)
    if k < 1:
        return 1.0
    asked = np.unique(np.linspace(0, len(before) - 1, min(ASKED, len(before))).astype(np.int64))
    first, second = _nearest(before, asked, k), _nearest(after, asked, k)
    return float(np.mean([len(np.intersect1d(a, b)) / k for a, b in zip(first, second, strict=True)]))


def _nearest(vectors: Floats, asked: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    rows = unit_rows(vectors)
    likeness = rows[asked] @ rows.T
    likeness[np.arange(len(asked)), asked] = -np.inf
    return np.asarray(np.argpartition(-likeness, k - 1, axis=1)[:, :k], dtype=np.int64)


def relative_change(before: NDArray[Any], after: NDArray[Any], seed: int) -> dict[str, float]:
    """Change of the mean gain as a share of the mean before, with its 95 % interval (bootstrap over questions)."""
    base = float(before.mean()) if len(before) else 0.0
    if base == 0.0:
        return {"change": 0.0, "low": 0.0, "high": 0.0}
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(before), (DRAWN, len(before)), dtype=np.int64)
    means = before[drawn].mean(axis=1)
    changes = (after - before)[drawn].mean(axis=1) / np.where(means > 0, means, base)
    low, high = np.quantile(changes, [0.025, 0.975])
    return {
        "change": round(float((after - before).mean()) / base, 6),
        "low": round(float(low), 6),
        "high": round(float(high), 6),
    }


def directions(vectors: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """All directions (width, width), the strongest first, and the share of the squared lengths that each holds.

    Not centred and not scaled: products of what is kept are as close as they can be to products of the whole
    (Eckart and Young 1936), and a whitening that comes later finds what it would have found.
    """
    rows = np.asarray(vectors, dtype=np.float64)
    strength, found = np.linalg.eigh(rows.T @ rows)
    order = np.argsort(-strength, kind="stable")
    strength, found = np.maximum(strength[order], 0.0), found[:, order]
    largest = np.abs(found).argmax(axis=0)
    found = found * np.sign(found[largest, np.arange(found.shape[1])])
    return found, strength / max(float(strength.sum()), 1e-30)
