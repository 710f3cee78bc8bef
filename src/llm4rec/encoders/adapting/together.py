"""Examples of items taken together: pairs near in one person's order, drawn against popularity. numpy only."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from llm4rec.core import Column, ColumnType, Dataset, Numbers
from llm4rec.encoders.adapting.config import AdaptConfig
from llm4rec.encoders.adapting.division import held_out, plain
from llm4rec.encoders.adapting.examples import Examples, Texts, needed

TRIES = 8  # draws for one hard negative


def pairs(dataset: Dataset, config: AdaptConfig, rng: np.random.Generator) -> Examples:
    """Pairs of items taken within `window` of each other by one person, more often than chance has it.

    A pair weighs its count times its pointwise mutual information, discounted where it was seen rarely (Pantel and Lin
    2002): popularity alone weighs nothing, and chance meetings little.
    Division by item: a pair with a held-out item is for validation, its held-out side on the left.
    """
    texts = Texts()
    of_item = texts.add(dataset.catalog.texts)
    counts = counted(dataset, of_item, len(texts.numbers), config.window)
    left, right, weights = uncommon(counts)
    needed(
        "co-consumption",
        len(left),
        f"no two items with a text were taken within {config.window} of each other more often than by chance",
        "Bring interactions of people with several items, and items with a title",
    )
    chosen = _drawn(weights, config.most_examples, rng)
    left, right = _turned(left[chosen], right[chosen], rng)
    listed = texts.listed()
    apart = held_out([plain(text) for text in listed], config.validation, config.seed, "co-consumption")
    held = apart[left] | apart[right]
    swap = ~apart[left] & apart[right]
    left, right = np.where(swap, right, left), np.where(swap, left, right)
    hard, note = _hard(dataset, of_item, (left, held, apart), counts, config, rng)
    needed("co-consumption", int((~held).sum()), "every pair has a held-out item", "Lower validation")
    needed("co-consumption", int(held.sum()), "no pair has a held-out item", "Raise validation")
    keys = sparse.coo_matrix(counts)
    together = np.sort(keys.row.astype(np.int64) * len(listed) + keys.col)
    return Examples("co-consumption", listed, left[:, None], held, right, hard, together=together, notes=note)


def counted(dataset: Dataset, of_item: Numbers, size: int, window: int) -> sparse.csr_matrix:
    """How often two texts were taken within `window` of each other by one person, symmetric, no diagonal."""
    events = dataset.interactions
    rows = events.positive & (of_item[events.items] >= 0)
    users, items = events.users[rows], of_item[events.items[rows]]
    firsts, seconds = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for lag in range(1, window + 1):
        same = (users[lag:] == users[:-lag]) & (items[lag:] != items[:-lag])
        firsts.append(items[:-lag][same])
        seconds.append(items[lag:][same])
    first, second = np.concatenate(firsts), np.concatenate(seconds)
    ones = np.ones(len(first), dtype=np.float32)
    half = sparse.coo_matrix((ones, (first, second)), shape=(size, size)).tocsr()
    return sparse.csr_matrix(half + half.T)


def uncommon(counts: sparse.csr_matrix) -> tuple[Numbers, Numbers, np.ndarray]:
    """Pairs left < right that stand together more often than by chance, and the weight of each."""
    upper = sparse.coo_matrix(sparse.triu(counts, k=1))
    often = np.asarray(counts.sum(axis=1)).ravel()
    left, right, seen = upper.row.astype(np.int64), upper.col.astype(np.int64), upper.data.astype(np.float64)
    rarer = np.minimum(often[left], often[right])
    lift = seen * often.sum() / (often[left] * often[right])
    weights = np.log(np.maximum(lift, 1e-12)) * seen * seen / (seen + 1) * rarer / (rarer + 1)
    kept = weights > 0
    return left[kept], right[kept], weights[kept]


def _drawn(weights: np.ndarray, most: int, rng: np.random.Generator) -> Numbers:
    """As many rows as there are, or `most`, each as often as its weight asks for, rounded by one draw for all.

    Equal weights give every row once; a strong pair comes several times, and many a weak one never.
    """
    size = min(most, len(weights))
    places = (np.arange(size) + rng.random()) / size
    reached = np.cumsum(weights) / weights.sum()
    return np.minimum(np.searchsorted(reached, places), len(weights) - 1).astype(np.int64)


def _turned(left: Numbers, right: Numbers, rng: np.random.Generator) -> tuple[Numbers, Numbers]:
    turn = rng.random(len(left)) < 0.5
    return np.where(turn, right, left), np.where(turn, left, right)


def _hard(
    dataset: Dataset,
    of_item: Numbers,
    side: tuple[Numbers, np.ndarray, np.ndarray],
    counts: sparse.csr_matrix,
    config: AdaptConfig,
    rng: np.random.Generator,
) -> tuple[Numbers | None, tuple[str, ...]]:
    """For each left text, texts that share a category with it and were never taken near it, (n, hard_negatives).

    Held-out texts are no negatives of pairs to learn from.
    """
    if not config.hard_negatives:
        return None, ()
    column = dataset.catalog.columns.get(config.category_column)
    if column is None or column.type not in (ColumnType.TAGS, ColumnType.CATEGORY):
        return None, (
            f"co-consumption: items have no column {config.category_column!r}, so no hard negatives; "
            "the other items of a batch are the negatives",
        )
    left, held, apart = side
    drawn = _neighbours(column, of_item, left, config.hard_negatives * TRIES, rng)
    taken = np.asarray(counts[left[:, None].repeat(drawn.shape[1], 1).ravel(), drawn.ravel()]).reshape(
        drawn.shape
    )
    wrong = (drawn < 0) | (drawn == left[:, None]) | (taken > 0) | (~held[:, None] & apart[drawn])
    order = np.argsort(wrong, axis=1, kind="stable")[:, : config.hard_negatives]
    rows = np.arange(len(left))[:, None]
    return np.where(wrong[rows, order], -1, drawn[rows, order]), ()


def _neighbours(
    column: Column, of_item: Numbers, left: Numbers, draws: int, rng: np.random.Generator
) -> Numbers:
    """Texts drawn from a category of each left text, (n, draws); -1 for a text without a category."""
    shelves: dict[str, list[int]] = {}
    names: dict[int, set[str]] = {}
    for text, value in zip(of_item.tolist(), column.values, strict=True):
        for name in value if isinstance(value, tuple) else (value,):
            if text >= 0 and name:
                shelves.setdefault(name, []).append(text)
                names.setdefault(text, set()).add(name)
    # The smallest shelf tells most: a comedy may be anything, a film noir may not.
    own = {text: min(some, key=lambda shelf: (len(shelves[shelf]), shelf)) for text, some in names.items()}
    found = np.full((len(left), draws), -1, dtype=np.int64)
    arrays = {name: np.array(members, dtype=np.int64) for name, members in shelves.items()}
    for row, text in enumerate(left.tolist()):
        if text in own:
            shelf = arrays[own[text]]
            found[row] = shelf[rng.integers(0, len(shelf), draws)]
    return found
