"""Metrics of lists that look at categories, histories or right answers. The formulas stand in `core.sets`.

Each is one value a question, (questions,), or None where the data have not what it takes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from llm4rec.core import Catalog, Dataset, Floats, Holdout, Labels, Numbers, Sparse, Times, labels
from llm4rec.core.sets import (
    divergence,
    effective_number,
    entropy,
    interest_shares,
    log_volume,
    primitive_lists,
    unexpected,
)
from llm4rec.evaluation.beyond import shown

FOREVER = 1e9  # events: a history does not fade
LAST = 50  # things of a history that a list is compared with


@dataclass(frozen=True, eq=False)
class Shelf:
    """What lists are judged by: the catalog with newcomers, what was fitted on, the questions, and unit item vectors."""

    catalog: Catalog
    train: Dataset
    holdout: Holdout
    units: Sparse | None

    @cached_property
    def labels(self) -> Labels:
        """Categories of items."""
        return labels(self.catalog)

    @cached_property
    def primitive(self) -> Numbers:
        """What popularity and neighbours would show, (questions, 20)."""
        histories = [request.history for request in self.holdout.requests]
        return primitive_lists(self.train.counts, self.train.matrix(), histories, 10)


def breadth(lists: Numbers, shelf: Shelf) -> Times | None:
    """Share of all categories that a list has (subtopic recall: Zhai et al. 2003)."""
    if not shelf.labels.matrix.nnz:
        return None
    has = shown(lists, len(shelf.catalog)) @ shelf.labels.matrix
    return np.asarray(np.diff(sparse.csr_matrix(has).indptr) / len(shelf.labels.names), dtype=np.float64)


def category_entropy(lists: Numbers, shelf: Shelf) -> Times | None:
    """Entropy in bits of the categories of a list, an item sharing itself out among its own."""
    if not shelf.labels.matrix.nnz:
        return None
    made = shown(lists, len(shelf.catalog)) @ shelf.labels.shares
    return entropy(np.asarray(made.todense(), dtype=np.float64))


def calibration(lists: Numbers, shelf: Shelf) -> Times | None:
    """KL of the categories of a list from those of the history (Steck 2018); 0 without a history."""
    if not shelf.labels.matrix.nnz:
        return None
    histories = [request.history for request in shelf.holdout.requests]
    wanted = interest_shares(histories, shelf.labels.shares, FOREVER)
    length = np.maximum((lists >= 0).sum(axis=1), 1)
    made = sparse.diags(1.0 / length) @ (shown(lists, len(shelf.catalog)) @ shelf.labels.shares)
    return np.asarray(divergence(_dense(wanted), _dense(made)), dtype=np.float64)


def _dense(matrix: Sparse) -> Floats:
    return np.asarray(matrix.todense(), dtype=np.float32)


def volume(lists: Numbers, shelf: Shelf) -> Times | None:
    """log det of the cosines of a list (Kulesza and Taskar 2012); 0 is as varied as can be."""
    return None if shelf.units is None else log_volume(_cosines(lists, shelf.units), lists >= 0)


def vendi(lists: Numbers, shelf: Shelf) -> Times | None:
    """How many different items a list is worth (Friedman and Dieng 2023), by cosines."""
    return None if shelf.units is None else effective_number(_cosines(lists, shelf.units), lists >= 0)


def _cosines(lists: Numbers, units: Sparse) -> Floats:
    """(questions, k, k), pair by pair; an item is 1 to itself, one without a vector 0 to the others."""
    k = lists.shape[1]
    result = np.zeros((*lists.shape, k), dtype=np.float32)
    columns = [units[np.maximum(lists[:, place], 0)] for place in range(k)]
    for one in range(k):
        result[:, one, one] = 1.0
        for other in range(one):
            both = (lists[:, one] >= 0) & (lists[:, other] >= 0)
            cosine = np.asarray(columns[one].multiply(columns[other]).sum(axis=1)).ravel() * both
            result[:, one, other] = result[:, other, one] = cosine
    return result


def distance(lists: Numbers, shelf: Shelf) -> Times | None:
    """Mean of 1 - cosine between the items of a list and the last things of the history (Vargas and Castells 2011)."""
    if shelf.units is None:
        return None
    liked = [request.history.liked[-LAST:] for request in shelf.holdout.requests]
    rows = np.repeat(np.arange(len(liked)), [len(one) for one in liked])
    columns = np.concatenate(liked) if liked else np.zeros(0, dtype=np.int64)
    weights = np.ones(len(rows)) / np.maximum(np.bincount(rows, minlength=len(liked)), 1)[rows]
    past = sparse.csr_matrix((weights, (rows, columns)), shape=(len(liked), shelf.units.shape[0]))
    length = np.maximum((lists >= 0).sum(axis=1), 1)
    listed = shown(lists, shelf.units.shape[0]) @ shelf.units
    near = np.asarray(listed.multiply(past @ shelf.units).sum(axis=1)).ravel() / length
    return np.asarray(np.where((lists >= 0).any(axis=1), 1.0 - near, 0.0))


def unexpectedness(lists: Numbers, shelf: Shelf) -> Times | None:
    """Share of a list that neither popularity nor item-kNN would show (Ge et al. 2010)."""
    found = unexpected(lists, shelf.primitive)
    return np.asarray(found.sum(axis=1) / np.maximum((lists >= 0).sum(axis=1), 1))


def serendipity(lists: Numbers, shelf: Shelf) -> Times | None:
    """Share of a list that is right and unexpected (Ge et al. 2010)."""
    right = np.array([np.isin(row, t) for row, t in zip(lists, shelf.holdout.targets, strict=True)])
    found = unexpected(lists, shelf.primitive) & right.reshape(lists.shape)
    return np.asarray(found.sum(axis=1) / np.maximum((lists >= 0).sum(axis=1), 1))


VARIETY: dict[str, Callable[[Numbers, Shelf], Times | None]] = {
    "breadth": breadth,
    "entropy": category_entropy,
    "calibration": calibration,
    "volume": volume,
    "vendi": vendi,
    "distance": distance,
    "unexpectedness": unexpectedness,
    "serendipity": serendipity,
}
