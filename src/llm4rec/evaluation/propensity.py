"""Metrics that weigh an answer by how unlikely it was to be seen at all. Knows nothing of users, models or files.

What people took is what they were shown, and they are shown what is popular: answers are missing not at random. Under a
stated chance of being seen, p_i, each answer i stands for 1 / p_i (Yang et al., RecSys 2018; Schnabel et al., ICML 2016).
The sums are divided by the sum of weights over all questions (self-normalised: Swaminathan and Joachims 2015), so
that p is needed up to a factor only. What is unbiased is so under that p; nothing here can tell whether p is right.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from llm4rec.core import Numbers, Times
from llm4rec.core.sets import discount
from llm4rec.evaluation.names import Metric
from llm4rec.evaluation.places import Places

POWER = 0.5  # of popularity: Saito et al., WSDM 2020; (gamma + 1) / 2 in Yang et al. 2018 with gamma = 0


def inverse_propensity(counts: Numbers, items: int, power: float) -> Times:
    """1 / p of each item, (items,): p = ((taken + 1) / (most taken + 1)) ^ power, a power law of popularity.

    The one added is for items whose every event is held out.
    """
    taken = np.zeros(items)
    taken[: len(counts)] = counts[:items]
    return np.asarray(((taken.max(initial=0.0) + 1.0) / (taken + 1.0)) ** power)


def effective(weights: Times) -> float:
    """How many equal answers are as sure as these: (sum w)^2 / sum w^2 (Kish 1965)."""
    return float(weights.sum() ** 2 / max(float((weights**2).sum()), 1e-300))


def weights_of(targets: Sequence[Numbers], worth: Times) -> Times:
    """What each question counts, the sum over its answers, (questions,)."""
    return np.array([worth[np.unique(wanted)].sum() for wanted in targets])


def weighted(
    places: Places, targets: Sequence[Numbers], worth: Times, metrics: Sequence[Metric]
) -> dict[str, Times]:
    """Values of the weighted metrics by name, one a question; `targets` are distinct, in the order of the places.

    ips_recall: weights of the answers found over those of all. ips_ndcg: weights as gains, over the best order of them.
    Equal scores as in `metrics`: the expected value over their orders.
    """
    chosen = [m for m in metrics if m.rule.family == "weighted"]
    rows = np.repeat(np.arange(len(targets)), [len(t) for t in targets])
    gains = worth[np.concatenate(targets)] if chosen else np.zeros(0)
    found = {}
    for metric in chosen:
        k = metric.k or 0
        looked = discount(k) if metric.base == "ips_ndcg" else np.ones(k)
        running = np.concatenate([[0.0], np.cumsum(looked)])
        above, upto = (np.minimum(end, k) for end in (places.start, places.start + places.size))
        share = ((running[upto] - running[above]) / places.size)[places.group]
        best = _ideal(targets, worth, looked) if metric.base == "ips_ndcg" else weights_of(targets, worth)
        found[metric.name] = np.bincount(rows, gains * share, minlength=len(targets)) / best
    return found


def _ideal(targets: Sequence[Numbers], worth: Times, looked: Times) -> Times:
    """The weighted gain of the best order of each question's answers."""
    ordered = [np.sort(worth[wanted])[::-1][: len(looked)] for wanted in targets]
    return np.array([float(gains @ looked[: len(gains)]) for gains in ordered])
