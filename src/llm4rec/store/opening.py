"""The doors of this room: open, back up, restore. Loads databases only when called."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from llm4rec.core import Erasure, NotFoundError
from llm4rec.store.config import DEFAULT, StoreConfig

if TYPE_CHECKING:
    from llm4rec.store.store_sql import SqlStore


def open_store(url: str, config: StoreConfig = DEFAULT) -> SqlStore:
    """The store at `url`, made or upgraded where needed: a file (`shop.db`, `sqlite:///shop.db`) or postgresql://….

    StoreError where it is of something else, broken, or made by a newer llm4rec; SettingsError where the URL is none.
    """
    from llm4rec.store.store_sql import SqlStore

    return SqlStore(url, config)


def open_existing(url: str, config: StoreConfig = DEFAULT) -> SqlStore:
    """The same, but NotFoundError where there is no file: a wrong name makes no new store."""
    from llm4rec.store.database_sql import sqlite_file

    file = sqlite_file(url)
    if file is not None and not file.is_file():
        raise NotFoundError(f"no store at {file}; `llm4rec store init` makes one")
    return open_store(url, config)


def back_up(url: str, file: Path, config: StoreConfig = DEFAULT) -> Path:
    """A copy of a store as one SQLite file, made while others write; `file` must not exist."""
    from llm4rec.store import copying_sql

    return copying_sql.back_up(url, file, config)


def restore(file: Path, url: str, config: StoreConfig = DEFAULT, erased: Sequence[Erasure] = ()) -> int:
    """Put a backup into a new place of either kind. An old backup would bring back who was erased since it was made.

    `erased` are the proofs of the store that was lost or left: these people are erased again; returns how many.
    """
    from llm4rec.store import copying_sql

    return copying_sql.restore(file, url, config, erased)


def erasures_in(url: str) -> tuple[Erasure, ...]:
    """The proofs of all tenants in a store, whatever names it keeps people under."""
    from llm4rec.store import copying_sql

    return copying_sql.erasures_in(url, DEFAULT)
