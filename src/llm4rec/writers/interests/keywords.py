"""Keywords that tell a person apart: telling, relevant, and not all the same. Knows nothing of topics."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from llm4rec.core import Floats, Numbers, unit_rows
from llm4rec.writers.interests.topics import class_terms
from llm4rec.writers.terms import Terms

Read = Callable[[Sequence[str]], Floats]
"""Texts to vectors of the kind that items have."""
TRIED = 40
VARIETY = 0.3  # how much likeness to words already taken counts against a word
SEVERAL = 3  # items from which a word must stand in two of them
RARE = 3  # texts of a catalog that must have a word, of a small one fewer
SHARED = 4  # letters from which a word may have an ending
ENDING = 2  # letters of an ending


def telling(terms: Terms, weights: Floats, items: Numbers, most: int = TRIED) -> tuple[Numbers, Floats]:
    """The terms that tell most of a weighted set of items: numbers, and their c-TF-IDF scaled to at most 1.

    One class, the items of one person, stands beside the catalog: tf = sum_i w_i count_i. A word that only one of
    several items has is a name rather than an interest and is left out, as are words that hardly any text has.
    """
    row = sparse.csr_matrix((weights, (np.zeros(len(items), np.int64), items)), (1, terms.counts.shape[0]))
    found = class_terms(terms.counts, row)
    mine = np.unique(items[weights > 0])
    held = np.bincount(terms.counts[mine].indices, minlength=len(terms.names))[found.indices]
    usual = terms.texts[found.indices] >= min(RARE, terms.counts.shape[0] // 10)
    found.data = np.where((held >= min(2, 1 + len(mine) // SEVERAL)) & usual, found.data, 0.0)
    order = np.argsort(-found.data, kind="stable")[:most]
    order = order[found.data[order] > 0]
    top = float(found.data[order[0]]) if len(order) else 1.0
    return found.indices[order].astype(np.int64), (found.data[order] / top).astype(np.float32)


def diverse(
    terms: Terms, tried: Numbers, worth: Floats, n: int, vectors: tuple[Floats, Floats] | None = None
) -> list[int]:
    """Up to n places in `tried`, by maximal marginal relevance (Carbonell & Goldstein, SIGIR 1998).

    Relevance is `worth`, and the cosine with the person where `vectors` (terms, the person) are there. Likeness of two
    words is the cosine of their vectors or, without, of the items they stand in; forms of one word are alike.
    """
    if not len(tried):
        return []
    if vectors is None:
        columns = terms.weights[:, tried].tocsc()
        lengths = np.sqrt(np.asarray(columns.multiply(columns).sum(axis=0)).ravel())
        together = np.asarray((columns.T @ columns).todense(), dtype=np.float64)
        alike = together / np.maximum(np.outer(lengths, lengths), 1e-9)
        relevance = np.asarray(worth, dtype=np.float64)
    else:
        words = unit_rows(vectors[0])
        alike = np.asarray(words @ words.T, dtype=np.float64)
        near = words @ unit_rows(vectors[1][None, :])[0]
        relevance = np.asarray((worth + _scaled(near)) / 2.0, dtype=np.float64)
    names = [terms.names[int(i)] for i in tried]
    return _chosen(relevance, np.maximum(alike, _one_words(names)), n)


def _chosen(relevance: NDArray[np.float64], alike: NDArray[np.float64], n: int) -> list[int]:
    taken: list[int] = []
    for _ in range(min(n, len(relevance))):
        nearest = alike[:, taken].max(axis=1) if taken else np.zeros(len(relevance))
        marginal = (1.0 - VARIETY) * relevance - VARIETY * nearest
        marginal[(nearest >= 1.0 - 1e-6) & bool(taken)] = -np.inf  # the same word once more
        marginal[taken] = -np.inf
        best = int(marginal.argmax())
        if not np.isfinite(marginal[best]):
            break
        taken.append(best)
    return taken


def _scaled(values: Floats) -> Floats:
    spread = float(np.ptp(values))
    return (values - values.min()) / spread if spread > 0 else np.zeros_like(values)


def _one_words(names: Sequence[str]) -> NDArray[np.float64]:
    """1 where two words are forms of one, (names, names)."""
    return np.array([[float(one_word(first, second)) for second in names] for first in names])


def one_word(first: str, second: str) -> bool:
    """Whether two words are one, but for an ending of at most two letters ("vampire", "vampires")."""
    short, long = (first, second) if len(first) <= len(second) else (second, first)
    if len(short) < SHARED:
        return short == long
    return long.startswith(short) and len(long) - len(short) <= ENDING
