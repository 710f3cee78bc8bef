"""What an item says, field by field, and how much it says. Knows no users and no models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from llm4rec.core import Catalog, ColumnType, Encoder, Floats, unit_rows
from llm4rec.core.catalog import CATEGORIES, TITLE


def field_texts(catalog: Catalog) -> list[list[list[str]]]:
    """For title, categories and all other texts: the columns of the field, each with a text an item ("": none).

    The three fields are the same for every catalog, so that items added later fit whatever columns they bring.
    """
    others = [n for n, c in catalog.columns.items() if c.type is ColumnType.TEXT and n != TITLE]
    fields = ([TITLE], [CATEGORIES], [name for name in others if name != CATEGORIES])
    return [[_texts(catalog, name) for name in names if name in catalog.columns] for names in fields]


def _texts(catalog: Catalog, name: str) -> list[str]:
    values = catalog.columns[name].values
    return [", ".join(value) if isinstance(value, tuple) else str(value or "") for value in values]


def field_vectors(encoder: Encoder | None, catalog: Catalog) -> Floats:
    """(items, 3 width): unit rows of each field side by side, zeros where an item has none; no columns without
    an encoder. A field of several columns is the mean of their vectors.

    Fields read apart tell more than one text in which a long description drowns the title.
    """
    if encoder is None:
        return np.zeros((len(catalog), 0), np.float32)
    nothing = np.zeros((len(catalog), encoder.width), np.float32)
    fields = [sum((_encoded(encoder, t) for t in texts), nothing) for texts in field_texts(catalog)]
    return np.hstack([unit_rows(field) for field in fields])


def _encoded(encoder: Encoder, texts: Sequence[str]) -> Floats:
    said = [row for row, text in enumerate(texts) if text]
    vectors = np.zeros((len(texts), encoder.width), np.float32)
    if said:
        vectors[said] = unit_rows(encoder.encode([texts[row] for row in said]))
    return vectors


def fullness(catalog: Catalog) -> Floats:
    """(items, 4): log lengths of the three fields and the share of columns that are filled.

    Things many people take are described at more length.
    """
    lengths = [
        np.sum([[len(text) for text in texts] for texts in field], axis=0)
        if field
        else np.zeros(len(catalog))
        for field in field_texts(catalog)
    ]
    missing = [column.missing() for column in catalog.columns.values()]
    filled = 1.0 - np.mean(missing, axis=0) if missing else np.zeros(len(catalog))
    return np.column_stack([*np.log1p(lengths), filled]).astype(np.float32)
