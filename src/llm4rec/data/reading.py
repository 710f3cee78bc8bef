"""The door of this room: a folder, a file or frames in, a checked data set out. Repairs nothing that it does not name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl
from numpy.typing import NDArray

from llm4rec.core import Catalog, ColumnType, DataError, Dataset, NotFoundError, SettingsError, Vocabulary
from llm4rec.data.about import IGNORE
from llm4rec.data.described import Described, read_described
from llm4rec.data.examine import examine
from llm4rec.data.folder import Source, open_source
from llm4rec.data.report import CheckReport, Findings, shown
from llm4rec.data.sheet import Sheet


@dataclass(frozen=True, eq=False)
class LoadedDataset:
    """A data set and what came with it.

    `splits` names the columns of each official split; `marks` holds those columns, row by row with
    `dataset.interactions`: booleans (true = test), or "train", "valid" and "test".
    """

    dataset: Dataset
    report: CheckReport
    marks: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    splits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def load(
    source: object,
    *,
    items: object = None,
    users: object = None,
    settings: Mapping[str, Any] | None = None,
) -> LoadedDataset:
    """A data set with its official splits and the report of its check.

    `source` is a folder, a file of interactions or a frame of them (polars, pandas, Arrow); `items` and `users`
    are frames or files. `settings` has the keys of dataset.toml and goes before them. DataError lists everything
    that is wrong.
    """
    findings = Findings()
    opened = open_source(source, {"items": items, "users": users}, settings or {}, findings)
    if opened.absent:
        raise NotFoundError(opened.absent)
    checked = examine(opened, findings)
    if checked.dataset is None:
        raise DataError(checked.report.problems)
    return LoadedDataset(checked.dataset, checked.report, checked.marks, opened.about.split_columns())


def read_dataset(
    source: object,
    *,
    items: object = None,
    users: object = None,
    settings: Mapping[str, Any] | None = None,
) -> Dataset:
    """A data set, checked; see `load` for what may be given."""
    return load(source, items=items, users=users, settings=settings).dataset


def check(
    source: object,
    *,
    items: object = None,
    users: object = None,
    settings: Mapping[str, Any] | None = None,
) -> CheckReport:
    """Everything that is wrong or was assumed; never raises for what the tables hold."""
    findings = Findings()
    opened = open_source(source, {"items": items, "users": users}, settings or {}, findings)
    return examine(opened, findings).report


def read_items(
    source: object, like: Catalog | None = None, *, settings: Mapping[str, Any] | None = None
) -> Catalog:
    """A table of items alone: a folder with items in it, a file or a frame.

    With `like`, new items for that catalog: columns are typed as its own, others are left out, and ids that it
    has already are a problem.
    """
    findings = Findings()
    opened = open_source(source, {}, settings or {}, findings, main="items")
    sheet = opened.tables.get("items")
    if sheet is None:
        raise DataError(findings.problems) if findings.problems else NotFoundError(f"no items in {source}")
    types = _types_like(sheet, like, opened)
    table = read_described(sheet, "item_id", types, opened.root if sheet.is_file else None, findings)
    if table is not None and like is not None:
        table = _fitted(table, like, findings)
    if findings.problems or table is None:
        raise DataError(findings.problems)
    return Catalog(Vocabulary(table.ids.to_list()), table.columns)


def _types_like(sheet: Sheet, like: Catalog | None, opened: Source) -> dict[str, str]:
    types = dict(opened.about.types)
    if like is not None:
        known = {name: column.type.value for name, column in like.columns.items()}
        types |= {name: known.get(name, IGNORE) for name in sheet.frame.columns}
    return types


def _fitted(table: Described, like: Catalog, findings: Findings) -> Described | None:
    """The table with ids and vectors as `like` has them; what does not fit is a problem."""
    sheet, ids = table.sheet, table.ids
    if sheet is None:
        raise SettingsError("a table of items has a sheet")
    if len(like) and like.ids.numeric != ids.dtype.is_integer():
        if like.ids.numeric:
            message = "ids are text, but whole numbers in the catalog"
            findings.bad(sheet, "item_id", ids.is_not_null(), message, "Write whole numbers.")
            return None
        ids = ids.cast(pl.String)
    taken = [name in like.ids for name in ids.to_list()]
    again = pl.Series(taken, dtype=pl.Boolean)
    names = ", ".join(shown(name) for name, there in zip(ids.to_list(), taken, strict=True) if there)
    message = f"items are in the catalog already: {names[:200]}"
    findings.bad(sheet, "item_id", again, message, "Leave them out, or give them new ids.")
    _check_widths(table, like, findings)
    return replace(table, ids=ids)


def _check_widths(table: Described, like: Catalog, findings: Findings) -> None:
    for name, column in table.columns.items():
        if column.type is ColumnType.VECTOR and table.sheet is not None:
            width, known = column.values.shape[1], like.columns[name].values.shape[1]
            if width != known:
                message = f"vectors have {width} numbers, but {known} in the catalog"
                findings.problem(table.sheet.file, message, "Make them with the same encoder.", name)
