"""Rows out of tables: in their order behind a place, the newest of each id, the last of a user."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

import sqlalchemy as sa

from llm4rec.core import DataError, Page, Person
from llm4rec.store.columns import decoded, spec_of
from llm4rec.store.database_sql import NAMES, Database, T

R = TypeVar("R")
PAGE = 1_000
MOST_IDS = 10_000  # of one question; SQLite takes 32,766 values


def read(database: Database, noun: type[R], tenant: str, after: int, limit: int) -> Page[R]:
    """A page of rows behind `after`."""
    asked = _behind(spec_of(noun).table)
    with database.reading() as connection:
        rows = connection.execute(asked, {"tenant": tenant, "after": after, "limit": limit}).all()
    return _page(noun, rows, after)


def current(database: Database, noun: type[R], tenant: str, ids: Sequence[str] | None, after: int) -> Page[R]:
    """The newest row of each key: of `ids`, or a page of all."""
    spec = spec_of(noun)
    if not spec.key:
        raise DataError(f"{noun.__name__} has no versions; use read")
    asked = _newest(spec.table, spec.key)
    key, place = T[spec.table].c[spec.key], T[spec.table].c.seq
    with database.reading() as connection:
        if ids is None:
            page = asked.where(place > after).order_by(place).limit(PAGE)
            return _page(noun, connection.execute(page, {"tenant": tenant}).all(), after)
        parts = (ids[start : start + MOST_IDS] for start in range(0, len(ids), MOST_IDS))
        found = (connection.execute(asked.where(key.in_(part)), {"tenant": tenant}) for part in parts)
        return _page(noun, sorted((row for part in found for row in part), key=lambda row: row[0]), after)


def recent(
    database: Database, noun: type[R], tenant: str, users: Sequence[str], n: int
) -> list[tuple[R, ...]]:
    """The last `n` rows of each user by time, oldest first."""
    found = people(database, tenant, users, {noun: n}, ())
    return [person.get(noun, ()) for person in found]


def people(
    database: Database, tenant: str, users: Sequence[str], last: Mapping[type, int], newest: Sequence[type]
) -> list[Person]:
    """The last rows by time, and the newest rows, of each user: a statement a kind, in one view of the database."""
    asked = [(noun, "time", n) for noun, n in last.items()] + [(noun, "seq", 1) for noun in newest]
    for noun, _, _ in asked:
        if not spec_of(noun).user:
            raise DataError(f"{noun.__name__} belongs to no user; use read")
    found: dict[str, dict[type, list[Any]]] = {user: {} for user in users}
    given = {"tenant": tenant, "users": json.dumps(list(found))}
    with database.reading() as connection:
        for noun, by, n in asked:
            spec = spec_of(noun)
            who = 1 + spec.names.index("user")
            rows = connection.execute(_of_people(spec.table, by, database.embedded), {**given, "n": n})
            for row in rows:
                found[row[who]].setdefault(noun, []).append(decoded(noun, row[1:]))
    told = {user: {noun: tuple(rows) for noun, rows in own.items()} for user, own in found.items()}
    return [told[user] for user in users]


def clock(database: Database) -> int:
    """The place of the newest row of all."""
    with database.reading() as connection:
        return int(connection.execute(sa.select(T["clock"].c.last)).scalar_one())


@cache
def _behind(name: str) -> sa.Select[Any]:
    """Built once: putting a statement together takes longer than SQLite needs to answer it."""
    place = T[name].c.seq
    behind = _of_tenant(name).where(place > sa.bindparam("after"))
    return behind.order_by(place).limit(sa.bindparam("limit"))


@cache
def _newest(name: str, key: str) -> sa.Select[Any]:
    table, later = T[name], T[name].alias("later")
    same = later.c.tenant == table.c.tenant, later.c[key] == table.c[key]
    return _of_tenant(name).where(~sa.exists().where(*same, later.c.seq > table.c.seq))


@cache
def _of_people(name: str, by: str, embedded: bool) -> sa.TextClause:
    """The last :n rows of each of :users (a JSON list) by a column and then by place, oldest first.

    The join is from people to their rows, by the index of users: in SQLite a CROSS JOIN says so, and keeps to it.
    """
    columns = ", ".join(f't."{column}"' for column in NAMES[name] if column != "tenant")
    mine = f'FROM "{name}" WHERE "tenant" = :tenant AND "user" = asked.value ORDER BY '
    mine += ('"time" DESC, ' if by == "time" else "") + '"seq" DESC LIMIT :n'
    order = f'ORDER BY t."{by}", t."seq"'
    if embedded:
        people = f'json_each(:users) AS asked CROSS JOIN "{name}" AS t WHERE t."seq" IN (SELECT "seq" {mine})'
    else:
        named = "json_array_elements_text(CAST(:users AS json)) AS asked(value)"
        people = f"{named} CROSS JOIN LATERAL (SELECT * {mine}) AS t"
    return sa.text(f"SELECT {columns} FROM {people} {order}")


def _of_tenant(name: str) -> sa.Select[Any]:
    """The place and the columns of the record."""
    table = T[name].c
    columns = [table[column] for column in NAMES[name] if column != "tenant"]
    return sa.select(*columns).where(table.tenant == sa.bindparam("tenant"))


def _page(noun: type[R], rows: Sequence[Any], after: int) -> Page[R]:
    return Page(tuple(decoded(noun, row[1:]) for row in rows), rows[-1][0] if rows else after)
