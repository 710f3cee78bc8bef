"""Backups: one SQLite file of any store, and back into a new store of either kind. Knows tables, not records."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from llm4rec.core import Erasure, NotFoundError, StoreError
from llm4rec.store.columns import decoded, spec_of
from llm4rec.store.config import StoreConfig
from llm4rec.store.database_sql import NAMES, Database, T, sqlite_file
from llm4rec.store.erasing_sql import OF_PEOPLE, erase, subject_of
from llm4rec.store.failures_sql import told
from llm4rec.store.migrating_sql import check_file, prepare
from llm4rec.store.vectors_sql import pack, unpack, value_of

PART = 2_000  # rows in memory at a time
TRAVELS = ("salt", "pseudonyms")  # of what a store says of itself: the rest is of the place, not of the data


def back_up(url: str, file: Path, config: StoreConfig) -> Path:
    """See `opening.back_up`."""
    source = sqlite_file(url)
    if source is not None and not source.is_file():
        raise NotFoundError(f"no store at {source}")
    _must_not_be(file)
    with _beside(file) as part:
        if source is not None:
            _copy_file(source, part, config)
        else:
            with _opened(url, config) as shared, _opened(str(part), config) as target:
                _copy_tables(shared, target)
        _finish(part, config)
        os.replace(part, file)
    return file


def restore(file: Path, url: str, config: StoreConfig, erased: Sequence[Erasure]) -> int:
    """See `opening.restore`."""
    if not file.is_file():
        raise NotFoundError(f"no backup at {file}")
    target = sqlite_file(url)
    if target is not None:
        _must_not_be(target)
    with tempfile.TemporaryDirectory() as folder, _beside(target or Path(folder) / "backup") as part:
        _copy_file(file, part, config)
        with _opened(str(part), config) as backup:
            again = _erase_again(backup, {one.subject for one in erased})
            if target is None:
                with _opened(url, config) as shared:
                    _must_be_empty(shared)
                    _copy_tables(backup, shared)
        if target is not None:
            _finish(part, config)
            os.replace(part, target)
    return again


def erasures_in(url: str, config: StoreConfig) -> tuple[Erasure, ...]:
    """See `opening.erasures_in`."""
    source = sqlite_file(url)
    if source is not None and not source.is_file():
        raise NotFoundError(f"no store at {source}")
    table = T["erasures"]
    names = spec_of(Erasure).names
    asked = sa.select(*(table.c[name] for name in names)).order_by(table.c.seq)
    with _opened(url, config) as database, database.reading() as connection:
        return tuple(decoded(Erasure, row) for row in connection.execute(asked).all())


def _must_not_be(file: Path) -> None:
    if file.exists():
        raise StoreError(f"{file} exists already; choose another name, or move it away")


@contextmanager
def _beside(file: Path) -> Iterator[Path]:
    """A name beside `file`, removed at the end with what SQLite leaves beside it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.parent / f".{file.name}.{os.getpid()}.part"
    try:
        yield part
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            part.with_name(part.name + ending).unlink(missing_ok=True)


@contextmanager
def _opened(url: str, config: StoreConfig) -> Iterator[Database]:
    """A database at the newest version. Whether ids are pseudonyms does not matter to a copy."""
    database = Database(url, config)
    try:
        prepare(database)
        yield database
    finally:
        database.close()


def _copy_file(source: Path, target: Path, config: StoreConfig) -> None:
    """The online backup of SQLite: one state of the file, while others write."""
    with told(str(source)):
        try:
            here, there = sqlite3.connect(source, timeout=config.busy_seconds), sqlite3.connect(target)
            with closing(here), closing(there):
                here.backup(there)
        except sqlite3.Error as error:
            raise sa.exc.OperationalError("backup", None, error) from error


def _finish(part: Path, config: StoreConfig) -> None:
    """Check the copy, put its log into the file and the file on the disk."""
    database = Database(str(part), config)
    try:
        check_file(database)
        database.scrub()
    finally:
        database.close()
    with part.open("rb+") as written:
        os.fsync(written.fileno())


def _must_be_empty(database: Database) -> None:
    with database.reading() as connection:
        if connection.execute(sa.select(T["clock"].c.last)).scalar_one():
            raise StoreError(f"store {database.name} is not empty; restore into a new one")


def _copy_tables(source: Database, target: Database) -> None:
    """All rows of one state of the source, in one transaction of the target."""
    with told(source.name), source.reader.connect() as there, target.writing() as here:
        if not source.embedded:
            there = there.execution_options(isolation_level="REPEATABLE READ")
        here.execute(sa.delete(T["clock"]))
        for name in NAMES:
            if name != "meta":
                for rows in _rows(there, name, source.vectors_as_bytes):
                    here.execute(_insert(target, name), [_carried(name, row, source, target) for row in rows])
        for row in there.execute(sa.select(*T["meta"].c).where(T["meta"].c.name.in_(TRAVELS))).mappings():
            meta = T["meta"]
            here.execute(sa.update(meta).where(meta.c.name == row["name"]).values(value=row["value"]))


def _rows(connection: sa.Connection, name: str, as_bytes: bool) -> Iterator[Sequence[dict[str, Any]]]:
    columns: list[Any] = [T[name].c[column] for column in NAMES[name]]
    if name == "vectors" and not as_bytes:
        columns[-1] = sa.cast(columns[-1], sa.Text).label("vector")
    asked = sa.select(*columns).select_from(T[name]).execution_options(yield_per=PART)
    for part in connection.execute(asked).mappings().partitions():
        yield [dict(row) for row in part]


def _insert(target: Database, name: str) -> Any:
    if name != "vectors":
        return T[name].insert()
    rest: dict[str, Any] = {column: sa.bindparam(column) for column in NAMES[name] if column != "vector"}
    return T[name].insert().values(**rest, vector=value_of(target))


def _carried(name: str, row: dict[str, Any], source: Database, target: Database) -> dict[str, Any]:
    if name != "vectors":
        return row
    vector = unpack(row.pop("vector"), source.vectors_as_bytes)
    return {**row, "packed": pack(vector, target.vectors_as_bytes)}


def _erase_again(backup: Database, subjects: set[str]) -> int:
    """Erase from a backup whoever was erased after it was made; how many there were."""
    if not subjects:
        return 0
    with backup.writing() as connection:
        meta = T["meta"]
        salt = connection.execute(sa.select(meta.c.value).where(meta.c.name == "salt")).scalar_one()
        people: set[tuple[str, str]] = set()
        for name in OF_PEOPLE:
            table = T[name]
            asked = sa.select(table.c.tenant, table.c.user).where(table.c.user.is_not(None)).distinct()
            found = connection.execute(asked)
            people |= {(t, u) for t, u in found if subject_of(salt, t, u) in subjects}
        for tenant, user in sorted(people):
            erase(connection, tenant, user, subject_of(salt, tenant, user), time.time())
    return len(people)
