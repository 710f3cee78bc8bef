"""Accuracy of rankings. Knows nothing of users, models or files.

Equal scores have no order: every metric is the exact expected value over random orders of equal scores, so
that a constant ranker scores what a random one does. Each function gives one value a question, (rows,).
For a group of `m` equal scores behind `g` others, `t` of them right, slots g+1 … g+c (c <= m) lie above the
cut: every slot is right with probability t/m, which is all that the linear metrics need.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from llm4rec.core import Numbers, Times
from llm4rec.evaluation.names import Metric
from llm4rec.evaluation.places import Places

Measure = Callable[[Places, int], Times]
EVERYTHING = int(np.iinfo(np.int32).max)


def _slots(places: Places, k: int) -> Numbers:
    """Slots of each group among the first k, (groups,)."""
    return np.clip(k - places.start, 0, places.size)


def _sums(places: Places, terms: Callable[[Times], Times], k: int) -> tuple[Times, Times]:
    """Running sums of a term a rank, before each group and up to its last slot among the first k."""
    longest = int((places.start + places.size).max(initial=0))
    running = np.concatenate([[0.0], np.cumsum(terms(np.arange(1, longest + 1, dtype=np.float64)))])
    return running[places.start], running[places.start + _slots(places, k)]


def _discount(rank: Times) -> Times:
    return np.asarray(1.0 / np.log2(rank + 1.0))


def _reciprocal(rank: Times) -> Times:
    return np.asarray(1.0 / rank)


def _hits(places: Places, k: int) -> Times:
    """Right answers expected among the first k."""
    return places.total(places.hits * _slots(places, k) / places.size)


def recall(places: Places, k: int) -> Times:
    """Share of the right answers among the first k."""
    return _hits(places, k) / places.targets


def precision(places: Places, k: int) -> Times:
    """Share of the first k that is right; k counts in full even where there are fewer candidates."""
    return _hits(places, k) / k


def f1(places: Places, k: int) -> Times:
    """Harmonic mean of precision and recall, 2h / (k + targets): linear in the hits h, hence exact."""
    return 2.0 * _hits(places, k) / (k + places.targets)


def hr(places: Places, k: int) -> Times:
    """Whether any right answer is among the first k.

    Only the highest group can be cut: none of its t right ones falls into c of its m slots with probability
    C(m-t, c) / C(m, c).
    """
    first = places.first
    m, t = places.size[first].astype(float), places.hits[first].astype(float)
    c = _slots(places, k)[first].astype(float)
    room = np.maximum(m - t - c, 0.0)
    none = np.exp(gammaln(m - t + 1) + gammaln(m - c + 1) - gammaln(room + 1) - gammaln(m + 1))
    found = np.where(m - t < c, 1.0, 1.0 - none)
    return np.asarray(np.where(c == 0, 0.0, np.where(t == 1, c / m, found)))


def ndcg(places: Places, k: int) -> Times:
    """Normalised discounted cumulative gain, binary gains, discount 1 / log2(rank + 1).

    The ideal list holds min(k, targets) right answers (Järvelin and Kekäläinen 2002).
    """
    above, upto = _sums(places, _discount, k)
    gained = places.total(places.hits / places.size * (upto - above))
    most = np.minimum(places.targets, k)
    ideal = np.cumsum(_discount(np.arange(1, most.max(initial=0) + 1, dtype=np.float64)))
    return np.asarray(gained / ideal[most - 1])


def mrr(places: Places, k: int) -> Times:
    """One over the rank of the first right answer, 0 where it lies beyond k."""
    first = places.first
    above, upto = (side[first] for side in _sums(places, _reciprocal, k))
    result = (upto - above) / places.size[first]
    several = np.flatnonzero(places.hits[first] > 1)
    chosen = first[several]
    result[several] = _first_of_several(
        places.start[chosen], places.size[chosen], places.hits[chosen], _slots(places, k)[chosen]
    )
    return np.asarray(result)


def _first_of_several(g: Numbers, m: Numbers, t: Numbers, c: Numbers) -> Times:
    """Sum over j <= c of P(first right one at slot j) / (g + j), with P(j) = C(m-j, t-1) / C(m, t).

    P(1) = t/m and P(j+1) = P(j) (m-j-t+1) / (m-j): no factorials, zero of itself beyond slot m-t+1.
    """
    chance, result = t / m, np.zeros(len(g))
    for j in range(1, int(c.max(initial=0)) + 1):
        result += np.where(j <= c, chance, 0.0) / (g + j)
        chance = chance * np.maximum(m - j - t + 1, 0) / np.maximum(m - j, 1)
        if chance.max() < 1e-15:
            break
    return result


def average_precision(places: Places, k: int) -> Times:
    """Precision at the rank of each right answer among the first k, over min(k, targets).

    A right answer at slot j of its group has R right ones in groups above and (j-1)(t-1)/(m-1) expected in its
    own, so its precision is (A + B(j-1)) / (g+j) with A = R+1 and B = (t-1)/(m-1), and
    the sum over c slots is B c + (A - B - B g)(H(g+c) - H(g)), H being harmonic numbers.
    """
    above, upto = _sums(places, _reciprocal, k)
    a, b = places.before + 1.0, (places.hits - 1.0) / np.maximum(places.size - 1, 1)
    inside = b * _slots(places, k) + (a - b - b * places.start) * (upto - above)
    return places.total(places.hits / places.size * inside) / np.minimum(places.targets, k)


def auc(places: Places, k: int = EVERYTHING) -> Times:
    """Chance that a right answer stands above a wrong one, ties half; 0.5 where nothing is wrong."""
    del k
    wrong = places.candidates - places.targets
    above = places.start - places.before
    tied = places.size - places.hits
    beaten = places.total(places.hits * (wrong[places.row] - above - 0.5 * tied))
    return np.asarray(np.where(wrong > 0, beaten / np.maximum(places.targets * wrong, 1), 0.5))


MEASURES: dict[str, Measure] = {
    "hr": hr,
    "recall": recall,
    "precision": precision,
    "f1": f1,
    "ndcg": ndcg,
    "mrr": mrr,
    "map": average_precision,
    "auc": auc,
}


def accuracy(places: Places, metrics: Sequence[Metric]) -> dict[str, NDArray[np.float64]]:
    """Values of those of the metrics that look at places, by name, one a question."""
    return {
        m.name: MEASURES[m.base](places, EVERYTHING if m.k is None else m.k)
        for m in metrics
        if m.rule.family == "places"
    }
