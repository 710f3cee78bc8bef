"""Errors of databases in our words: which kind, what to do. Never shows a password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from llm4rec.core import DataError, StoreBusyError, StoreError, StoreFullError

BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED", "40001", "40P01", "55P03", "57014", "53300", "53400", "57P", "08")
FULL = ("SQLITE_FULL", "SQLITE_IOERR_WRITE", "53100", "54000")
BROKEN = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "XX001", "XX002")
CLOSED = ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH", "42501", "28", "3D000")
REMEDY = {
    BUSY: (StoreBusyError, "is locked, overloaded or away; try again under the same key"),
    FULL: (StoreFullError, "cannot be written, there is no room; free some, nothing else is needed"),
    BROKEN: (StoreError, "is broken; restore a backup (`llm4rec store restore`)"),
    CLOSED: (
        StoreError,
        "may not be opened or written; look at its name, its rights and the folder it is in",
    ),
}


@contextmanager
def told(name: str) -> Iterator[None]:
    """Raise what a database says as StoreError, one of its kinds, or DataError. `name` holds no password."""
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        raise translated(error, name) from error


def translated(error: sa.exc.SQLAlchemyError, name: str) -> StoreError | DataError:
    """The same error in our words."""
    if isinstance(error, sa.exc.TimeoutError):
        return StoreBusyError(f"store {name}: all connections are taken; try again")
    if not isinstance(error, sa.exc.DBAPIError):
        return StoreError(f"store {name}: {_line(error)}")
    if isinstance(error, sa.exc.IntegrityError) and "impressions" in str(error.orig):
        return DataError("an impression of this id is kept already; give every answer an id of its own")
    code = _code(error)
    for codes, (kind, remedy) in REMEDY.items():
        if code.startswith(codes):
            return kind(f"store {name} {remedy} ({_line(error.orig)})")
    away = error.connection_invalidated or (not code and isinstance(error, sa.exc.OperationalError))
    if away:
        return StoreBusyError(f"store {name} {REMEDY[BUSY][1]} ({_line(error.orig)})")
    return StoreError(f"store {name}: {_line(error.orig)}")


def _code(error: sa.exc.DBAPIError) -> str:
    """SQLite's name of the error, or the SQLSTATE of PostgreSQL; empty where it gave none."""
    told = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None)
    return str(told or "")


def _line(error: object) -> str:
    first = str(error).strip().splitlines()
    return first[0][:200] if first else type(error).__name__
