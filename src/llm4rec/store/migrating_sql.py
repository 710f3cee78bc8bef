"""Brings the tables of a database to the newest version, step by step, and refuses what is newer or of others."""

from __future__ import annotations

import secrets

import sqlalchemy as sa

from llm4rec.core import SettingsError, StoreError
from llm4rec.store.database_sql import MARK, SCHEMA, Database, T
from llm4rec.store.failures_sql import told
from llm4rec.store.pseudonyms import Pseudonyms
from llm4rec.store.schema import NEWEST, STEPS

LOCK = 0x6C347265  # of PostgreSQL, so that two that open a new store at once do not both make its tables
WORDS = {
    True: {"int": "INTEGER", "real": "REAL", "bytes": "BLOB", "vector": "BLOB"},
    False: {"int": "BIGINT", "real": "DOUBLE PRECISION", "bytes": "BYTEA"},
}


def prepare(database: Database, pseudonyms: Pseudonyms | None = None, upto: int = NEWEST) -> dict[str, str]:
    """Make or upgrade the tables, all or nothing, and return the notes of the store about itself."""
    if database.embedded:
        _must_be_ours(database)
    with database.writing() as connection:
        if not database.embedded:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            connection.execute(sa.text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
        meta = _meta(connection, database, pseudonyms)
        version = int(meta["schema"])
        if version > NEWEST:
            raise StoreError(
                f"store {database.name} has schema {version}, made by a newer llm4rec; this one knows {NEWEST}. "
                "Upgrade llm4rec, or restore a backup that it made"
            )
        words = {**WORDS[database.embedded], "vector": "vector" if meta["vectors"] == "pgvector" else "BYTEA"}
        words |= {"vector": "BLOB"} if database.embedded else {}
        for number in range(version, upto):
            for statement in STEPS[number]:
                connection.exec_driver_sql(statement.format(**words))
        if version < upto:
            _note(connection, "schema", str(upto))
        database.vectors_as_bytes = meta["vectors"] != "pgvector"
        return {**meta, "schema": str(max(version, upto))}


def _must_be_ours(database: Database) -> None:
    """Looked at by a reader: a writer would turn the journal of somebody else's file into another one."""
    with database.reading() as connection:
        mark = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
        tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
    if tables and mark != MARK:
        raise StoreError(
            f"{database.name} is a database of something else; choose another place for the store"
        )


def _meta(connection: sa.Connection, database: Database, pseudonyms: Pseudonyms | None) -> dict[str, str]:
    """What the store says of itself; written where the database is empty."""
    schema = None if database.embedded else SCHEMA
    there = sa.inspect(connection).get_table_names(schema=schema)
    if {"meta", "clock", "receipts"} <= set(there):
        rows = connection.execute(sa.select(T["meta"].c.name, T["meta"].c.value))
        return {row.name: row.value for row in rows}
    if there:
        raise StoreError(
            f"{database.name} is a database of something else; choose another place for the store"
        )
    connection.exec_driver_sql('CREATE TABLE "meta" ("name" TEXT PRIMARY KEY, "value" TEXT NOT NULL)')
    if database.embedded:
        connection.exec_driver_sql(f"PRAGMA application_id={MARK}")
    vectors = "pgvector" if not database.embedded and _has_pgvector(connection) else "bytes"
    meta = {
        "schema": "0",
        "salt": secrets.token_hex(16),
        "vectors": vectors,
        "pseudonyms": "" if pseudonyms is None else pseudonyms.check,
    }
    for name, value in meta.items():
        connection.execute(T["meta"].insert(), {"name": name, "value": value})
    return meta


def _has_pgvector(connection: sa.Connection) -> bool:
    """Whether the extension is there or can be made; without it vectors are bytes and compared here."""
    found = connection.execute(sa.text("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'")).first()
    if found is None:
        return False
    try:
        with connection.begin_nested():
            connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public")
    except sa.exc.ProgrammingError:  # the user of the database may not make extensions
        return False
    return True


def check_names(meta: dict[str, str], pseudonyms: Pseudonyms | None, name: str) -> None:
    """A store keeps to the names it began with: two names for one person could never be erased together."""
    mine = "" if pseudonyms is None else pseudonyms.check
    if meta["pseudonyms"] == mine:
        return
    if not meta["pseudonyms"]:
        raise SettingsError(f"store {name} keeps ids as they are; pseudonyms are for a new store")
    told_key = "another key" if mine else "none"
    raise SettingsError(
        f"store {name} keeps pseudonyms, and pseudonym_key_env gives {told_key}; name the key it was made with"
    )


def _note(connection: sa.Connection, name: str, value: str) -> None:
    connection.execute(sa.update(T["meta"]).where(T["meta"].c.name == name).values(value=value))


def check_file(database: Database) -> None:
    """StoreError where a SQLite file is broken; every page is read."""
    with told(database.name), database.reader.connect() as connection:
        found = connection.exec_driver_sql("PRAGMA integrity_check").scalar_one()
    if found != "ok":
        raise StoreError(f"store {database.name} is broken ({found}); restore another backup")
