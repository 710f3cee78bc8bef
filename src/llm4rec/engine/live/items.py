"""Items that came, changed or went since an engine was fitted, put into it. Knows no store and no users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from llm4rec.core import Catalog, Column, DataError, Grows, ItemVersion
from llm4rec.core.columns import blank
from llm4rec.data import read_items
from llm4rec.engine.safety import without_attacks

if TYPE_CHECKING:
    from llm4rec.engine.engine import Engine

ID = "item_id"


def grown(base: Engine, versions: Mapping[str, ItemVersion]) -> tuple[Engine, tuple[str, ...]]:
    """The engine with all that is known of items, and what could not be done; `base` stays as it is.

    New items are added; known ones get their new words and attributes. What the model learnt of a known item stays
    until the next fit.
    """
    live = {name: one for name, one in versions.items() if not one.deleted}
    known = base.catalog.ids
    changed = {name: one for name, one in live.items() if name in known}
    new = [one for name, one in live.items() if name not in known]
    engine = base.over(base.fitted)
    notes: list[str] = []
    if new:
        notes += _added(engine, new)
    if changed:
        notes += _changed(engine, changed)
    return engine, tuple(notes)


def checked_rows(engine: Engine, rows: Sequence[ItemVersion]) -> None:
    """DataError where the attributes of items cannot be read as the catalog's columns."""
    told = [row for row in rows if not row.deleted]
    if told:
        read_items(_frame(told), like=_empty(engine.catalog))
        new = [row for row in told if row.item not in engine.catalog.ids]
        if new and engine.catalog.ids.numeric:
            for row in new:
                _whole(row.item)


def _added(engine: Engine, new: Sequence[ItemVersion]) -> list[str]:
    """Add items to the engine in place; one that cannot be read is left out and told of."""
    if not isinstance(engine.model, Grows):
        return [f"{len(new)} new items wait for the next fit: model {engine.fitted.name!r} takes none"]
    try:
        engine.add_items(_frame(new, numeric=engine.catalog.ids.numeric))
        return []
    except DataError as error:
        if len(new) == 1:
            return [f"item {new[0].item!r} is left out: {error}"]
    return [note for one in new for note in _added(engine, [one])]


def _changed(engine: Engine, changed: Mapping[str, ItemVersion]) -> list[str]:
    """Put new words and attributes over those of known items, in place."""
    fitted = engine.fitted
    try:
        table = read_items(_frame(list(changed.values())), like=_empty(fitted.catalog))
    except DataError as error:
        return [f"changes of {len(changed)} items are left out: {error}"]
    table, told = without_attacks(engine.settings.safety, table)
    numbers = fitted.catalog.ids.numbers(table.ids.ids)
    columns = {}
    for name, column in fitted.catalog.columns.items():
        values = column.values.copy()
        other = table.columns.get(name)
        values[numbers] = blank(column.type, len(numbers), values) if other is None else other.values
        columns[name] = Column(column.type, values)
    catalog = Catalog(fitted.catalog.ids, columns)
    safety = fitted.safety
    if safety is not None:
        harms = safety.harms.copy()
        harms[numbers] = safety.guard.judge(table.texts)
        safety = replace(safety, harms=harms)
    engine._fitted = replace(fitted, dataset=replace(fitted.dataset, catalog=catalog), safety=safety)
    return list(told)


def _empty(catalog: Catalog) -> Catalog:
    """The columns of a catalog without items: what known and new items are read like."""
    return catalog.take(np.zeros(0, dtype=np.int64))


def _frame(rows: Sequence[ItemVersion], numeric: bool = False) -> Any:
    """Attributes as a frame; keys that a row lacks are missing values."""
    import polars as pl

    told = [
        {ID: _whole(row.item) if numeric else str(row.item)}
        | {name: value for name, value in row.attributes.items() if name != ID}
        for row in rows
    ]
    try:
        return pl.from_dicts(told, infer_schema_length=None)
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        raise DataError(f"attributes of items are no table: {str(error).splitlines()[0][:200]}") from None


def _whole(item: object) -> int:
    try:
        return int(str(item))
    except ValueError:
        raise DataError(
            f"item {item!r}: ids of this catalog are whole numbers; give such a one to a new item"
        ) from None
