"""How sure a figure is: paired bootstrap over people, intervals, p-values, Holm. Knows nothing of metrics.

Resamples draw people with replacement, all of a person's rows together (Efron and Tibshirani 1993; for
ranking metrics Sakai 2006). The same resamples serve every metric and model, so that differences are paired.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Times
from llm4rec.evaluation.samples import Sample

RESAMPLES = 10_000
LEVEL = 0.95
CHUNK_BYTES = 32 * 2**20


def resampled(people: int, resamples: int, rng: np.random.Generator) -> Iterator[Times]:
    """How often each person is drawn, (some resamples, people) at a time, within `CHUNK_BYTES`."""
    step = max(1, CHUNK_BYTES // (24 * max(people, 1)))
    for at in range(0, resamples, step):
        rows = min(step, resamples - at)
        drawn = rng.integers(0, people, size=(rows, people))
        drawn += np.arange(rows)[:, None] * people
        counts = np.bincount(drawn.ravel(), minlength=rows * people)
        yield counts.reshape(rows, people).astype(np.float64)


def bootstrap(samples: Sequence[Sample], rng: np.random.Generator, resamples: int = RESAMPLES) -> Times:
    """The metric of each sample in each resample, (resamples, samples); all samples over the same people."""
    totals = np.stack([s.totals for s in samples], axis=1)
    rows = np.stack([s.counts for s in samples], axis=1)
    if (rows == rows[:, :1]).all():
        rows = rows[:, :1]
    parts = [
        (counts @ totals) / np.maximum(counts @ rows, 1e-300)
        for counts in resampled(len(totals), resamples, rng)
    ]
    draws = np.concatenate(parts)
    root = np.array([s.root for s in samples])
    return np.where(root, np.sqrt(np.maximum(draws, 0.0)), draws)


def interval(draws: Times, level: float = LEVEL) -> tuple[float, float]:
    """Percentile interval of resampled values."""
    low, high = np.quantile(draws, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return float(low), float(high)


def centred_interval(value: float, draws: Times, level: float = LEVEL) -> tuple[float, float]:
    """Interval of a metric in [0, 1] that shrinks or grows under resampling (coverage, Gini).

    A resample holds fewer different people, hence always covers less; so the spread of the draws around their
    own mean is put around the value itself, and cut to [0, 1].
    """
    low, high = interval(draws - draws.mean() + value, level)
    return max(0.0, low), min(1.0, high)


def p_value(differences: Times) -> float:
    """Two-sided bootstrap p: how often resampled differences fall on the other side of zero, never quite 0."""
    resamples = len(differences)
    below, above = int((differences <= 0).sum()), int((differences >= 0).sum())
    return min(1.0, 2.0 * (1 + min(below, above)) / (1 + resamples))


def holm(p_values: Sequence[float] | NDArray[np.float64]) -> list[float]:
    """p-values corrected for being several (Holm 1979), in the order given."""
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    steps = np.minimum(1.0, p[order] * np.arange(len(p), 0, -1))
    result = np.empty(len(p))
    result[order] = np.maximum.accumulate(steps)
    return [float(value) for value in result]
