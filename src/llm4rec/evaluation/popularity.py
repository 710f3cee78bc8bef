"""How far lists lean towards what many people take. Knows nothing of scores.

Popularity of an item is the share of the people of the training part who took it; head, middle and tail are those of
`core.sets.popularity_groups`. Each is one value a question, (questions,), or None where the data have not what it takes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

from llm4rec.core import Numbers, Sparse, Times
from llm4rec.core.sets import popularity_groups
from llm4rec.evaluation.beyond import shown
from llm4rec.evaluation.variety import Shelf

HEAD, MIDDLE, TAIL = 0, 1, 2


def taken(shelf: Shelf) -> Numbers:
    """How many people took each item, (items,); newcomers were taken by nobody."""
    counts = np.zeros(len(shelf.catalog), dtype=np.int64)
    counts[: len(shelf.train.counts)] = shelf.train.counts
    return counts


def popularity(lists: Numbers, shelf: Shelf) -> Times:
    """Average recommendation popularity: mean popularity of the items of a list (Yin et al. 2012; Abdollahpouri et al. 2019)."""
    return _mean(shown(lists, len(shelf.catalog)), _shares(shelf))


def tail_share(lists: Numbers, shelf: Shelf) -> Times:
    """Share of a list that lies in the long tail: the least taken items that have a fifth of all events together (Abdollahpouri et al. 2019)."""
    tail = popularity_groups(taken(shelf)) == TAIL
    return _mean(shown(lists, len(shelf.catalog)), tail.astype(np.float64))


def lift(lists: Numbers, shelf: Shelf) -> Times | None:
    """Mean popularity of a list less that of the history (the difference of Abdollahpouri et al. 2019); 0 without a history."""
    past = _past(shelf)
    known = np.diff(past.indptr) > 0
    if not known.any():
        return None
    shares = _shares(shelf)
    ahead = _mean(shown(lists, len(shelf.catalog)), shares) - _mean(past, shares)
    return np.where(known, ahead, 0.0)


def deviation(lists: Numbers, shelf: Shelf) -> Times | None:
    """Jensen-Shannon divergence in bits of a list's shares of head, middle and tail from those of the history.

    User popularity deviation (Abdollahpouri et al., UMAP 2021): 0 as the history is made, 1 nothing in common; 0 without one.
    """
    past = _past(shelf)
    known = np.diff(past.indptr) > 0
    if not known.any():
        return None
    groups = np.eye(3)[popularity_groups(taken(shelf))]
    sides = [_mean(rows, groups) for rows in (past, shown(lists, len(shelf.catalog)))]
    middle = (sides[0] + sides[1]) / 2.0
    apart = sum(_kl(side, middle) for side in sides) / 2.0
    return np.where(known, apart, 0.0)


def opportunity(lists: Numbers, shelf: Shelf) -> Times | None:
    """Recall of right answers in the head less that of right answers in the tail; None where either has none.

    Popularity-opportunity bias (Zhu et al., WSDM 2021): whether a liked item is found less often because few took it. The mean
    over questions is the difference over all answers; both numbers of answers stand still when people are drawn again.
    """
    groups = popularity_groups(taken(shelf))
    targets = [np.unique(t) for t in shelf.holdout.targets]
    answers = np.bincount(groups[np.concatenate(targets)], minlength=3)
    if not answers[HEAD] or not answers[TAIL]:
        return None
    worth = np.zeros(3)
    worth[HEAD], worth[TAIL] = len(lists) / answers[HEAD], -len(lists) / answers[TAIL]
    found = [t[np.isin(t, row)] for t, row in zip(targets, lists, strict=True)]
    return np.array([worth[groups[hits]].sum() for hits in found])


def _shares(shelf: Shelf) -> Times:
    people = len(np.unique(shelf.train.interactions.users))
    return np.asarray(taken(shelf) / max(people, 1), dtype=np.float64)


def _past(shelf: Shelf) -> Sparse:
    """What each question's history holds, (questions, items), ones."""
    liked = [np.unique(r.history.liked) for r in shelf.holdout.requests]
    liked = [items[items < len(shelf.catalog)] for items in liked]
    rows = np.repeat(np.arange(len(liked)), [len(one) for one in liked])
    columns = np.concatenate(liked) if liked else np.zeros(0, dtype=np.int64)
    shape = (len(liked), len(shelf.catalog))
    return sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)


def _mean(rows: Sparse, values: Times) -> Times:
    """Mean of the values of the items of each row, 0 for an empty row."""
    sizes = np.maximum(np.diff(rows.indptr), 1).reshape(-1, *[1] * (values.ndim - 1))
    return np.asarray((rows @ values) / sizes, dtype=np.float64)


def _kl(one: Times, other: Times) -> Times:
    ratio = np.where(one > 0, one, 1.0) / np.where(one > 0, other, 1.0)
    return np.asarray((one * np.log2(ratio)).sum(axis=1))


POPULARITY: dict[str, Callable[[Numbers, Shelf], Times | None]] = {
    "arp": popularity,
    "tail": tail_share,
    "lift": lift,
    "deviation": deviation,
    "opportunity": opportunity,
}
