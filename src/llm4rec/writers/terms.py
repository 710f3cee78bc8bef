"""Words of item texts and how much they tell: counts, rarity, likeness. Knows nothing of people and of vectors."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from functools import cached_property

import numpy as np
from scipy import sparse

from llm4rec.core import Floats, Numbers, Sparse

WORD = re.compile(r"[^\W\d_](?:[^\W\d_]|['’-](?=[^\W\d_]))+")
HAN = re.compile(r"[\u4e00-\u9fff]+")
SHORTEST = 3  # letters of a word that tells something


def words_of(text: str, stop: Collection[str] = frozenset()) -> list[str]:
    """Words in small letters, without `stop` words and short ones; of Chinese, every two characters in a row."""
    found = []
    for word in WORD.findall(text):
        runs = HAN.findall(word)
        if runs:
            found += [run[at : at + 2] for run in runs for at in range(max(len(run) - 1, 1))]
        elif len(word) >= SHORTEST and (low := word.lower().replace("’", "'")) not in stop:
            found.append(low.removesuffix("'s"))
    return [word for word in found if word not in stop]


class Terms:
    """The words of texts: `counts` (texts, terms), `names` of terms. A word that stands in one text only is kept."""

    def __init__(self, texts: Sequence[str], stop: Collection[str]) -> None:
        places: dict[str, int] = {}
        columns: list[int] = []
        bounds = [0]
        for text in texts:
            columns += [places.setdefault(word, len(places)) for word in words_of(text, stop)]
            bounds.append(len(columns))
        self.names = tuple(places)
        self.places = places
        shape = (len(texts), len(places))
        ones = np.ones(len(columns), np.float32)
        self.counts: Sparse = sparse.csr_matrix((ones, np.array(columns, np.int32), bounds), shape=shape)
        self.counts.sum_duplicates()

    @cached_property
    def texts(self) -> Numbers:
        """(terms,): how many texts have each."""
        return np.bincount(self.counts.indices, minlength=len(self.names)).astype(np.int64)

    @cached_property
    def rarity(self) -> Floats:
        """(terms,): log of how few texts have each."""
        return np.asarray(np.log((1.0 + self.counts.shape[0]) / (1.0 + self.texts)), dtype=np.float32)

    @cached_property
    def weights(self) -> Sparse:
        """(texts, terms): (1 + log count) x rarity, rows of length one."""
        found = self.counts.copy()
        found.data = (1.0 + np.log(found.data)) * self.rarity[found.indices]
        lengths = np.sqrt(np.asarray(found.multiply(found).sum(axis=1)).ravel())
        scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
        return sparse.csr_matrix(sparse.diags(scale) @ found, dtype=np.float32)

    def directions(self, most: int = 64) -> Floats:
        """(texts, width): where each text lies along the directions in which texts differ most (latent semantics)."""
        from scipy.sparse.linalg import svds

        width = min(most, min(self.weights.shape) - 1)
        if width < 1:
            return np.ones((self.weights.shape[0], 1), np.float32)
        start = np.full(min(self.weights.shape), 1.0)
        left, sizes, _ = svds(self.weights.astype(np.float64), k=width, v0=start)
        order = np.argsort(-sizes)
        return np.asarray(left[:, order] * sizes[order], dtype=np.float32)

    def near(self, text: int, others: Numbers, most: int = 3) -> tuple[int, float, tuple[str, ...]]:
        """Which of `others` shares most with a text: its number (-1: none), their cosine, and the words that tell most."""
        row = self.weights[text]
        likeness = np.asarray((self.weights[others] @ row.T).todense()).ravel()
        if not len(likeness) or likeness.max() <= 0.0:
            return -1, 0.0, ()
        best = int(likeness.argmax())
        both = row.multiply(self.weights[int(others[best])]).tocsr()
        order = np.argsort(-both.data, kind="stable")[:most]
        return int(others[best]), float(likeness[best]), tuple(self.names[i] for i in both.indices[order])
