"""What the next fit may see: what the engine was fitted on, and all that the store has since. Fits nothing."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from llm4rec.core import (
    DAY,
    DataError,
    Dataset,
    Erases,
    Erasure,
    Feedback,
    ItemVersion,
    Store,
    UserVersion,
    stream,
    stream_current,
)
from llm4rec.engine.live.naming import Naming
from llm4rec.engine.live_settings import LiveSettings

PAGE = 5_000  # events in memory at a time
NEVER = -float("inf")
Pages = Iterator[Sequence[Feedback]]


@dataclass(frozen=True, eq=False)
class Gathered:
    """The data of the next fit; how many people of the base were erased since, and how many quiet ones stay away."""

    dataset: Dataset
    erased: int
    quiet: int


def gathered(base: Dataset, store: Store, naming: Naming, settings: LiveSettings) -> Gathered:
    """`base` with the events, items and users of a tenant since; the same event (user, item, kind, time) is one.

    Events from before a person was erased are left out, and so are deleted items. Of people who did nothing for
    `refit_days`, `refit_replay` stay with all that they did: always the same ones, by a hash of their ids. People of
    `base` are named as the store names them (`naming.data`), and so are those of the result: no other name is written.
    """
    from llm4rec.data import read_dataset
    from llm4rec.data.from_records import Kept, write_records
    from llm4rec.data.to_records import types, versions

    tenant = naming.tenant
    erased = _erased(base, store, naming)
    sources = _Sources(base, store, tenant, erased)
    away = _quiet(sources, settings)
    items: dict[str, ItemVersion] = {}
    users: dict[str, UserVersion] = {}
    for batch in versions(base):
        for row in batch:
            if isinstance(row, ItemVersion):
                items[str(row.item)] = row
            elif str(row.user) not in erased:
                users[str(row.user)] = row
    items |= {str(row.item): row for row in stream_current(store, ItemVersion, tenant=tenant)}
    users |= {str(row.user): row for row in stream_current(store, UserVersion, tenant=tenant)}
    kept = Kept(
        lambda: _without(sources.pages(), away),
        {name: row.attributes for name, row in items.items() if not row.deleted},
        {name: row.attributes for name, row in users.items() if not row.deleted and name not in away},
        base.name,
        base.synthetic,
        frozenset(name for name, row in items.items() if row.deleted),
        {**types(base.users), **types(base.catalog)},
        tuple(w for w, ids in (("items", base.catalog.ids), ("users", base.users.ids)) if ids.numeric),
    )
    with tempfile.TemporaryDirectory(prefix="llm4rec-refit-") as place:
        folder = Path(place) / "data"
        write_records(kept, folder)
        dataset = read_dataset(folder)
    return Gathered(dataset, _forgotten(base, erased), len(away))


@dataclass(frozen=True, eq=False)
class _Sources:
    """All events: those of the base but of who was erased before they did more, then those of the store, each once."""

    base: Dataset
    store: Store
    tenant: str
    erased: Mapping[str, float]

    def pages(self) -> Pages:
        """From the beginning."""
        from llm4rec.data.to_records import feedback

        seen: set[int] = set()
        for batch in feedback(self.base):
            page = [row for row in batch if row.time > self.erased.get(str(row.user), NEVER)]
            seen.update(_what(row) for row in page)
            yield page
        after = 0
        while (rows := self.store.read(Feedback, tenant=self.tenant, after=after, limit=PAGE)).rows:
            new = {_what(row): row for row in rows.rows if _what(row) not in seen}
            seen.update(new)
            yield list(new.values())
            after = rows.cursor


def _what(row: Feedback) -> int:
    """By which two rows are one event."""
    return hash((str(row.user), str(row.item), row.kind, row.time))


def _without(pages: Pages, away: frozenset[str]) -> Pages:
    for page in pages:
        yield [row for row in page if str(row.user) not in away] if away else page


def _erased(base: Dataset, store: Store, naming: Naming) -> dict[str, float]:
    """Until when nothing of a person may be learnt, by person of the base; for ever where events have no clock."""
    times = {one.subject: one.time for one in stream(store, Erasure, tenant=naming.tenant)}
    if not times or not isinstance(store, Erases):
        return {}
    found = {}
    for user in base.users.ids.ids:
        try:
            time = times.get(naming.subject(store, user, hidden=True))
        except DataError:
            continue  # no id that a store could have kept
        if time is not None:
            found[str(user)] = time if base.interactions.has_clock else np.inf
    return found


def _forgotten(base: Dataset, erased: Mapping[str, float]) -> int:
    """How many of them the base knows from before they were erased: those who came back later are not counted again."""
    found = 0
    for user, time in erased.items():
        past = base.history(base.users.ids.number(user)).timestamps
        found += int(not len(past) or past[0] <= time)
    return found


def _quiet(sources: _Sources, settings: LiveSettings) -> frozenset[str]:
    """People who did nothing for long, and whom the draw leaves out."""
    if settings.refit_replay >= 1.0:
        return frozenset()
    last: dict[str, float] = {}
    for page in sources.pages():
        for row in page:
            user = str(row.user)
            last[user] = max(last.get(user, NEVER), row.time)
    since = max(last.values(), default=0.0) - settings.refit_days * DAY
    return frozenset(u for u, time in last.items() if time < since and _drawn(u) >= settings.refit_replay)


def _drawn(user: str) -> float:
    """A number in [0, 1) that belongs to a person for ever."""
    return int.from_bytes(hashlib.blake2b(user.encode(), digest_size=6).digest()) / 2**48
