"""Items and users on their way in: ids and attributes of a table, and their numbers. Knows nothing of events' columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from llm4rec.core import Column, ColumnType, Vocabulary, suggest
from llm4rec.data.attributes import read_attributes
from llm4rec.data.ids import check_distinct, comparable, read_ids
from llm4rec.data.report import Findings
from llm4rec.data.sheet import Sheet

# What others call our columns: only to suggest, never to guess.
ELSEWHERE = {
    "user_id": ("user", "uid", "userid", "reviewerid", "customerid", "visitorid", "memberid"),
    "item_id": (
        "item",
        "iid",
        "itemid",
        "movieid",
        "productid",
        "asin",
        "bookid",
        "articleid",
        "newsid",
        "sku",
    ),
    "timestamp": ("time", "ts", "datetime", "date", "createdat", "unixreviewtime"),
    "rating": ("stars", "score", "overall"),
}


@dataclass(frozen=True, eq=False)
class Described:
    """Ids of a table (null where one is missing) and its typed columns."""

    ids: pl.Series
    columns: Mapping[str, Column] = field(default_factory=dict)
    sheet: Sheet | None = None


@dataclass(frozen=True, eq=False)
class Numbered:
    """All ids, those of the table first, and the number of the id of every event."""

    ids: pl.Series
    numbers: pl.Series
    described: int

    def vocabulary(self) -> Vocabulary:
        """The ids as a vocabulary."""
        return Vocabulary(self.ids.to_list())


def lookalike(ours: str, columns: list[str]) -> str | None:
    """The column that seems to be meant by `ours`, or None."""
    plain = {column.lower().replace("_", "").replace("-", ""): column for column in columns}
    for name in (ours.replace("_", ""), *ELSEWHERE.get(ours, ())):
        if name in plain:
            return plain[name]
    near = suggest(ours, columns)
    return near.split("'")[1] if near.count("'") == 2 else None


def has_column(sheet: Sheet, ours: str, findings: Findings) -> bool:
    """Whether a needed column is there; a problem that says what it may be called where it is not."""
    if ours in sheet:
        return True
    there = ", ".join(map(repr, sheet.frame.columns[:20])) or "none"
    near = lookalike(ours, sheet.frame.columns)
    meant = f"; did you mean {near!r}?" if near else ""
    remedy = sheet.how_to_rename(ours, near or "what it is called there")
    findings.problem(sheet.file, f"has no column {ours!r}{meant} It has {there}", remedy, ours)
    return False


def read_described(
    sheet: Sheet, id_column: str, types: Mapping[str, str], root: Path | None, findings: Findings
) -> Described | None:
    """The table of items or users; None where it has no ids."""
    if not has_column(sheet, id_column, findings):
        return None
    ids = read_ids(sheet, id_column, findings)
    columns = read_attributes(sheet, id_column, types, root, findings)
    if ids is None:
        return None
    check_distinct(sheet, id_column, ids, findings)
    return Described(ids, columns, sheet)


def number(
    ids: pl.Series, sheet: Sheet, column: str, table: Described | None, findings: Findings
) -> Numbered:
    """Numbers of the ids of events: the table's in its order, then others as they first appear."""
    known = ids.clear()
    if table is not None and table.sheet is not None and table.ids.count():
        known = table.ids
        if ids.count():
            ids, known = comparable(ids, known, (sheet, table.sheet), column, findings)
    known = known.drop_nulls().unique(maintain_order=True)
    if known.dtype != ids.dtype:
        known = known.cast(ids.dtype)
    every = pl.concat([known.alias("id"), ids.drop_nulls().alias("id")]).unique(maintain_order=True)
    places = pl.DataFrame({"id": every, "number": pl.int_range(len(every), eager=True, dtype=pl.Int64)})
    events = ids.alias("id").to_frame().join(places, on="id", how="left", maintain_order="left")
    return Numbered(every, events["number"], len(known))


def all_columns(table: Described | None, total: int) -> dict[str, Column]:
    """The columns of a table, lengthened by missing values to `total` rows."""
    if table is None:
        return {}
    return {
        name: column if len(column) == total else column.followed_by(None, total - len(column))
        for name, column in table.columns.items()
    }


def has_text(columns: Mapping[str, Column]) -> bool:
    """Whether any column is read by an encoder of text."""
    return "categories" in columns or any(c.type is ColumnType.TEXT for c in columns.values())
