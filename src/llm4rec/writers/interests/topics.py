"""Topics of a catalog: items that lie close together, with labels that can be read. Knows nothing of people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from llm4rec.core import Catalog, ColumnType, Floats, Numbers, Sparse
from llm4rec.core.catalog import TITLE
from llm4rec.writers.terms import Terms

Cluster = Callable[[NDArray[np.float64], int, np.random.Generator], NDArray[np.float64]]
"""Rows, how many, a source of chance: centres."""
MOST, FEWEST = 40, 2
SAMPLE = 20_000  # items from which centres are found
USUAL = 0.12  # share of a topic's items that have a word of its label
LABEL = 3  # words of a label
HALF = 0.5  # share of a topic's items that have the value it is named after


@dataclass(frozen=True, eq=False)
class Topics:
    """`of` (items,): the topic of each item; `labels` by topic, all different."""

    of: Numbers
    labels: tuple[str, ...]


def find_topics(catalog: Catalog, vectors: Floats, terms: Terms, cluster: Cluster) -> Topics:
    """Topics of all items: as many as the square root of half of them, between 2 and 40.

    Each is named after a value of an attribute that half of its items have and few others, and after the words that
    tell most of it by c-TF-IDF (Grootendorst 2022, eq. 2): tf of the topic x log(1 + words a topic / tf of all).
    """
    size = int(np.clip(round((len(catalog) / 2) ** 0.5), FEWEST, MOST))
    rng = np.random.default_rng(0)
    rows = vectors.astype(np.float64)
    sample = rows if len(rows) <= SAMPLE else rows[np.sort(rng.choice(len(rows), SAMPLE, replace=False))]
    centres = cluster(sample, size, rng)
    own = np.argmin(np.einsum("ij,ij->i", centres, centres) - 2.0 * (rows @ centres.T), axis=1)
    own = np.unique(own, return_inverse=True)[1].astype(np.int64)
    return Topics(own, _labels(catalog, own, terms))


def class_terms(counts: Sparse, classes: Sparse) -> Sparse:
    """c-TF-IDF (classes, terms) of item counts (items, terms) summed by `classes` (classes, items)."""
    summed = sparse.csr_matrix(classes @ counts)
    usual = float(counts.sum()) / max(classes.shape[0], 1)
    held = np.maximum(np.asarray(counts.sum(axis=0)).ravel(), 1.0)
    return sparse.csr_matrix(summed.multiply(np.log1p(usual / held)[None, :]), dtype=np.float32)


def _labels(catalog: Catalog, own: Numbers, terms: Terms) -> tuple[str, ...]:
    size = int(own.max(initial=0)) + 1
    members = sparse.csr_matrix((np.ones(len(own), np.float32), (own, np.arange(len(own)))), (size, len(own)))
    telling = class_terms(terms.counts, members)
    named = _named_after(catalog, own, size)
    labels: list[str] = []
    for topic in range(size):
        row = telling[topic]
        shared = np.bincount(terms.counts[own == topic].indices, minlength=len(terms.names))[row.indices]
        often = shared >= max(2, USUAL * np.count_nonzero(own == topic))
        order = np.lexsort((-row.data, ~often))  # words of one item of many are names rather than subjects
        words = [terms.names[i] for i in row.indices[order]]
        labels.append(_label(named[topic], words, labels))
    return tuple(labels)


def _label(value: str, words: Sequence[str], taken: Sequence[str]) -> str:
    """ "Sea: ship / voyage", with as many more words as it takes to differ from the labels before."""
    fresh = [word for word in words if word not in value.lower()]
    for more in range(LABEL, LABEL + len(fresh) + 1):
        listed = " / ".join(fresh[: more - bool(value)])
        label = f"{value}: {listed}" if value and listed else value or listed
        if label and label not in taken:
            return label
    return f"{value or 'topic'} {len(taken) + 1}"


def _named_after(catalog: Catalog, own: Numbers, size: int) -> list[str]:
    """For each topic the attribute value that most tells it apart, "" where half of its items share none."""
    best = [(0.0, "")] * size
    held = np.bincount(own, minlength=size)
    for name, column in catalog.columns.items():
        if column.type not in (ColumnType.CATEGORY, ColumnType.TAGS) or name == TITLE:
            continue
        counts: dict[str, NDArray[np.int64]] = {}
        for topic, value in zip(own.tolist(), column.values, strict=True):
            for one in value if isinstance(value, tuple) else ((value,) if value else ()):
                counts.setdefault(str(one), np.zeros(size, np.int64))[topic] += 1
        for value, by_topic in counts.items():
            share = by_topic / np.maximum(held, 1)
            lift = share * len(own) / max(int(by_topic.sum()), 1)
            for topic in np.flatnonzero((share >= HALF) & (lift >= 2.0)).tolist():
                best[topic] = max(best[topic], (float(share[topic] * np.log(lift[topic])), value))
    return [value for _, value in best]
