"""Batches into tables: places in the one order, idempotency keys, many batches in one transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from llm4rec.core import DataError, Receipt
from llm4rec.store.columns import Row
from llm4rec.store.database_sql import Database, T

Name = tuple[str, str]  # tenant and key
_LAST = T["clock"].c.last
_TAKEN = sa.update(T["clock"]).values(last=_LAST + sa.bindparam("more")).returning(_LAST)


@dataclass(frozen=True)
class Batch:
    """Rows of one append, by table, ready to be written. `digest` is empty where there is no key."""

    tenant: str
    rows: tuple[tuple[str, Row], ...]
    time: float
    key: str | None = None
    digest: str = ""


def digest_of(rows: Sequence[tuple[str, Row]], arrived: float | None = None) -> str:
    """What tells a repeated batch from another one under the same key: all but times that are those of the arrival."""
    if arrived is not None:
        rows = [(table, {**row, "time": None} if row.get("time") == arrived else row) for table, row in rows]
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


def write_all(database: Database, batches: Sequence[Batch]) -> list[Receipt | Exception]:
    """One transaction for all; where the database refuses a row, one for each, so that nobody pays for others."""
    try:
        with database.writing() as connection:
            return _write(connection, batches)
    except DataError as error:
        if len(batches) == 1:
            return [error]
    # The common transaction left nothing: each batch again, alone.
    results: list[Receipt | Exception] = []
    for batch in batches:
        try:
            results += write_all(database, [batch])
        except Exception as error:  # given to whoever waits for this batch
            results.append(error)
    return results


def take_places(connection: sa.Connection, rows: int) -> int:
    """The first of `rows` places. Whoever asks next waits until this transaction ends, so places are given in its order."""
    last: int = connection.execute(_TAKEN, {"more": rows}).scalar_one()
    return last - rows + 1


def _write(connection: sa.Connection, batches: Sequence[Batch]) -> list[Receipt | Exception]:
    start = place = take_places(connection, 0)
    known = _receipts(connection, [(b.tenant, b.key) for b in batches if b.key is not None])
    results: list[Receipt | Exception] = []
    tables: dict[str, list[Row]] = {}
    for batch in batches:
        name = (batch.tenant, batch.key or "")
        if batch.key is not None and name in known:
            results.append(_again(batch, known[name]))
            continue
        for number, (table, row) in enumerate(batch.rows):
            tables.setdefault(table, []).append({"seq": place + number, "tenant": batch.tenant, **row})
        receipt = Receipt(place, place + len(batch.rows) - 1, len(batch.rows))
        place += len(batch.rows)
        results.append(receipt)
        if batch.key is not None:
            tables.setdefault("receipts", []).append(known.setdefault(name, _kept(batch, receipt)))
    if place > start:
        take_places(connection, place - start)
    for table, rows in tables.items():
        connection.execute(T[table].insert(), rows)
    return results


def _receipts(connection: sa.Connection, names: Sequence[Name]) -> dict[Name, Row]:
    if not names:
        return {}
    table = T["receipts"]
    asked = sa.select(*table.c).where(sa.tuple_(table.c.tenant, table.c.key).in_(names))
    return {(row["tenant"], row["key"]): dict(row) for row in connection.execute(asked).mappings()}


def _kept(batch: Batch, receipt: Receipt) -> Row:
    return {
        "tenant": batch.tenant,
        "key": batch.key,
        "digest": batch.digest,
        "time": batch.time,
        "first": receipt.first,
        "last": receipt.last,
        "count": receipt.rows,
    }


def _again(batch: Batch, row: Mapping[str, Any]) -> Receipt | DataError:
    if row["digest"] != batch.digest:
        return DataError(
            f"idempotency key {batch.key!r} came with another batch before; give this one a new key"
        )
    return Receipt(row["first"], row["last"], row["count"], repeated=True)
