"""What a store promises and what it hands back. Knows nothing of databases."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, Protocol, TypeAlias, TypeVar, runtime_checkable

from llm4rec.core.arrays import Floats
from llm4rec.core.records import Record
from llm4rec.core.vocabulary import Id

R = TypeVar("R")
DEFAULT_TENANT = "default"
Owner = Literal["item", "user"]
Person: TypeAlias = Mapping[type, tuple[Any, ...]]
"""Some rows of one user, by kind, oldest first; a kind of which there are none is not in it."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """An acknowledged batch: its rows are durable, at places `first` to `last` of the store's one order.

    A batch repeated under its idempotency key has an equal receipt; `repeated` then says that nothing was written.
    """

    first: int
    last: int
    rows: int
    repeated: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """Some rows in their order; `cursor` is what to ask behind next, the same as before when there was nothing."""

    rows: tuple[R, ...]
    cursor: int


@dataclass(frozen=True, slots=True)
class Erasure:
    """Proof that a person was erased: rows by table before and after, chained by hashes, without their id.

    `subject` is a salted hash of the id. `hash` covers all fields and the `previous` erasure of the tenant, so that no
    record can be changed or left out unseen.
    """

    subject: str
    time: float
    before: Mapping[str, int]
    after: Mapping[str, int]
    previous: str = ""
    hash: str = ""

    def expected_hash(self) -> str:
        """SHA-256 of the record without its own hash."""
        told = [self.subject, repr(self.time), dict(self.before), dict(self.after), self.previous]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def unbroken(erasures: Sequence[Erasure]) -> bool:
    """Whether a tenant's erasures, oldest first, are complete and as they were written."""
    previous = ""
    for one in erasures:
        if one.previous != previous or one.hash != one.expected_hash():
            return False
        previous = one.hash
    return True


@dataclass(frozen=True, slots=True)
class Exposure:
    """How often an item was shown on a day (days since 1970, UTC) by impressions that are no longer kept."""

    day: int
    item: Id
    policy: str
    experiment: str
    variant: str
    shown: int


@dataclass(frozen=True, slots=True)
class Retained:
    """What a retention dropped: impressions, which live on as exposures, idempotency keys, and edits no longer in force."""

    impressions: int
    keys: int
    edits: int = 0


@runtime_checkable
class Store(Protocol):
    """Keeps the records of a service: append-only, by batch, apart by tenant; acknowledged means durable.

    All appends have places in one order, so that a place is a cursor: behind it is what is new. Ids are known by
    their text: 5 and "5" are one, and come back as "5". Safe to use from many threads; every process opens its own.
    Errors are StoreError and its kinds, DataError for rows that cannot be kept.
    """

    def append(
        self,
        rows: Sequence[Record],
        *,
        tenant: str = DEFAULT_TENANT,
        key: str | None = None,
        arrived: float | None = None,
    ) -> Receipt:
        """Keep all rows or none. A `key` makes it idempotent: the same batch again is acknowledged, not kept again.

        Rows whose time is `arrived` told none: their time does not tell a repeated batch from another.
        """
        ...

    def append_soon(
        self,
        rows: Sequence[Record],
        *,
        tenant: str = DEFAULT_TENANT,
        key: str | None = None,
        arrived: float | None = None,
    ) -> Future[Receipt]:
        """The same without waiting; done is durable. Rows that cannot be kept and a full queue raise at once."""
        ...

    def read(
        self, noun: type[R], *, tenant: str = DEFAULT_TENANT, after: int = 0, limit: int = 1_000
    ) -> Page[R]:
        """Rows of one kind behind a place, in their order; never skips a row that was acknowledged."""
        ...

    def current(
        self, noun: type[R], ids: Sequence[Id] | None = None, *, tenant: str = DEFAULT_TENANT, after: int = 0
    ) -> Page[R]:
        """The newest row of each id, tombstones included: those asked for, or a page of all behind a place."""
        ...

    def recent(
        self, noun: type[R], users: Sequence[Id], *, tenant: str = DEFAULT_TENANT, n: int = 50
    ) -> list[tuple[R, ...]]:
        """For each user the last `n` rows by time, oldest first."""
        ...

    def clock(self) -> int:
        """The place of the newest row of all: 0 where nothing was ever kept. A sign of health: it asks the database."""
        ...

    def close(self) -> None:
        """Wait for what was handed over, then let go of everything."""
        ...


@runtime_checkable
class LooksUpPeople(Protocol):
    """A store that answers all that is asked of some people at once; of others it is asked kind by kind (`people_of`)."""

    def people(
        self,
        users: Sequence[Id],
        last: Mapping[type, int],
        newest: Sequence[type],
        *,
        tenant: str = DEFAULT_TENANT,
    ) -> list[Person]:
        """For each user, by kind: of `last` its so many last rows by time, as `recent`; of `newest` the one in force."""
        ...


@runtime_checkable
class KeepsVectors(Protocol):
    """A store that also keeps vectors: one an id, in named spaces of one width."""

    def put_vectors(
        self,
        space: str,
        ids: Sequence[Id],
        vectors: Floats,
        *,
        owner: Owner = "item",
        tenant: str = DEFAULT_TENANT,
    ) -> None:
        """Keep or replace the vectors (ids, width) float32."""
        ...

    def vectors(
        self,
        space: str,
        ids: Sequence[Id] | None = None,
        *,
        owner: Owner = "item",
        tenant: str = DEFAULT_TENANT,
    ) -> tuple[list[str], Floats]:
        """The ids, sorted, that have one (of those asked for), and their vectors (ids, width)."""
        ...

    def nearest(
        self, space: str, queries: Floats, k: int, *, owner: Owner = "item", tenant: str = DEFAULT_TENANT
    ) -> list[list[tuple[str, float]]]:
        """For each query the `k` ids of largest inner product, exact, best first; ties by id."""
        ...


@runtime_checkable
class Erases(Protocol):
    """A store that can forget: people with a proof, and old impressions."""

    def erase(self, user: Id, *, tenant: str = DEFAULT_TENANT) -> Erasure:
        """Remove every row of a person and leave the proof. Copies elsewhere (backups, engines) are not reached."""
        ...

    def subject(self, user: Id, *, tenant: str = DEFAULT_TENANT) -> str:
        """By which salted hash the proofs of this store name a user."""
        ...

    def retain(self, before: float, *, tenant: str = DEFAULT_TENANT) -> Retained:
        """Drop what is older than `before` (UTC seconds): impressions, of which counts stay, idempotency keys, and edits
        of profiles that newer ones took the place of."""
        ...


def people_of(
    store: Store, users: Mapping[str, Id], last: Mapping[type, int], newest: Sequence[type], tenant: str
) -> list[Person]:
    """What `LooksUpPeople` says, of any store; `users` are ids by the names that they have in it."""
    ids = list(users.values())
    if isinstance(store, LooksUpPeople):
        return store.people(ids, last, newest, tenant=tenant)
    found: dict[str, dict[type, tuple[Any, ...]]] = {name: {} for name in users}
    for noun, n in last.items():
        told: Sequence[tuple[Any, ...]] = store.recent(noun, ids, tenant=tenant, n=n)
        for person, rows in zip(found.values(), told, strict=True):
            person |= {noun: rows} if rows else {}
    for noun in newest:
        page: Page[Any] = store.current(noun, ids, tenant=tenant)
        for row in page.rows:
            found[str(row.user)][noun] = (row,)
    return list(found.values())


def stream(store: Store, noun: type[R], *, tenant: str = DEFAULT_TENANT, after: int = 0) -> Iterator[R]:
    """Every row of a kind behind a place, in their order, a page in memory at a time."""
    while True:
        page = store.read(noun, tenant=tenant, after=after)
        yield from page.rows
        if page.cursor == after:
            return
        after = page.cursor


def stream_current(store: Store, noun: type[R], *, tenant: str = DEFAULT_TENANT) -> Iterator[R]:
    """The newest row of every id, a page in memory at a time."""
    after = 0
    while True:
        page = store.current(noun, tenant=tenant, after=after)
        yield from page.rows
        if page.cursor == after:
            return
        after = page.cursor


def as_plain(record: Any) -> dict[str, Any]:
    """The fields of a record, for JSON."""
    return {name: getattr(record, name) for name in record.__dataclass_fields__}
