"""K-means in which no centre stays without rows. Plain linear algebra; knows nothing of items."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Numbers

Doubles: TypeAlias = NDArray[np.float64]
AT_ONCE = 2**22  # distances held in memory at a time
CROWD = 4.0  # times its fair share of rows from which a centre is parted
ALIKE = 1e-7  # rows closer than this, relative to their spread, are one row


def kmeans(rows: Doubles, size: int, rng: np.random.Generator, rounds: int = 25) -> Doubles:
    """At most `size` centres of `rows` (n, width), as (centres, width); fewer where fewer rows differ.

    Seeding by squared distance (Arthur & Vassilvitskii, SODA 2007), then Lloyd's rounds until nothing moves. A centre
    that lost its rows is put on the row farthest from its own centre, so that each is the nearest to some row. A
    centre with far more rows than others is parted in two, at the cost of the one with fewest: rows in many
    directions otherwise crowd around one centre near their mean, and the others keep a row each.
    """
    size = min(size, distinct(rows))
    centres = _seeds(rows, size, rng)
    own, _ = nearest(rows, centres)
    for _ in range(rounds):
        before = own
        centres = _parted(rows, own, _means(rows, own, centres))
        centres, own = refilled(rows, centres, *nearest(rows, centres))
        if np.array_equal(before, own):
            break
    return centres


def nearest(rows: Doubles, centres: Doubles) -> tuple[Numbers, Doubles]:
    """Number of the nearest centre of each row (the first among equals), and the squared distance; both (n,)."""
    own = np.zeros(len(rows), dtype=np.int64)
    gap = np.zeros(len(rows))
    for part in _parts(len(rows), len(centres)):
        apart = _squares(rows[part], centres)
        own[part] = apart.argmin(axis=1)
        gap[part] = apart.min(axis=1)
    return own, gap


def distinct(rows: Doubles) -> int:
    """How many rows differ by more than rounding; at least one."""
    spread = float(np.abs(rows).max(initial=0.0))
    if not len(rows) or spread == 0.0:
        return 1
    return len(np.unique(np.round(rows / (spread * ALIKE)), axis=0))


def _parts(rows: int, centres: int) -> Iterator[slice]:
    step = max(1, AT_ONCE // max(centres, 1))
    return (slice(at, at + step) for at in range(0, rows, step))


def _squares(rows: Doubles, centres: Doubles) -> Doubles:
    """Squared distances (rows, centres), never below zero."""
    lengths = np.einsum("ij,ij->i", rows, rows)[:, None] + np.einsum("ij,ij->i", centres, centres)
    return np.asarray(np.maximum(lengths - 2.0 * (rows @ centres.T), 0.0))


def _seeds(rows: Doubles, size: int, rng: np.random.Generator) -> Doubles:
    """Rows drawn one by one, each with a chance that grows with its squared distance to those drawn.

    Of a few draws the one is kept that brings all rows nearest ("greedy" in the paper's sense).
    """
    chosen = [int(rng.integers(len(rows)))]
    gap = _squares(rows, rows[chosen])[:, 0]
    draws = 2 + int(np.log(size))
    for _ in range(size - 1):
        total = np.cumsum(gap)
        places = np.searchsorted(total, rng.random(draws) * total[-1], side="right")
        places = np.minimum(places, len(rows) - 1)
        gaps = np.minimum(gap[:, None], _squares(rows, rows[places]))
        best = int(gaps.sum(axis=0).argmin())
        gap = gaps[:, best]
        chosen.append(int(places[best]))
    return rows[chosen].copy()


def _means(rows: Doubles, own: Numbers, centres: Doubles) -> Doubles:
    """The mean of the rows of each centre; one without rows stays."""
    counts = np.bincount(own, minlength=len(centres))
    order = np.argsort(own, kind="stable")
    starts = np.cumsum(counts) - counts
    held = counts > 0
    moved = centres.copy()
    moved[held] = np.add.reduceat(rows[order], starts[held], axis=0) / counts[held, None]
    return moved


def _parted(rows: Doubles, own: Numbers, centres: Doubles) -> Doubles:
    """The centres with each crowded one in two halves of its rows; those with the fewest rows give way."""
    counts = np.bincount(own, minlength=len(centres))
    order = np.argsort(-counts, kind="stable")
    crowded = order[counts[order] > CROWD * len(rows) / len(centres)]
    spare = order[::-1][: len(crowded)]
    moved = centres.copy()
    for full, free in zip(crowded.tolist(), spare.tolist(), strict=True):
        if counts[free] >= counts[full] / 2:
            break
        members = rows[own == full]
        around = members - members.mean(axis=0)
        along = around @ np.linalg.eigh(around.T @ around)[1][:, -1]
        upper = along > np.median(along)
        if upper.any():
            moved[full], moved[free] = members[~upper].mean(axis=0), members[upper].mean(axis=0)
    return moved


def refilled(rows: Doubles, centres: Doubles, own: Numbers, gap: Doubles) -> tuple[Doubles, Numbers]:
    """The same with every centre that has no rows put on the row that is farthest from its own centre."""
    # Each step brings some row nearer and none farther; as many steps as centres are enough but for ties.
    for _ in range(len(centres)):
        empty = np.flatnonzero(np.bincount(own, minlength=len(centres)) == 0)
        if not len(empty):
            break
        centres[empty[0]] = rows[int(gap.argmax())]
        closer = _squares(rows, centres[empty[:1]])[:, 0]
        won = closer < gap
        own, gap = np.where(won, empty[0], own), np.where(won, closer, gap)
    return centres, own
