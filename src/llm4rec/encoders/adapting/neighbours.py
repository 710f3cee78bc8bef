"""Examples of what stands around a text: it should come to say what those taken with it say. numpy only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse

from llm4rec.core import Dataset, Floats, Numbers, Sparse, as_csr, unit_rows
from llm4rec.encoders.adapting.config import AdaptConfig
from llm4rec.encoders.adapting.division import held_out, plain
from llm4rec.encoders.adapting.examples import Examples, Texts, needed
from llm4rec.encoders.adapting.together import counted, uncommon
from llm4rec.encoders.whitening import Whitening

ASKED = 5  # neighbours of each held-out text that should be found


def surroundings(dataset: Dataset, config: AdaptConfig, rng: np.random.Generator) -> Examples:
    """Each item text with those taken near it, weighed as pairs of `co-consumption` are.

    Of a large catalog the `most_examples` texts that are taken most stay: each of them is read before anything is learnt.
    Division by item: nothing learnt from has a held-out text around it; of those, some neighbours each are asked for.
    """
    texts = Texts()
    of_item = texts.add(dataset.catalog.texts)
    counts = counted(dataset, of_item, len(texts.numbers), config.window)
    kept = _most_taken(counts, config.most_examples)
    counts, listed = counts[kept][:, kept], tuple(texts.listed()[n] for n in kept)
    near = _near(counts)
    needed(
        "neighbours",
        near.nnz,
        f"no two items with a text were taken within {config.window} of each other more often than by chance",
        "Bring interactions of people with several items, and items with a title",
    )
    apart = held_out([plain(text) for text in listed], config.validation, config.seed, "neighbours")
    near = _even(as_csr(near @ sparse.diags((~apart).astype(np.float32))))
    left, right = _asked(near, np.flatnonzero(apart), rng)
    needed("neighbours", len(left), "no held-out item has a neighbour", "Raise validation")
    learnt = np.flatnonzero(~apart)
    needed("neighbours", len(learnt), "every item is held out", "Lower validation")
    pairs = sparse.coo_matrix(counts)
    return Examples(
        "neighbours",
        listed,
        np.concatenate([learnt, left])[:, None],
        np.repeat([False, True], [len(learnt), len(left)]),
        np.concatenate([learnt, right]),
        together=np.sort(pairs.row.astype(np.int64) * len(listed) + pairs.col),
        near=near,
    )


def aimed(examples: Examples, vectors: Floats, config: AdaptConfig) -> tuple[Whitening, Examples]:
    """Where each text should come to stand: its own vector and the mean of its neighbours', mixed by `smoothing`.

    `vectors` (texts, width) are those of the encoder before it learns, so that nothing aimed at moves; a text without neighbours
    stays where it is. Both are whitened first, as an engine compares them. One step of propagation over the graph of what is
    taken together (Zhou et al., Learning with local and global consistency, NIPS 2003), for an encoder to foretell from words.
    """
    assert examples.near is not None, "made for this task"
    whitening = Whitening.fit(vectors, config.directions)
    own = whitening.transform(vectors)
    around = unit_rows(np.asarray(examples.near @ own, dtype=np.float32))
    aims = unit_rows((1 - config.smoothing) * own + config.smoothing * around)
    return whitening, replace(examples, targets=aims[examples.left[:, 0]])


def _most_taken(counts: sparse.csr_matrix, most: int) -> Numbers:
    """The texts that stand beside others most often, at most so many, in their order."""
    often = np.asarray(counts.sum(axis=1)).ravel()
    return np.sort(np.argsort(-often, kind="stable")[:most])


def _near(counts: sparse.csr_matrix) -> Sparse:
    """(texts, texts) weights of all pairs taken together more often than by chance, both ways round."""
    left, right, weights = uncommon(counts)
    half = sparse.csr_matrix((weights.astype(np.float32), (left, right)), shape=counts.shape)
    return as_csr(half + half.T)


def _even(near: Sparse) -> Sparse:
    """Rows that sum to one; those of nobody stay empty."""
    near.eliminate_zeros()
    total = np.asarray(near.sum(axis=1)).ravel()
    return as_csr(sparse.diags(1 / np.where(total > 0, total, 1)).astype(np.float32) @ near)


def _asked(near: Sparse, held: Numbers, rng: np.random.Generator) -> tuple[Numbers, Numbers]:
    """Up to ASKED neighbours of each held-out text, drawn by their weights."""
    left, right = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for text in held.tolist():
        row = slice(near.indptr[text], near.indptr[text + 1])
        around, weights = near.indices[row], near.data[row].astype(np.float64)
        size = min(ASKED, len(around))
        if size:
            chosen = rng.choice(around, size, replace=False, p=weights / weights.sum())
            left.append(np.full(size, text, dtype=np.int64))
            right.append(np.sort(chosen).astype(np.int64))
    return np.concatenate(left), np.concatenate(right)
