"""What a factorisation machine learns from: events with a value, and the two sides of their design."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from llm4rec.core import (
    DAY,
    Catalog,
    Dataset,
    FitContext,
    Interactions,
    Numbers,
    Sparse,
    Times,
    as_csr,
    no_entries,
)

Meaning: TypeAlias = Literal["stars", "clicks", "taken"]
Columns: TypeAlias = tuple[Sparse, tuple[int, ...]]
"""A design by row, and how many neighbouring columns have a prior together."""


@dataclass(frozen=True)
class Examples:
    """Events with a value, one a row: who, what, how much, when (UTC seconds)."""

    users: Numbers
    items: Numbers
    values: Times
    times: Times

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Block:
    """A relation: which row of `design` each event has, (events,), and the groups of columns with a prior each.

    The first group are ids: one column a row, an identity. A `flat` block has no factors: its features shift the value and interact with nothing.
    """

    index: NDArray[np.int32]
    design: Sparse
    groups: tuple[int, ...]
    flat: bool = False


def meaning_of(rows: Interactions) -> Meaning:
    """What the values mean: stars where there are ratings, else clicks of 0 and 1, else only that a thing was taken."""
    if valued(rows, "stars").any():
        return "stars"
    clicks = rows.values[valued(rows, "clicks")]
    return "clicks" if len(np.unique(clicks)) > 1 else "taken"


def valued(rows: Interactions, meaning: Meaning) -> NDArray[np.bool_]:
    """Which events have a value to learn."""
    if meaning == "taken":
        return rows.positive
    names = np.array(rows.kind_names, dtype=object)[rows.kinds]
    right = names == "rating" if meaning == "stars" else np.isin(names, ["impression", "click"])
    return np.asarray(np.isfinite(rows.values) & right, dtype=bool)


def examples_of(rows: Interactions, meaning: Meaning, items: int, rng: np.random.Generator) -> Examples:
    """The events to learn from, ordered by user.

    Where things were only taken: each pair once with the value 1, and for each of them a thing drawn at random with
    the value 0 unless the user has it.
    """
    kept = rows.take(valued(rows, meaning))
    if meaning != "taken":
        return Examples(kept.users, kept.items, kept.values.astype(np.float64), kept.timestamps)
    keys = np.unique(kept.users * items + kept.items)
    drawn = keys // items * items + rng.integers(items, size=len(keys))
    both = np.concatenate([keys, np.setdiff1d(drawn, keys)])
    order = np.argsort(both // items, kind="stable")
    values = (np.arange(len(both)) < len(keys)).astype(np.float64)
    return Examples(both[order] // items, both[order] % items, values[order], np.full(len(both), np.nan))


def days(times: Times) -> Numbers:
    """Calendar day (UTC) of each time."""
    return np.asarray(np.floor(times / DAY), dtype=np.int64)


def sets(rows: Numbers, columns: Numbers, shape: tuple[int, int]) -> Sparse:
    """Who goes with what, each pair once, rows of length one."""
    matrix = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
    matrix.data = 1.0 / np.sqrt(np.repeat(np.diff(matrix.indptr), np.diff(matrix.indptr)))
    return matrix


def attribute_groups(names: Sequence[str]) -> tuple[int, ...]:
    """How many neighbouring columns belong to the same attribute, as in "age=20..30"."""
    owners = [name.partition("=")[0] if "=" in name else "" for name in names]
    starts = [n for n, owner in enumerate(owners) if n == 0 or owner != owners[n - 1]]
    return tuple(int(size) for size in np.diff([*starts, len(owners)]))


def people(dataset: Dataset, context: FitContext, attributes: bool) -> Columns:
    """Attributes of users."""
    if not attributes or context.people is None:
        return no_entries(len(dataset.users), 0), ()
    return as_csr(context.people.transform(dataset.users)), attribute_groups(context.people.names)


def things(catalog: Catalog, context: FitContext, attributes: bool, text: int) -> Columns:
    """Attributes and `text` dimensions of the text vectors of items."""
    parts: list[Sparse] = [no_entries(len(catalog), 0)]
    groups: tuple[int, ...] = ()
    if attributes and context.features is not None:
        parts.append(as_csr(context.features.transform(catalog)))
        groups = attribute_groups(context.features.names)
    if text and context.encoder is not None:
        vectors = context.encoder.encode(catalog.texts)[:, :text]
        parts.append(as_csr(vectors))
        groups += (vectors.shape[1],)
    return sparse.csr_matrix(sparse.hstack(parts)), groups


def side(index: Numbers, size: int, further: Sequence[Columns]) -> Block:
    """A block of `size` rows: their ids, then what else is known of them."""
    design = sparse.hstack([sparse.identity(size), *(matrix for matrix, _ in further)], format="csr")
    groups = (size, *(g for _, more in further for g in more if g))
    return Block(index.astype(np.int32), sparse.csr_matrix(design, dtype=np.float64), groups)


def visits(examples: Examples) -> Block:
    """A flat block: one feature for each day on which a user has events."""
    keys = np.stack([examples.users, days(examples.times)])
    _, index = np.unique(keys, axis=1, return_inverse=True)
    size = int(index.max(initial=-1)) + 1
    return Block(index.ravel().astype(np.int32), sparse.identity(size, format="csr"), (size,), flat=True)
