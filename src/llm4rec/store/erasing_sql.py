"""Forgetting on purpose: a person with a proof; impressions that are too old, of which counts stay; edits out of force."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from llm4rec.core import Erasure, Retained
from llm4rec.store.appending_sql import take_places
from llm4rec.store.columns import SPECS
from llm4rec.store.database_sql import Database, T

DAY = 86_400
PART = 1_000  # impressions of one transaction: others write between
OF_PEOPLE = tuple(spec.table for spec in SPECS.values() if spec.user)
KEPT = ("tenant", "day", "item", "policy", "experiment", "variant")


def subject_of(salt: str, tenant: str, user: str) -> str:
    """The salted hash that stands for a user where they may not be named."""
    return hashlib.sha256(f"{salt}\0{tenant}\0{user}".encode()).hexdigest()


def erase(connection: sa.Connection, tenant: str, user: str, subject: str, time: float) -> Erasure:
    """Remove every row of a user and write the proof, in the transaction of `connection`."""
    place = take_places(connection, 1)
    before = _counts(connection, tenant, user)
    for name, mine in _mine(tenant, user):
        connection.execute(sa.delete(T[name]).where(*mine))
    # The audit stays: what was done was done. It names the person by the hash from now on.
    audit = T["audit"]
    named = sa.update(audit).where(audit.c.tenant == tenant, audit.c.subject == user)
    connection.execute(named.values(subject=subject))
    after = _counts(connection, tenant, user)
    proof = Erasure(subject, time, before, after, _last_hash(connection, tenant))
    proof = replace(proof, hash=proof.expected_hash())
    row = {"seq": place, "tenant": tenant, "subject": subject, "time": time}
    row |= {"before": json.dumps(before), "after": json.dumps(after)}
    connection.execute(T["erasures"].insert(), {**row, "previous": proof.previous, "hash": proof.hash})
    return proof


def _mine(tenant: str, user: str) -> Iterator[tuple[str, list[Any]]]:
    for name in OF_PEOPLE:
        yield name, [T[name].c.tenant == tenant, T[name].c.user == user]
    vectors = T["vectors"].c
    yield "vectors", [vectors.tenant == tenant, vectors.owner == "user", vectors.id == user]


def _counts(connection: sa.Connection, tenant: str, user: str) -> dict[str, int]:
    mine = [*_mine(tenant, user), ("audit", [T["audit"].c.tenant == tenant, T["audit"].c.subject == user])]
    return {
        name: connection.execute(sa.select(sa.func.count()).select_from(T[name]).where(*of)).scalar_one()
        for name, of in mine
    }


def _last_hash(connection: sa.Connection, tenant: str) -> str:
    table = T["erasures"]
    asked = sa.select(table.c.hash).where(table.c.tenant == tenant).order_by(table.c.seq.desc()).limit(1)
    return connection.execute(asked).scalar() or ""


def retain(connection: sa.Connection, database: Database, tenant: str, before: float) -> Retained:
    """One part of what is older than `before`: counted, then dropped. Nothing dropped means that all is done."""
    take_places(connection, 0)  # nobody else writes meanwhile
    table, keys = T["impressions"], T["receipts"]
    names = ("seq", "time", "slots", "policy", "experiment", "variant")
    asked = sa.select(*(table.c[name] for name in names)).where(
        table.c.tenant == tenant, table.c.time < before
    )
    rows = connection.execute(asked.order_by(table.c.time).limit(PART)).all()
    if rows:
        _add(connection, database, tenant, _shown(rows))
        gone = sa.delete(table).where(table.c.seq == sa.bindparam("gone"))
        connection.execute(gone, [{"gone": row[0]} for row in rows])
    old = sa.delete(keys).where(keys.c.tenant == tenant, keys.c.time < before)
    dropped = connection.execute(old).rowcount
    return Retained(len(rows), dropped, connection.execute(_out_of_force(tenant, before)).rowcount)


def _out_of_force(tenant: str, before: float) -> sa.Delete:
    """Old edits of profiles that newer ones took the place of: what their owner took back is not kept for ever."""
    edits, later = T["edits"], T["edits"].alias("later")
    same = later.c.tenant == edits.c.tenant, later.c.user == edits.c.user
    newer = sa.exists().where(*same, later.c.seq > edits.c.seq)
    return sa.delete(edits).where(edits.c.tenant == tenant, edits.c.time < before, newer)


def _shown(rows: Sequence[Any]) -> Counter[tuple[Any, ...]]:
    """How often each item was shown by day, policy, experiment and variant."""
    found: Counter[tuple[Any, ...]] = Counter()
    for _, time, slots, policy, experiment, variant in rows:
        for item, *_ in json.loads(slots):
            found[int(time // DAY), item, policy, experiment, variant] += 1
    return found


def _add(connection: sa.Connection, database: Database, tenant: str, shown: Counter[tuple[Any, ...]]) -> None:
    if not shown:
        return
    place = take_places(connection, len(shown))
    insert = database.insert("exposures")
    more = {"shown": T["exposures"].c.shown + insert.excluded.shown}
    columns = ("seq", *KEPT, "shown")
    rows = [
        dict(zip(columns, (place + number, tenant, *what, count), strict=True))
        for number, (what, count) in enumerate(shown.items())
    ]
    connection.execute(insert.on_conflict_do_update(index_elements=list(KEPT), set_=more), rows)
