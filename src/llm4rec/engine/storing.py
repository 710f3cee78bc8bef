"""Between a store and a dataset folder: what was kept can be learnt from, and what was learnt from can be kept."""

from __future__ import annotations

import hashlib
import json
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from llm4rec.core import (
    DEFAULT_TENANT,
    AuditEntry,
    Dataset,
    EditsVersion,
    Feedback,
    Id,
    ItemVersion,
    ProfileEdits,
    Record,
    Store,
    UserVersion,
    stream,
    stream_current,
)

if TYPE_CHECKING:
    from llm4rec.store import StoreConfig
    from llm4rec.store.store_sql import SqlStore

PAGE = 5_000  # rows in memory at a time


def opened(url: str, pseudonym_key_env: str = "", new: bool = False) -> SqlStore:
    """The store at `url`; only with `new` is one made where there is none."""
    from llm4rec.store import open_existing, open_store

    config = naming_people(pseudonym_key_env)
    return open_store(url, config) if new else open_existing(url, config)


def naming_people(pseudonym_key_env: str) -> StoreConfig:
    """Options of a store that keeps people under pseudonyms of the key in this environment variable; plain without one."""
    from llm4rec.store import StoreConfig

    return StoreConfig.of({"pseudonym_key_env": pseudonym_key_env}, "store")


def backed_up(url: str, file: Path) -> Path:
    """A copy of the store as one SQLite file."""
    from llm4rec.store import back_up

    return back_up(url, file)


def restored(file: Path, url: str, erasures: str = "") -> int:
    """Put a backup into a new place, and erase from it again whom the store at `erasures` has erased; how many."""
    from llm4rec.store import erasures_in, restore

    return restore(file, url, erased=erasures_in(erasures) if erasures else ())


def import_dataset(
    store: SqlStore,
    dataset: Dataset,
    tenant: str = DEFAULT_TENANT,
    edits: Mapping[str, ProfileEdits] = MappingProxyType({}),
) -> dict[str, int]:
    """Keep a data set: items, users, interactions by time, then edits of profiles (`data.kept_edits.read_edits`).

    Broken off and begun again, nothing is kept twice.
    """
    from llm4rec.data.to_records import feedback, types, versions

    people, things = dataset.users.ids, dataset.catalog.ids
    whole = [name for name, ids in (("items", things), ("users", people)) if ids.numeric or not len(ids)]
    about = {
        "name": dataset.name,
        "synthetic": dataset.synthetic,
        "types": {**types(dataset.users), **types(dataset.catalog)},
        "whole": whole,
    }
    store.note({"dataset": json.dumps(about)}, tenant=tenant)
    written = 0
    for number, batch in enumerate(versions(dataset)):
        written += _keep(store, batch, f"import-things-{number}", tenant)
    for number, rows in enumerate(feedback(dataset)):
        written += _keep(store, rows, f"import-events-{number}", tenant)
    newest = float(dataset.interactions.timestamps.max(initial=0.0))
    told = [EditsVersion(user, newest, one) for user, one in edits.items()]
    for start in range(0, len(told), PAGE):
        written += _keep(store, told[start : start + PAGE], f"import-edits-{start}", tenant)
    counts = {"interactions": len(dataset.interactions), "items": len(things), "users": len(people)}
    return {**counts, "edits": len(told), "written": written}


def _keep(store: SqlStore, rows: Sequence[Record], name: str, tenant: str) -> int:
    """Rows written now: none where this very batch is kept already."""
    digest = hashlib.sha256(repr(rows).encode("utf-8", "replace")).hexdigest()
    receipt = store.append(rows, tenant=tenant, key=f"{name}-{digest}")
    return 0 if receipt.repeated else receipt.rows


def export_folder(store: SqlStore, folder: str | Path, tenant: str = DEFAULT_TENANT) -> dict[str, int]:
    """Write what a tenant keeps as a dataset folder for `llm4rec fit`; deleted items and their events are left out."""
    from llm4rec.data.from_records import Kept, write_records

    items = {row.item: row for row in stream_current(store, ItemVersion, tenant=tenant)}
    users = {row.user: row for row in stream_current(store, UserVersion, tenant=tenant)}
    edits = {str(row.user): row.edits for row in stream_current(store, EditsVersion, tenant=tenant)}

    def pages() -> Iterator[Sequence[Feedback]]:
        after = 0
        while (page := store.read(Feedback, tenant=tenant, after=after, limit=PAGE)).rows:
            yield page.rows
            after = page.cursor

    about: dict[str, Any] = json.loads(store.notes(tenant=tenant).get("dataset", "{}"))
    kept = Kept(
        pages,
        {str(name): row.attributes for name, row in items.items() if not row.deleted},
        {str(name): row.attributes for name, row in users.items() if not row.deleted},
        edits={user: told for user, told in edits.items() if not told.empty},
        gone=frozenset(str(name) for name, row in items.items() if row.deleted),
        **{
            **about,
            "name": about.get("name") or tenant,
            "whole": tuple(about.get("whole", ("items", "users"))),
        },
    )
    return write_records(kept, folder)


def person(store: Store, user: Id, tenant: str = DEFAULT_TENANT) -> dict[str, list[dict[str, Any]]]:
    """Everything kept of one person, by kind of record, as plain values: what they may ask for."""
    from llm4rec.core import Impression, Report, as_plain

    nouns: tuple[type[Any], ...] = (Feedback, Impression, UserVersion, EditsVersion, Report)
    told: dict[str, list[dict[str, Any]]] = {}
    for noun in nouns:
        (rows,) = store.recent(noun, [user], tenant=tenant, n=2**31 - 1)
        told[noun.__name__] = [_plain(as_plain(row)) for row in rows]
    return told


def noted(store: Store, action: str, subject: str, tenant: str = DEFAULT_TENANT) -> None:
    """Put on record what was done on the machine, by a command."""
    store.append([AuditEntry("command", action, time.time(), subject)], tenant=tenant)


def audit_of(
    store: Store, tenant: str = DEFAULT_TENANT, last: int = 50, action: str = ""
) -> list[dict[str, Any]]:
    """The latest entries of the audit as plain values, oldest first; `action`: only those that begin so."""
    kept = (e for e in stream(store, AuditEntry, tenant=tenant) if e.action.startswith(action))
    return [
        {
            "when": datetime.fromtimestamp(entry.time, UTC).isoformat(timespec="seconds"),
            "who": entry.actor,
            "what": entry.action,
            "subject": entry.subject,
            "told": entry.detail.get("state") or entry.detail.get("reason") or "",
            "detail": dict(entry.detail),
        }
        for entry in deque(kept, maxlen=last)
    ]


def _plain(told: dict[str, Any]) -> dict[str, Any]:
    from llm4rec.core import as_plain

    slots = [as_plain(slot) for slot in told.get("slots", ())]
    edits = {"edits": told["edits"].as_json()} if "edits" in told else {}
    return {**told, **({"slots": slots} if slots else {}), **edits}
