"""A linear model on the words of a text, beside a head that gives labels: what is rare in speech counts. Knows no network.

Word counts and a fine-tuned encoder err on different texts, so that both together are better than either (Wang and Manning,
ACL 2012, for the strength of the first). How far the words are followed is chosen on held-out texts; it may be not at all.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from llm4rec.core import Floats, FolderError, Sparse
from llm4rec.core.languages import words_of
from llm4rec.encoders.adapting.config import Task
from llm4rec.encoders.adapting.examples import Examples

FILE = "words.safetensors"
PLACES = 2**17
"""Words and pairs of words are hashed to so many columns: no word of anybody is kept."""
STRENGTHS = (1.0, 10.0, 100.0)
TRUST = (0.125, 0.25, 0.5, 0.75, 1.0)
"""What the network's log-chances may count: a network that has learnt for long is surer than it should be."""
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5)
"""What those of the words may count."""
MOST = 50_000
GAIN = 1e-3
"""Log-loss that words must save to be followed at all."""
LEAST = 20
"""Held-out texts below which nothing can be chosen."""


@dataclass(frozen=True, eq=False)
class Words:
    """How much log-chances count, the network's by `trust`, its own by `share`; `weights` (labels, PLACES) and `biases`
    (labels,); `rarity` (PLACES,) of columns."""

    trust: float
    share: float
    rarity: Floats
    weights: Floats
    biases: Floats

    def chances(self, texts: Sequence[str]) -> Floats:
        """(texts, labels), rows sum to one: what the words alone say."""
        said = _rows(texts, self.rarity) @ self.weights.T + self.biases
        said = np.exp(said - said.max(axis=1, keepdims=True))
        return np.asarray(said / said.sum(axis=1, keepdims=True), dtype=np.float32)

    def beside(self, texts: Sequence[str], chances: Floats) -> Floats:
        """What the network gives for these texts (texts, labels) and what the words say, as one."""
        return mixed(chances, self.chances(texts), (self.trust, self.share))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All of it as arrays, for a file."""
        return {
            "counts": np.array([self.trust, self.share], np.float32),
            "rarity": self.rarity,
            "weights": self.weights,
            "biases": self.biases,
        }

    @classmethod
    def of_arrays(cls, found: dict[str, NDArray[Any]]) -> Self:
        """What `arrays` gave; KeyError or ValueError where it is something else."""
        trust, share = found["counts"].tolist()
        words = cls(trust, share, found["rarity"], found["weights"], found["biases"])
        if words.rarity.shape != (PLACES,) or words.weights.shape != (len(words.biases), PLACES):
            raise ValueError(f"weights of shape {words.weights.shape}, rarity of {words.rarity.shape}")
        return words


def write(folder: Path, words: Mapping[Task, Words]) -> None:
    """The words of all tasks to one file; none where no task follows any."""
    if words:
        save_file(
            {f"{task}.{name}": value for task, own in words.items() for name, value in own.arrays().items()},
            folder / FILE,
        )


def read(folder: Path, task: Task) -> Words | None:
    """What `write` wrote for a task; None where nothing. FolderError where the file is damaged."""
    file = folder / FILE
    if not file.is_file():
        return None
    try:
        found = load_file(file)
        own = {name.partition(".")[2]: value for name, value in found.items() if name.startswith(f"{task}.")}
        return Words.of_arrays(own) if own else None
    except (SafetensorError, KeyError, ValueError) as error:
        raise FolderError(f"{file} is damaged ({error}); adapt the encoder anew") from error


def mixed(first: Floats, second: Floats, counts: tuple[float, float]) -> Floats:
    """(rows, labels) chances in proportion to first^a second^b, counts = (a, b): a logarithmic pool (Genest and Zidek 1986)."""
    a, b = (
        count * np.log(np.maximum(part, 1e-9)) for count, part in zip(counts, (first, second), strict=True)
    )
    logs = a + b
    found = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(found / found.sum(axis=1, keepdims=True), dtype=np.float32)


def learnt_beside(examples: Examples, held: NDArray[np.int64], chances: Floats) -> Words | None:
    """The words of the examples that are learnt from, counting as much as answers the `held` rows best.

    `chances` are the network's for those rows. Best is the least log-loss with every label weighing the same. None where too
    little is held out to choose, or where the network alone is best.
    """
    if len(held) < LEAST or examples.targets is None:
        return None
    rows = np.sort(np.random.default_rng(0).permutation(np.flatnonzero(~examples.held))[:MOST])
    rarity = _rarity([examples.texts[n] for n in examples.left[rows, 0]])
    table = _rows([examples.texts[n] for n in examples.left[rows, 0]], rarity)
    asked = [examples.texts[n] for n in examples.left[held, 0]]
    truth = examples.targets[held]
    alone = min(_loss(mixed(chances, chances, (trust, 0.0)), truth) for trust in TRUST)
    best: tuple[float, Words | None] = (alone - GAIN, None)
    for strength in STRENGTHS:
        words = _fitted(table, examples.targets[rows], rarity, strength)
        said = words.chances(asked)
        for counts in product(TRUST, SHARES[1:]):
            loss = _loss(mixed(chances, said, counts), truth)
            if loss < best[0]:
                best = (loss, Words(*counts, rarity, words.weights, words.biases))
    return best[1]


def _fitted(table: Sparse, targets: Floats, rarity: Floats, strength: float) -> Words:
    """Logistic regression; a text of several labels stands once for each, by its share of it."""
    from sklearn.linear_model import LogisticRegression

    rows, labels = np.nonzero(targets)
    frequency = targets.mean(axis=0)
    weights = targets[rows, labels] / frequency[labels]
    model = LogisticRegression(C=strength, max_iter=300).fit(
        table[rows], labels, sample_weight=weights / weights.mean()
    )
    full = np.zeros((targets.shape[1], PLACES), dtype=np.float32)
    biases = np.full(targets.shape[1], -20.0, dtype=np.float32)
    if len(model.classes_) == 2:
        full[model.classes_[1]], biases[model.classes_] = model.coef_[0], [0.0, model.intercept_[0]]
    else:
        full[model.classes_], biases[model.classes_] = model.coef_, model.intercept_
    return Words(0.0, 1.0, rarity, full, biases)


def _loss(chances: Floats, targets: Floats) -> float:
    """Log-loss with every label weighing the same."""
    each = -(targets * np.log(np.maximum(chances, 1e-9))).sum(axis=0)
    there = targets.sum(axis=0) > 0
    return float((each[there] / targets.sum(axis=0)[there]).mean())


def _counts(text: str) -> Counter[int]:
    words = words_of(text)
    grams = [*words, *(" ".join(pair) for pair in pairwise(words))]
    return Counter(zlib.crc32(gram.encode("utf-8", "replace")) % PLACES for gram in grams)


def _rarity(texts: Sequence[str]) -> Floats:
    """(PLACES,) smoothed log of the inverse share of texts in which a column occurs."""
    seen = np.zeros(PLACES, dtype=np.float64)
    for text in texts:
        seen[list(_counts(text))] += 1
    return np.asarray(np.log((1 + len(texts)) / (1 + seen)) + 1, dtype=np.float32)


def _rows(texts: Sequence[str], rarity: Floats) -> Sparse:
    """(texts, PLACES) TF-IDF with the logarithm of counts, rows of length one."""
    from scipy.sparse import csr_matrix

    columns, values, ends = [], [], [0]
    for text in texts:
        counts = _counts(text)
        places = np.fromiter(counts, np.int64, len(counts))
        row = (1 + np.log(np.fromiter(counts.values(), np.float64, len(counts)))) * rarity[places]
        columns.append(places)
        values.append(row / max(float(np.linalg.norm(row)), 1e-9))
        ends.append(ends[-1] + len(places))
    found = (np.concatenate(values), np.concatenate(columns), np.array(ends))
    return csr_matrix(found, shape=(len(texts), PLACES), dtype=np.float32)
