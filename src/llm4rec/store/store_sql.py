"""The store over one database, embedded or shared. Translates ids and threads; the SQL stands in the files beside."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import astuple
from operator import add
from typing import Any, Self, TypeVar

import numpy as np
import sqlalchemy as sa

from llm4rec.core import (
    DEFAULT_TENANT,
    DataError,
    Erasure,
    Floats,
    Id,
    Owner,
    Page,
    Person,
    Receipt,
    Record,
    Retained,
)
from llm4rec.store import erasing_sql, reading_sql, vectors_sql
from llm4rec.store.appending_sql import Batch, digest_of, write_all
from llm4rec.store.columns import encoded, id_text, spec_of
from llm4rec.store.config import DEFAULT, StoreConfig
from llm4rec.store.database_sql import Database, T
from llm4rec.store.migrating_sql import check_names, prepare
from llm4rec.store.pending import Job, Pending
from llm4rec.store.pseudonyms import pseudonyms_of

R = TypeVar("R")
TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
MOST_ROWS = 100_000  # of one append


class SqlStore:
    """A `Store` that also `KeepsVectors` and `Erases`: one SQLite file in WAL mode, or a PostgreSQL database.

    A write is acknowledged after its transaction is on disk (SQLite: synchronous=FULL). What many threads hand over
    while one transaction runs goes into the next one together.
    """

    config_type = StoreConfig

    def __init__(self, url: str, config: StoreConfig = DEFAULT, now: Callable[[], float] = time.time) -> None:
        self.config, self._now, self.url = config, now, url
        self._pseudonyms = pseudonyms_of(config.pseudonym_key_env)
        self.database = Database(url, config)
        try:
            self.about = prepare(self.database, self._pseudonyms)
            check_names(self.about, self._pseudonyms, self.name)
        except BaseException:
            self.database.close()
            raise
        self._pending = Pending(self._write, config.waiting_rows, config.gather_seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def name(self) -> str:
        """The file, or the URL without its password."""
        return self.database.name

    def append(
        self,
        rows: Sequence[Record],
        *,
        tenant: str = DEFAULT_TENANT,
        key: str | None = None,
        arrived: float | None = None,
    ) -> Receipt:
        """Keep all rows or none; returns when they are on disk. See `Store`."""
        return self._handed_over(rows, tenant, key, arrived).result()

    def append_soon(
        self,
        rows: Sequence[Record],
        *,
        tenant: str = DEFAULT_TENANT,
        key: str | None = None,
        arrived: float | None = None,
    ) -> Future[Receipt]:
        """The same without waiting: the future is done when the rows are on disk, `gather_seconds` later at least."""
        return self._handed_over(rows, tenant, key, arrived, patient=True)

    def read(
        self, noun: type[R], *, tenant: str = DEFAULT_TENANT, after: int = 0, limit: int = 1_000
    ) -> Page[R]:
        """Rows of one kind behind a place. See `Store`."""
        return reading_sql.read(self.database, noun, _tenant(tenant), after, _positive(limit, "limit"))

    def current(
        self, noun: type[R], ids: Sequence[Id] | None = None, *, tenant: str = DEFAULT_TENANT, after: int = 0
    ) -> Page[R]:
        """The newest row of each id. See `Store`."""
        tenant = _tenant(tenant)
        if ids is None:
            return reading_sql.current(self.database, noun, tenant, None, after)
        people = spec_of(noun).key == "user"
        names = [self._user(name, tenant) if people else id_text(name) for name in dict.fromkeys(ids)]
        return reading_sql.current(self.database, noun, tenant, names, after)

    def recent(
        self, noun: type[R], users: Sequence[Id], *, tenant: str = DEFAULT_TENANT, n: int = 50
    ) -> list[tuple[R, ...]]:
        """The last rows of each user. See `Store`."""
        tenant = _tenant(tenant)
        names = [self._user(user, tenant) for user in users]
        return reading_sql.recent(self.database, noun, tenant, names, _positive(n, "n"))

    def people(
        self,
        users: Sequence[Id],
        last: Mapping[type, int],
        newest: Sequence[type],
        *,
        tenant: str = DEFAULT_TENANT,
    ) -> list[Person]:
        """Rows of some users of several kinds, by one question. See `LooksUpPeople`."""
        tenant = _tenant(tenant)
        names = [self._user(user, tenant) for user in users]
        counts = {noun: _positive(n, "n") for noun, n in last.items()}
        return reading_sql.people(self.database, tenant, names, counts, newest)

    def clock(self) -> int:
        """The place of the newest row of all; asks the database, so that an answer is a sign of health."""
        return reading_sql.clock(self.database)

    def put_vectors(
        self,
        space: str,
        ids: Sequence[Id],
        vectors: Floats,
        *,
        owner: Owner = "item",
        tenant: str = DEFAULT_TENANT,
    ) -> None:
        """Keep or replace vectors. See `KeepsVectors`."""
        rows = np.asarray(vectors, dtype=np.float32)
        if rows.shape != (len(ids), *rows.shape[1:2]) or rows.shape[1] == 0 or not np.isfinite(rows).all():
            raise DataError(f"vectors are ({len(ids)}, width) finite numbers, not of shape {rows.shape}")
        place = self._place(space, owner, tenant)
        names = self._owners(ids, owner, place[0])
        if len(set(names)) != len(names):
            raise DataError("ids of vectors are distinct")

        def write(connection: sa.Connection) -> None:
            vectors_sql.write(connection, self.database, place, names, rows)

        self._alone(write)

    def vectors(
        self,
        space: str,
        ids: Sequence[Id] | None = None,
        *,
        owner: Owner = "item",
        tenant: str = DEFAULT_TENANT,
    ) -> tuple[list[str], Floats]:
        """Ids that have one, and their vectors. See `KeepsVectors`."""
        place = self._place(space, owner, tenant)
        names = None if ids is None else self._owners(ids, owner, place[0])
        return vectors_sql.read(self.database, place, names)

    def nearest(
        self, space: str, queries: Floats, k: int, *, owner: Owner = "item", tenant: str = DEFAULT_TENANT
    ) -> list[list[tuple[str, float]]]:
        """The ids of largest inner product. See `KeepsVectors`."""
        rows = np.asarray(queries, dtype=np.float32)
        if rows.ndim != 2 or not np.isfinite(rows).all():
            raise DataError(f"queries are (queries, width) finite numbers, not of shape {rows.shape}")
        return vectors_sql.nearest(self.database, self._place(space, owner, tenant), rows, _positive(k, "k"))

    def subject(self, user: Id, *, tenant: str = DEFAULT_TENANT) -> str:
        """By which salted hash proofs name a user. See `Erases`."""
        tenant = _tenant(tenant)
        return erasing_sql.subject_of(self.about["salt"], tenant, self._user(user, tenant))

    def erase(self, user: Id, *, tenant: str = DEFAULT_TENANT) -> Erasure:
        """Remove a person and leave the proof. See `Erases`."""
        tenant = _tenant(tenant)
        name, subject = self._user(user, tenant), self.subject(user, tenant=tenant)

        def erase(connection: sa.Connection) -> Erasure:
            return erasing_sql.erase(connection, tenant, name, subject, self._now())

        proof: Erasure = self._alone(erase)
        if self.database.embedded:
            self.database.scrub()
        return proof

    def retain(self, before: float, *, tenant: str = DEFAULT_TENANT) -> Retained:
        """Drop old impressions, idempotency keys and edits out of force, part by part. See `Erases`."""
        tenant = _tenant(tenant)

        def part(connection: sa.Connection) -> Retained:
            return erasing_sql.retain(connection, self.database, tenant, float(before))

        done: Retained = self._alone(part)
        total = done
        while done.impressions:
            done = self._alone(part)
            total = Retained(*(map(add, astuple(total), astuple(done))))
        return total

    def notes(self, *, tenant: str = DEFAULT_TENANT) -> dict[str, str]:
        """What was noted about the data of a tenant as a whole: types of columns, the name of a data set."""
        notes = T["notes"].c
        with self.database.reading() as connection:
            rows = connection.execute(
                sa.select(notes.name, notes.value).where(notes.tenant == _tenant(tenant))
            )
            return {row.name: row.value for row in rows}

    def note(self, notes: Mapping[str, str], *, tenant: str = DEFAULT_TENANT) -> None:
        """Keep or replace notes."""
        insert = self.database.insert("notes")
        statement = insert.on_conflict_do_update(
            index_elements=["tenant", "name"], set_={"value": insert.excluded.value}
        )
        rows = [{"tenant": _tenant(tenant), "name": name, "value": value} for name, value in notes.items()]
        self._alone(lambda connection: connection.execute(statement, rows))

    def close(self) -> None:
        """Write what was handed over, then let go of the database."""
        self._pending.close()
        self.database.close()

    def _write(self, jobs: Sequence[Job]) -> Sequence[Any]:
        """On the thread that writes: batches together, other work by itself."""
        if not jobs[0].alone:
            return write_all(self.database, [job.work for job in jobs])
        with self.database.writing() as connection:
            result = jobs[0].work(connection)
        return [result]

    def _alone(self, work: Callable[[sa.Connection], Any]) -> Any:
        return self._pending.hand_over(Job(work, 1, alone=True)).result()

    def _handed_over(
        self,
        rows: Sequence[Record],
        tenant: str,
        key: str | None,
        arrived: float | None,
        patient: bool = False,
    ) -> Future[Receipt]:
        if not 0 < len(rows) <= MOST_ROWS:
            raise DataError(
                f"a batch has 1 to {MOST_ROWS:,} rows, not {len(rows):,}; split it, or leave it out"
            )
        tenant = _tenant(tenant)
        laid = tuple((spec_of(type(row)).table, self._row(row, tenant)) for row in rows)
        if key is None:
            batch = Batch(tenant, laid, self._now())
        else:
            name = id_text(key, "idempotency key")
            batch = Batch(tenant, laid, self._now(), name, digest_of(laid, arrived))
        return self._pending.hand_over(Job(batch, len(laid), patient=patient))

    def _row(self, record: Record, tenant: str) -> dict[str, Any]:
        row = encoded(record)
        if self._pseudonyms is not None and row.get("user") is not None:
            row["user"] = self._pseudonyms(tenant, row["user"])
        return row

    def _user(self, user: Id, tenant: str) -> str:
        name = id_text(user, "user")
        return name if self._pseudonyms is None else self._pseudonyms(tenant, name)

    def _owners(self, ids: Sequence[Id], owner: Owner, tenant: str) -> list[str]:
        return [self._user(one, tenant) if owner == "user" else id_text(one) for one in ids]

    def _place(self, space: str, owner: Owner, tenant: str) -> tuple[str, str, Owner]:
        if owner not in ("item", "user"):
            raise DataError(f"owner {owner!r}: vectors belong to an 'item' or a 'user'")
        return _tenant(tenant), id_text(space, "space"), owner


def _tenant(name: str) -> str:
    if not isinstance(name, str) or not TENANT.fullmatch(name):
        raise DataError(
            f"tenant {ascii(name)[:60]}: letters, digits, '_', '.' and '-', at most 64, no sign first"
        )
    return name


def _positive(value: int, what: str) -> int:
    if value < 1:
        raise DataError(f"{what} = {value}: it is at least 1")
    return value
