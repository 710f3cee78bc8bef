"""Records out to a folder that `read_dataset` reads: interactions some at a time, items and users as tables."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from llm4rec.core import DataError, Feedback, FolderError, ProfileEdits
from llm4rec.data.kept_edits import write_edits
from llm4rec.data.occasions import CONTEXT
from llm4rec.data.writing import quoted

WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")
Described = Mapping[str, Mapping[str, Any]]  # attributes by id


@dataclass(frozen=True)
class Kept:
    """What goes into a folder: `feedback` gives all pages of it anew at each call, so that they are never all in memory.

    `gone` are items that were deleted: they and their events are left out. `types` are types of columns where known,
    `whole` the tables ("items", "users") whose ids may be written as whole numbers where all of them are. `edits` of
    profiles are no data to learn from: they lie beside.
    """

    feedback: Callable[[], Iterator[Sequence[Feedback]]]
    items: Described
    users: Described
    name: str = "store"
    synthetic: bool = False
    gone: frozenset[str] = frozenset()
    types: Mapping[str, str] = field(default_factory=dict)
    whole: tuple[str, ...] = ("items", "users")
    edits: Mapping[str, ProfileEdits] = field(default_factory=dict)


@dataclass
class _Seen:
    """What one look at all events tells of their table."""

    rows: int = 0
    whole_users: bool = True
    whole_items: bool = True
    columns: set[str] = field(default_factory=set)
    contexts: set[str] = field(default_factory=set)


def write_records(kept: Kept, path: str | Path) -> dict[str, int]:
    """Write the folder, which must not exist or be empty, and count its rows. There is never half a folder.

    DataError where there is no interaction to write.
    """
    path = Path(path)
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise FolderError(f"{path} exists already; choose another folder, or remove it")
    seen = _look(kept)
    if not seen.rows:
        raise DataError("there are no interactions to write; a data set needs some")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.parent / f".{path.name}.{os.getpid()}.part"
    try:
        beside.mkdir()
        _write_events(kept, seen, beside / "interactions.parquet")
        _described("item_id", kept.items, seen.whole_items).write_parquet(beside / "items.parquet")
        _described("user_id", kept.users, seen.whole_users).write_parquet(beside / "users.parquet")
        write_edits(kept.edits, beside)
        (beside / "dataset.toml").write_text(_about(kept), encoding="utf-8")
        os.replace(beside, path)
    except OSError as error:
        raise FolderError(f"cannot write {path}: {error}") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    tables = {"items": kept.items, "users": kept.users, "edits": kept.edits}
    return {"interactions": seen.rows, **{name: len(rows) for name, rows in tables.items()}}


def _look(kept: Kept) -> _Seen:
    seen = _Seen(
        whole_users="users" in kept.whole and _all_whole(kept.users),
        whole_items="items" in kept.whole and _all_whole(kept.items),
    )
    for page in _pages(kept):
        seen.rows += len(page)
        seen.whole_users &= _all_whole(str(row.user) for row in page)
        seen.whole_items &= _all_whole(str(row.item) for row in page)
        for name in ("value", "text", "impression"):
            if name not in seen.columns and any(getattr(row, name) is not None for row in page):
                seen.columns.add(name)
        seen.contexts.update(name for row in page for name in row.context)
    return seen


def _pages(kept: Kept) -> Iterator[list[Feedback]]:
    for page in kept.feedback():
        there = [row for row in page if row.item not in kept.gone]
        if there:
            yield there


def _all_whole(ids: Iterable[str]) -> bool:
    return all(WHOLE.fullmatch(name) and name != "-0" for name in ids)


def _ids(names: Iterable[Any], whole: bool) -> list[Any]:
    return [int(name) if whole else str(name) for name in names]


def _write_events(kept: Kept, seen: _Seen, file: Path) -> None:
    import pyarrow.parquet as pq

    writer = None
    try:
        for page in _pages(kept):
            table = _events(page, seen).to_arrow()
            writer = writer or pq.ParquetWriter(file, table.schema)
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()


def _events(page: Sequence[Feedback], seen: _Seen) -> pl.DataFrame:
    columns: dict[str, Any] = {
        "user_id": _ids((row.user for row in page), seen.whole_users),
        "item_id": _ids((row.item for row in page), seen.whole_items),
        "timestamp": pl.Series([row.time for row in page], dtype=pl.Float64),
        "kind": [row.kind for row in page],
    }
    for name, kind in (("value", pl.Float64), ("text", pl.String), ("impression", pl.String)):
        if name in seen.columns:
            columns[name] = pl.Series([getattr(row, name) for row in page], dtype=kind)
    for name in sorted(seen.contexts):
        columns[f"{CONTEXT}{name}"] = pl.Series([row.context.get(name) for row in page], dtype=pl.String)
    return pl.DataFrame(columns)


def _described(id_column: str, rows: Described, whole: bool) -> pl.DataFrame:
    names = list(dict.fromkeys(name for told in rows.values() for name in told if name != id_column))
    columns = {name: _series([told.get(name) for told in rows.values()]) for name in names}
    ids = pl.Series(_ids(rows, whole), dtype=pl.Int64 if whole and rows else pl.String)
    return pl.DataFrame({id_column: ids, **columns})


def _series(values: list[Any]) -> pl.Series:
    """Values of one attribute as one type: numbers, lists of text or numbers, truth, or text for what is mixed."""
    there = [value for value in values if value is not None]
    if all(isinstance(value, bool) for value in there):
        return pl.Series(values, dtype=pl.Boolean)
    if all(isinstance(value, int | float) for value in there):
        whole = all(isinstance(value, int) and abs(value) < 2**53 for value in there)
        return (
            pl.Series(values, dtype=pl.Int64) if whole else pl.Series(values, dtype=pl.Float64, strict=False)
        )
    if all(isinstance(value, list) for value in there):
        numbers = all(isinstance(one, int | float) for value in there for one in value)
        lists = [None if v is None else [one if numbers else _text(one) for one in v] for v in values]
        inner = pl.Float64 if numbers and any(there) else pl.String
        return pl.Series(lists, dtype=pl.List(inner), strict=False)
    return pl.Series([None if value is None else _text(value) for value in values], dtype=pl.String)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _about(kept: Kept) -> str:
    """dataset.toml; JSON strings are TOML strings. A type of a column that is not there would be a problem."""
    there = {name for rows in (kept.items, kept.users) for told in rows.values() for name in told}
    lines = [f"name = {quoted(kept.name)}", f"synthetic = {'true' if kept.synthetic else 'false'}"]
    types = [f"{quoted(name)} = {quoted(kind)}" for name, kind in kept.types.items() if name in there]
    return "\n".join([*lines, *(["", "[types]", *types] if types else [])]) + "\n"
