"""What a student learns from: softened lists with a weight each, and where it begins. Takes no steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from llm4rec.core import Answers, Floats, Numbers, Sparse, as_csr
from llm4rec.models.student_memory import strongest_entries

if TYPE_CHECKING:
    from llm4rec.models.student import StudentConfig

FADE = 5.0  # events after which the past counts 1/e, before anything is learnt
BLOCK = 1_024
WIDEST = 512  # items kept of each row of the first guess
EXACT = 400  # items up to which singular vectors come from a full decomposition


@dataclass(frozen=True, eq=False)
class Lessons:
    """Answers as they are learnt: `chances` (rows, k) sum to one over each list, `gates` (rows,) weigh lists.

    `following` is -1 where it is unknown or was in the history already.
    """

    answers: Answers
    chances: Floats
    gates: Floats
    following: Numbers

    @classmethod
    def of(cls, answers: Answers, config: StudentConfig) -> Self:
        """Rows without a history are left out."""
        found = _with_history(answers)
        return cls(found, softened(found, config.temperature), gates(found, config.floor), _new(found))

    def __len__(self) -> int:
        return len(self.answers)

    @property
    def has_lists(self) -> bool:
        """Whether there is a teacher at all."""
        return bool(self.answers.lists.shape[1])

    def targets(self, size: int, soft: float) -> Sparse:
        """(rows, size): what is wanted of each row, lists and what was taken in one."""
        rows = len(self)
        share = soft if self.has_lists else 0.0
        known = np.flatnonzero(self.following >= 0)
        hard = sparse.csr_matrix(
            (np.full(len(known), 1.0 - share, np.float32), (known, self.following[known])), shape=(rows, size)
        )
        places = np.flatnonzero(self.answers.lists.ravel() >= 0)
        width = max(self.answers.lists.shape[1], 1)
        weights = (self.chances * (share * self.gates[:, None])).ravel()[places]
        lists = self.answers.lists.ravel()[places]
        return as_csr(hard + sparse.csr_matrix((weights, (places // width, lists)), shape=(rows, size)))

    def fading(self, size: int) -> Sparse:
        """(rows, size): each history, fading."""
        bounds, items = self.answers.bounds, self.answers.items
        age = np.repeat(bounds[1:], np.diff(bounds)) - 1 - np.arange(len(items))
        weights = np.exp(-age / FADE).astype(np.float32)
        return sparse.csr_matrix((weights, items, bounds), shape=(len(self), size))


def _with_history(answers: Answers) -> Answers:
    kept = np.flatnonzero(np.diff(answers.bounds))
    if len(kept) == len(answers):
        return answers
    bounds = np.append(answers.bounds[:-1][kept], answers.bounds[-1])
    return Answers(answers.items, bounds, answers.lists[kept], answers.scores[kept], answers.following[kept])


def _new(answers: Answers) -> Numbers:
    """What followed, where it was not in the history already: that is not shown again."""
    owner = np.repeat(np.arange(len(answers)), np.diff(answers.bounds))
    repeated = np.zeros(len(answers), dtype=bool)
    repeated[owner[answers.items == answers.following[owner]]] = True
    return np.where(repeated, -1, answers.following)


def softened(answers: Answers, temperature: float) -> Floats:
    """softmax(z / temperature) of each list's scores, z in spreads over the list; padding is 0."""
    there = answers.lists >= 0
    count = np.maximum(there.sum(axis=1, keepdims=True), 1)
    scores = np.where(there, answers.scores, 0.0).astype(np.float64)
    mean = scores.sum(axis=1, keepdims=True) / count
    apart = np.where(there, scores - mean, 0.0)
    spread = np.sqrt((apart**2).sum(axis=1, keepdims=True) / count)
    z = np.where(there, apart / np.maximum(spread, 1e-9) / temperature, -np.inf)
    top = z.max(axis=1, keepdims=True, initial=-np.inf)
    raised = np.exp(z - np.where(np.isfinite(top), top, 0.0))
    return np.asarray(raised / np.maximum(raised.sum(axis=1, keepdims=True), 1e-9), dtype=np.float32)


def gates(answers: Answers, floor: float) -> Floats:
    """(rows,): floor + (1 - floor) / log2(1 + rank of what was taken); rows of which that is unknown weigh as the mean.

    A list without what was taken weighs `floor`.
    """
    hit = answers.lists == answers.following[:, None]
    hit &= answers.lists >= 0
    found = hit.any(axis=1)
    rank = hit.argmax(axis=1) + 1 if hit.shape[1] else np.ones(len(answers), np.int64)
    weights = floor + (1.0 - floor) * found / np.log2(1.0 + rank)
    known = answers.following >= 0
    weights[~known] = weights[known].mean() if known.any() else 1.0
    return np.asarray(weights, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Start:
    """Where training begins: `fame` (items,), `near` and `values` (items, memory), `left` and `right` (items, width)."""

    fame: Floats
    near: Numbers
    values: Floats
    left: Floats
    right: Floats

    @classmethod
    def of(cls, lessons: Lessons, size: int, config: StudentConfig) -> Self:
        """A first guess by counting: log of how much likelier an item is wanted behind another than by itself.

        The most telling pairs are the memory, the strongest singular directions of all are the vectors (Levy &
        Goldberg, NIPS 2014).
        """
        past, wanted = lessons.fading(size), lessons.targets(size, config.soft)
        least = 1.0 / max(size, 1)
        total = np.asarray(wanted.sum(axis=0), np.float32).ravel()
        total /= max(float(total.sum()), 1e-9)
        weight = np.asarray(past.multiply(wanted.sum(axis=1)).sum(axis=0), np.float32).ravel()
        near, values = telling(past.T.tocsr(), wanted, (weight, total, least))
        bounds = np.arange(size + 1) * near.shape[1]
        pairs = sparse.csr_matrix((values.ravel(), near.ravel(), bounds), shape=(size, size))
        left, right = directions(pairs, config.embedding_size)
        keep = min(getattr(config, "memory", 0), near.shape[1])
        fame = np.log((total + least) / (2.0 * least)).astype(np.float32)
        return cls(fame, near[:, :keep].copy(), values[:, :keep].copy(), left, right)


def telling(taken: Sparse, wanted: Sparse, known: tuple[Floats, Floats, float]) -> tuple[Numbers, Floats]:
    """(items, some) columns and log ratios of the pairs that tell most: chance times log ratio, above zero."""
    weight, total, least = known
    size = taken.shape[0]
    near, values = np.zeros((2, size, min(WIDEST, size)), np.float32)
    numbers = near.astype(np.int64)
    for at in range(0, size, BLOCK):
        block = as_csr(taken[at : at + BLOCK] @ wanted)
        owner = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))
        chance = block.data / (weight[at : at + BLOCK] + 1.0)[owner]
        ratio = np.maximum(np.log((chance + least) / (total[block.indices] + least)), 0.0)
        block.data = (chance * ratio).astype(np.float32)
        found, strength = strongest_entries(block, numbers.shape[1])
        block.data = ratio.astype(np.float32)
        rows = np.repeat(np.arange(block.shape[0]), found.shape[1])
        numbers[at : at + BLOCK] = found
        told = np.asarray(block[rows, found.ravel()]).reshape(found.shape)
        values[at : at + BLOCK] = np.where(strength > 0, told, 0.0)
    return numbers, values


def directions(pairs: Sparse, width: int) -> tuple[Floats, Floats]:
    """(items, width) twice, whose products are nearest to `pairs`; columns beyond its rank are zeros."""
    size = pairs.shape[0]
    if size <= max(EXACT, width + 1):
        u, s, vt = np.linalg.svd(pairs.toarray(), full_matrices=False)
    else:
        u, s, vt = linalg.svds(pairs, k=width, v0=np.ones(size) / np.sqrt(size))
        order = np.argsort(-s)
        u, s, vt = u[:, order], s[order], vt[order]
    left, right = np.zeros((2, size, width), np.float32)
    some = min(width, len(s))
    root = np.sqrt(s[:some])
    left[:, :some], right[:, :some] = u[:, :some] * root, vt[:some].T * root
    return left, right
