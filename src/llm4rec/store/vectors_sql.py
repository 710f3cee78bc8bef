"""Vectors by space, owner and id: kept as float32, compared by inner product, exactly. Knows no encoder."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa

from llm4rec.core import DataError, Floats, Owner
from llm4rec.store.database_sql import Database, T

KEYS = ("tenant", "space", "owner", "id")
PART = 2_000  # vectors in memory at a time while comparing
V = T["vectors"].c


def write(
    connection: sa.Connection,
    database: Database,
    place: tuple[str, str, Owner],
    ids: Sequence[str],
    rows: Floats,
) -> None:
    """Keep or replace vectors (ids, width) at (tenant, space, owner); DataError where the space has another width."""
    if not ids:
        return
    tenant, space, owner = place
    width = connection.execute(sa.select(V.width).where(*_at(place)).limit(1)).scalar()
    if width not in (None, rows.shape[1]):
        raise DataError(
            f"vectors of {space!r} have {width} numbers, not {rows.shape[1]}; use another space for another encoder"
        )
    value = value_of(database)
    insert = database.insert("vectors").values(
        **{name: sa.bindparam(name) for name in (*KEYS, "width")}, vector=value
    )
    statement = insert.on_conflict_do_update(
        index_elements=list(KEYS), set_={"vector": insert.excluded.vector}
    )
    fixed = {"tenant": tenant, "space": space, "owner": owner, "width": rows.shape[1]}
    packed = [pack(row, database.vectors_as_bytes) for row in rows]
    connection.execute(
        statement, [{**fixed, "id": name, "packed": value} for name, value in zip(ids, packed, strict=True)]
    )


def read(
    database: Database, place: tuple[str, str, Owner], ids: Sequence[str] | None
) -> tuple[list[str], Floats]:
    """The ids there are, sorted, and their vectors."""
    found = {
        name: row for part, rows in _parts(database, place, ids) for name, row in zip(part, rows, strict=True)
    }
    names = sorted(found)
    return names, np.stack([found[n] for n in names]) if names else np.zeros((0, 0), dtype=np.float32)


def nearest(
    database: Database, place: tuple[str, str, Owner], queries: Floats, k: int
) -> list[list[tuple[str, float]]]:
    """For each query the k ids of largest inner product; PostgreSQL finds them itself where it has pgvector."""
    if not database.vectors_as_bytes:
        return [_asked(database, place, query, k) for query in queries]
    best: list[list[tuple[float, str]]] = [[] for _ in queries]
    for names, rows in _parts(database, place, None):
        _same_width(queries, rows)
        for kept, scores in zip(best, queries @ rows.T, strict=True):
            both = [*kept, *((-float(score), name) for score, name in zip(scores, names, strict=True))]
            kept[:] = heapq.nsmallest(k, both)
    return [[(name, -score) for score, name in kept] for kept in best]


def _asked(
    database: Database, place: tuple[str, str, Owner], query: Floats, k: int
) -> list[tuple[str, float]]:
    with database.reading() as connection:
        width = connection.execute(sa.select(V.width).where(*_at(place)).limit(1)).scalar()
        if width is not None:
            _same_width(query[None], np.zeros((1, width)))
        distance = V.vector.op("<#>")(sa.cast(sa.literal(pack(query, False), sa.Text), _Vector()))
        far = sa.type_coerce(distance, sa.Float).label("far")
        rows = connection.execute(sa.select(V.id, far).where(*_at(place)).order_by(far, V.id).limit(k)).all()
    return [(name, -float(score)) for name, score in rows]


def _same_width(queries: Any, rows: Any) -> None:
    if queries.shape[1] != rows.shape[1]:
        raise DataError(
            f"a query has {queries.shape[1]} numbers and the vectors have {rows.shape[1]}; use one encoder"
        )


class _Vector(sa.types.UserDefinedType[Any]):
    """The type of pgvector, by name."""

    cache_ok = True

    def get_col_spec(self, **words: Any) -> str:
        """Its name in SQL."""
        del words
        return "vector"


def value_of(database: Database) -> Any:
    """The place of a packed vector in an insert."""
    if database.vectors_as_bytes:
        return sa.bindparam("packed", type_=sa.LargeBinary)
    return sa.cast(sa.bindparam("packed", type_=sa.Text), _Vector())


def pack(row: Floats, as_bytes: bool) -> Any:
    """A vector as the database takes it."""
    return row.astype("<f4").tobytes() if as_bytes else json.dumps([float(x) for x in row])


def unpack(value: Any, as_bytes: bool) -> Floats:
    """A vector from what the database gives."""
    return np.frombuffer(value, dtype="<f4") if as_bytes else np.array(json.loads(value), dtype=np.float32)


def _at(place: tuple[str, str, Owner]) -> list[Any]:
    return [column == value for column, value in zip((V.tenant, V.space, V.owner), place, strict=True)]


def _parts(
    database: Database, place: tuple[str, str, Owner], ids: Sequence[str] | None
) -> Iterator[tuple[list[str], Floats]]:
    """Ids and vectors, some at a time, by id."""
    text = V.vector if database.vectors_as_bytes else sa.cast(V.vector, sa.Text)
    asked = sa.select(V.id, text).where(*_at(place))
    after = ""
    with database.reading() as connection:
        if ids is not None:
            for start in range(0, len(ids), PART):
                rows = connection.execute(asked.where(V.id.in_(ids[start : start + PART]))).all()
                if rows:
                    yield _unpacked(rows, database)
            return
        while rows := connection.execute(asked.where(V.id > after).order_by(V.id).limit(PART)).all():
            yield _unpacked(rows, database)
            after = rows[-1][0]


def _unpacked(rows: Sequence[Any], database: Database) -> tuple[list[str], Floats]:
    vectors = [unpack(value, database.vectors_as_bytes) for _, value in rows]
    return [name for name, _ in rows], np.stack(vectors)
