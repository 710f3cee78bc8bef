"""One database as two doors: a writer and readers, SQLite or PostgreSQL. Knows tables by name only, and no records."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from llm4rec.core import SettingsError, StoreBusyError, StoreError
from llm4rec.store.columns import SPECS
from llm4rec.store.config import StoreConfig
from llm4rec.store.failures_sql import told
from llm4rec.store.schema import TABLES

MARK = 0x6C34726B  # application_id of our SQLite files
SCHEMA = "llm4rec"  # where the tables are in PostgreSQL
NAMES = {
    **TABLES,
    **{spec.table: ("seq", "tenant", *spec.names) for spec in SPECS.values()},
    "meta": ("name", "value"),
}


def table(name: str) -> sa.TableClause:
    """A table with its columns; their types stand in the schema."""
    return sa.table(name, *(sa.column(column) for column in NAMES[name]))


T = {name: table(name) for name in NAMES}


class Database:
    """Where to write and where to read. In SQLite only one writes at a time, and reading never waits for it."""

    def __init__(self, url: str, config: StoreConfig) -> None:
        self.config = config
        self.file = sqlite_file(url)
        if self.file is not None:
            self.name = str(self.file)
            self.writer = _sqlite(self.file, config, writes=True)
            self.reader = _sqlite(self.file, config, writes=False)
        else:
            address = _postgres_url(url)
            self.name = address.render_as_string(hide_password=True)
            self.writer = self.reader = _postgres(address, config)
        self.vectors_as_bytes = True  # until the schema is known

    @property
    def embedded(self) -> bool:
        """Whether this is a SQLite file."""
        return self.file is not None

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that is durable when the block ends, and has left nothing where it raises."""
        with told(self.name), self.writer.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """One view of the database."""
        with told(self.name), self.reader.connect() as connection:
            yield connection

    def insert(self, name: str) -> Any:
        """An insert of this kind of database, which can say what to do where a row is there already."""
        if self.embedded:
            from sqlalchemy.dialects.sqlite import insert
        else:
            from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
        return insert(T[name])

    def scrub(self) -> None:
        """Put what waits in SQLite's log into the file and empty the log, which still holds pages as they were.

        StoreBusyError where a reader keeps the log in use for too long.
        """
        with told(self.name), self.reader.connect() as connection:
            # Past SQLAlchemy: a checkpoint is no part of a transaction. SQLite looks whether there is a log when it reads.
            cursor = connection.connection.cursor()
            cursor.execute("SELECT count(*) FROM sqlite_master").fetchall()
            busy, *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            cursor.close()
        if busy:
            raise StoreBusyError(
                f"store {self.name}: the log is being read and still holds old pages; do it again"
            )

    def close(self) -> None:
        """Let go of all connections."""
        self.reader.dispose()
        self.writer.dispose()


def sqlite_file(url: str) -> Path | None:
    """The file of an embedded store, None for PostgreSQL; SettingsError for anything else."""
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", url)
    if scheme is None or scheme[1] == "sqlite":
        name = url[len("sqlite:///") :] if url.startswith("sqlite:///") else url
        if not name or name.startswith("sqlite:") or "\0" in name:
            raise SettingsError("a store is a file (shop.db, sqlite:///shop.db) or a postgresql:// URL")
        return Path(name).expanduser().absolute()
    if scheme[1] not in ("postgresql", "postgres", "postgresql+psycopg"):
        known = "a file, sqlite:///FILE or postgresql://USER@HOST/NAME"
        raise SettingsError(f"no store of the kind {scheme[1]}://; a store is {known}")
    return None


def _sqlite(file: Path, config: StoreConfig, writes: bool) -> sa.Engine:
    # One connection writes, and only the thread that writes uses it; every reading thread has one of its own.
    pool: dict[str, Any] = (
        {"poolclass": sa.pool.StaticPool} if writes else {"pool_size": 8, "max_overflow": 56}
    )
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(file)),
        hide_parameters=True,
        connect_args={"timeout": config.busy_seconds, "check_same_thread": False},
        **pool,
    )

    @sa.event.listens_for(engine, "connect")
    def opened(connection: Any, record: object) -> None:
        del record
        # We begin transactions ourselves: the driver would begin them late and commit before some statements.
        connection.isolation_level = None
        cursor = connection.cursor()
        if writes:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute("PRAGMA secure_delete=ON")
        else:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begun(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres_url(url: str) -> sa.URL:
    try:
        address = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise SettingsError("a postgresql:// URL is postgresql://USER:PASSWORD@HOST:PORT/NAME") from None
    return address.set(drivername="postgresql+psycopg")


def _postgres(address: sa.URL, config: StoreConfig) -> sa.Engine:
    wait = int(config.busy_seconds * 1000)
    # Acknowledged means durable, whatever the server's default.
    options = f"-c search_path={SCHEMA},public -c synchronous_commit=on -c lock_timeout={wait}"
    try:
        return sa.create_engine(
            address,
            hide_parameters=True,
            connect_args={"options": options, "connect_timeout": max(2, int(config.busy_seconds))},
            pool_pre_ping=True,
            pool_size=8,
            max_overflow=24,
            pool_timeout=config.busy_seconds,
        )
    except ModuleNotFoundError as error:
        raise StoreError(f"PostgreSQL needs {error.name}: pip install 'llm4rec[postgres]'") from error
