"""Metrics beyond accuracy: how broad, how rare and how varied lists are. Knows nothing of right answers.

Lists are item numbers (questions, k), best first, -1 padded.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

from llm4rec.core import Catalog, Floats, Numbers, Sparse, Times
from llm4rec.core.labels import KINDS, item_labels, ones

Exposure = Callable[[Times], Times]
SLICE_BYTES = 32 * 2**20


def shown(lists: Numbers, items: int) -> Sparse:
    """Which items stand in which list, (questions, items), ones."""
    rows, places = np.nonzero(lists >= 0)
    values = np.ones(len(rows), dtype=np.float32)
    return sparse.csr_matrix((values, (rows, lists[rows, places])), shape=(len(lists), items))


def coverage(exposure: Times) -> Times:
    """Share of the catalog that anybody was shown; `exposure` is (draws, items)."""
    return np.asarray((exposure > 0).mean(axis=1))


def gini(exposure: Times) -> Times:
    """Gini index of exposure over the catalog: 0 all alike, towards 1 all on one item; (draws, items) in."""
    n = exposure.shape[1]
    ordered = np.sort(exposure, axis=1)
    total = ordered.sum(axis=1)
    lean = (ordered * (2.0 * np.arange(1, n + 1) - n - 1)).sum(axis=1)
    return np.asarray(np.where(total > 0, lean / np.maximum(n * total, 1e-300), 0.0))


EXPOSURE: dict[str, Exposure] = {"coverage": coverage, "gini": gini}


def exposed(base: str, lists: Numbers, items: int, counts: Times | None = None) -> Times:
    """`coverage` or `gini` of lists; `counts` (draws, questions) says how often each list counts in a draw.

    Works on a few draws at a time, so that their exposure takes at most `SLICE_BYTES`.
    """
    matrix = shown(lists, items)
    weights = np.ones((1, len(lists))) if counts is None else counts
    step = max(1, SLICE_BYTES // (8 * max(items, 1)))
    parts = [
        EXPOSURE[base](np.asarray((matrix.T @ weights[at : at + step].T).T, dtype=np.float64))
        for at in range(0, len(weights), step)
    ]
    return np.concatenate(parts)


def novelty(lists: Numbers, rarities: Times) -> Times:
    """Mean rarity of the items of each list, (questions,); 0 for an empty list (Vargas and Castells 2011)."""
    there = lists >= 0
    values = np.where(there, rarities[np.maximum(lists, 0)], 0.0)
    return np.asarray(values.sum(axis=1) / np.maximum(there.sum(axis=1), 1))


def ild(lists: Numbers, vectors: Sparse | Floats) -> Times:
    """Intra-list diversity: mean of 1 - cosine over pairs of a list, (questions,); 0 below two items.

    `vectors` are (items, width); an item whose vector is zero is unlike every other. Pairs are never formed:
    the cosines of a list of unit vectors add up to (|sum|^2 - sum of |v|^2) / 2 (Ziegler et al. 2005).
    """
    units = unit(vectors)
    matrix = shown(lists, units.shape[0]).astype(np.float64)
    together = matrix @ units
    sums = together.multiply(together).sum(axis=1)
    alone = matrix @ np.asarray(units.multiply(units).sum(axis=1))
    length = np.asarray((lists >= 0).sum(axis=1), dtype=np.float64)
    pairs = np.maximum(length * (length - 1) / 2.0, 1.0)
    cosines = (np.asarray(sums).ravel() - np.asarray(alone).ravel()) / 2.0
    return np.where(length > 1, 1.0 - cosines / pairs, 0.0)


def unit(vectors: Sparse | Floats) -> Sparse:
    """Rows of length one, sparse float64; rows of zeros stay."""
    matrix = sparse.csr_matrix(vectors, dtype=np.float64)
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return sparse.csr_matrix(sparse.diags(1.0 / np.where(lengths > 0, lengths, 1.0)) @ matrix)


def content(catalog: Catalog) -> tuple[Sparse | None, str]:
    """Item vectors for `ild` that no model had a hand in, and what they are made of.

    Ones for every category and tag; where a catalog has neither, for every word of its texts; None where it
    has no words either.
    """
    names = [name for name, column in catalog.columns.items() if column.type in KINDS]
    if names:
        return item_labels(catalog, names)[0], ", ".join(names)
    words = [tuple(sorted(set(text.lower().split()))) for text in catalog.texts]
    return (ones(words)[0], "words of the texts") if any(words) else (None, "")
