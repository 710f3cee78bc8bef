"""Which categories and tags items have, as a sparse matrix. Knows nothing of what they are used for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from scipy import sparse

from llm4rec.core.arrays import Numbers, Sparse
from llm4rec.core.catalog import CATEGORIES, Catalog
from llm4rec.core.columns import Column, ColumnType
from llm4rec.core.errors import SettingsError, suggest
from llm4rec.core.sets import shares

KINDS = (ColumnType.CATEGORY, ColumnType.TAGS)


@dataclass(frozen=True, eq=False)
class Labels:
    """The labels of all items: ones (items, labels), their names, the same as shares, and as padded numbers."""

    matrix: Sparse
    names: tuple[str, ...]
    shares: Sparse
    numbers: Numbers


_MADE: WeakKeyDictionary[Catalog, dict[str, Labels]] = WeakKeyDictionary()


def labels(catalog: Catalog, field: str = "") -> Labels:
    """The labels that `label_columns` says, made once a catalog; without any such column no item has a label."""
    known = _MADE.setdefault(catalog, {})
    if field not in known:
        matrix, names = item_labels(catalog, label_columns(catalog, field))
        known[field] = Labels(matrix, names, shares(matrix), padded(matrix))
    return known[field]


def label_columns(catalog: Catalog, field: str = "") -> list[str]:
    """Names of the columns that labels come from: `field`; without one `categories`, else all of that type.

    SettingsError where the catalog has no such column, or one that holds neither a category nor tags.
    """
    names = [name for name, column in catalog.columns.items() if column.type in KINDS]
    if not field:
        return [CATEGORIES] if CATEGORIES in names else names
    if field not in names:
        near = suggest(field, names) or f"; there are: {', '.join(names) or 'none'}"
        raise SettingsError(f"items have no category or tags named {field!r}{near}")
    return [field]


def item_labels(catalog: Catalog, columns: Sequence[str]) -> tuple[Sparse, tuple[str, ...]]:
    """Ones for every label of the columns, (items, labels), and the labels as "column=value"."""
    rows = [labels_of(catalog.columns[name], name) for name in columns]
    joined = [sum(row, ()) for row in zip(*rows, strict=True)] if rows else [()] * len(catalog)
    return ones(joined)


def labels_of(column: Column, name: str) -> list[tuple[str, ...]]:
    """The labels of each row as "name=value"; a missing value is no label."""
    if column.type is ColumnType.TAGS:
        return [tuple(f"{name}={tag}" for tag in value) for value in column.values]
    return [(f"{name}={value}",) if value else () for value in column.values]


def ones(rows: Sequence[tuple[str, ...]]) -> tuple[Sparse, tuple[str, ...]]:
    """A column a label, in the order of first use, and the labels; at least one column."""
    place: dict[str, int] = {}
    pairs = [
        (row, place.setdefault(label, len(place))) for row, labels in enumerate(rows) for label in labels
    ]
    at = np.array(pairs, dtype=np.int64).reshape(len(pairs), 2)
    values = np.ones(len(pairs), dtype=np.float32)
    matrix = sparse.csr_matrix((values, (at[:, 0], at[:, 1])), shape=(len(rows), max(len(place), 1)))
    matrix.data[:] = 1.0
    return matrix, tuple(place)


def padded(labels: Sparse) -> Numbers:
    """The label numbers of each item, (items, most labels of an item), -1 padded."""
    sizes = np.diff(labels.indptr)
    result = np.full((labels.shape[0], max(int(sizes.max(initial=0)), 1)), -1, dtype=np.int64)
    rows = np.repeat(np.arange(len(sizes)), sizes)
    places = np.arange(len(labels.indices)) - np.repeat(labels.indptr[:-1], sizes)
    result[rows, places] = labels.indices
    return result
