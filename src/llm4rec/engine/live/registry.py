"""The record of engine versions: registered, promoted, shadowed, refused, rolled back; folders checked, none copied."""

from __future__ import annotations

import json
import time as clock
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llm4rec.core import (
    DEFAULT_TENANT,
    AuditEntry,
    EngineRecord,
    FolderError,
    Llm4recError,
    NotFoundError,
    Store,
    stream,
    suggest,
)
from llm4rec.engine.folder import MANIFEST, checked_folder

if TYPE_CHECKING:
    from llm4rec.engine.engine import Engine
    from llm4rec.engine.settings import Settings

DIGITS = 16  # of a version
DATA = ("interactions.parquet", "items.parquet", "users.parquet")
BACK = "rolled back from "
GUARD = "guard: "
"""How the reason of a version begins that was refused while it served, because of how it did."""


@dataclass
class Standing:
    """What the records come to: versions as registered, the promotions that stand (the last serves), the shadow.

    `since` is when the version that serves began to (UTC seconds), `fallen` the version that a guard put out before it.
    `orders` are rerankers by version, for those whose lists were given another order than they were fitted with.
    """

    known: dict[str, EngineRecord] = field(default_factory=dict)
    promoted: list[str] = field(default_factory=list)
    shadow: str = ""
    refused: dict[str, str] = field(default_factory=dict)
    since: float = 0.0
    fallen: str = ""
    orders: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def before(self) -> str:
        """The version that a rollback leads to; empty where there is none."""
        return self.promoted[-2] if len(self.promoted) > 1 else ""

    @property
    def serving(self) -> str:
        """The version that serves; empty where none was promoted."""
        return self.promoted[-1] if self.promoted else ""

    def state(self, version: str) -> str:
        """serving, shadow, before (a rollback leads to it), refused or registered."""
        if version == self.serving:
            return "serving"
        if version == self.shadow:
            return "shadow"
        if version in self.refused:
            return "refused"
        return "before" if self.promoted[-2:-1] == [version] else "registered"

    def take(self, record: EngineRecord) -> None:
        """One more record."""
        version = record.version
        if record.action == "registered":
            self.known[version] = record
            self.refused.pop(version, None)
        elif record.action == "refused":
            self.refused[version] = record.reason
            if self.serving == version:
                self.promoted.pop()
                self.fallen = version if record.reason.startswith(GUARD) else ""
                self.since = record.time
        elif record.action == "promoted":
            self._promote(version, record.reason.startswith(BACK))
            self.since, self.fallen = record.time, ""
        elif record.action == "shadowed":
            self.shadow = version
        elif record.action == "ordered":
            self.orders[version] = record.settings
        if record.action in ("retired", "promoted", "refused") and self.shadow == version:
            self.shadow = ""

    def _promote(self, version: str, back: bool) -> None:
        if back and version in self.promoted:
            while self.promoted[-1] != version:
                self.promoted.pop()
        elif self.serving != version:
            self.promoted.append(version)


class Registry:
    """Versions of one tenant's engines in a store. A version is the hash of its folder's manifest, so of all its files.

    Folders stay where they are, and are looked at again before they serve: what is not what was registered is refused.
    With an `actor`, what changes is put into the audit under that name, in the same moment.
    """

    def __init__(
        self,
        store: Store,
        *,
        tenant: str = DEFAULT_TENANT,
        now: Callable[[], float] = clock.time,
        actor: str = "",
    ) -> None:
        self._store, self._tenant, self._now, self._actor = store, tenant, now, actor

    def standing(self) -> Standing:
        """What all records come to."""
        return standing_of(stream(self._store, EngineRecord, tenant=self._tenant))

    def register(self, folder: str | Path, metrics: Mapping[str, Any] | None = None) -> EngineRecord:
        """Enter a folder with its lineage; the same again is the same record. FolderError where it cannot be trusted."""
        path = checked_folder(Path(folder)).resolve()
        standing, version = self.standing(), version_of_folder(path)
        known = standing.known.get(version)
        if known is not None and known.folder == str(path) and metrics is None:
            return known
        return self._append(
            EngineRecord(
                version,
                "registered",
                self._now(),
                folder=str(path),
                parent=standing.serving if standing.serving != version else "",
                fingerprint=_fingerprint(path),
                settings=_settings(path),
                metrics=dict(metrics or {}),
            ),
            "engine registered",
        )

    def load(self, version: str, settings: Settings | None = None) -> Engine:
        """The engine of a version; where it cannot be trusted, that is recorded and FolderError raised."""
        from llm4rec.engine.engine import Engine
        from llm4rec.engine.ordering import reordered
        from llm4rec.engine.settings import RerankSettings

        record = self.record(version)
        try:
            found = version_of_folder(Path(record.folder))
            if found != record.version:
                raise FolderError(f"{record.folder} is version {found} now, not {record.version}")
            engine = Engine.load(record.folder, settings)
            given = self.standing().orders.get(record.version)
            return engine if given is None else reordered(engine, RerankSettings.of(given, "order"))
        except (Llm4recError, OSError, KeyError, ValueError) as error:
            reason = f"{error}"[:500] or type(error).__name__
            refused = EngineRecord(record.version, "refused", self._now(), record.folder, reason=reason)
            self._append(refused, "engine refused")
            if isinstance(error, Llm4recError):
                raise
            raise FolderError(f"{record.folder} cannot be read: {reason}") from error

    def promote(self, version: str, reason: str = "") -> EngineRecord:
        """From now on this version serves; load it first to know that it can."""
        before = self.standing().serving
        return self._say(version, "promoted", "engine promoted", parent=before, reason=reason)

    def order(self, version: str, rerankers: Mapping[str, Any], reason: str = "") -> EngineRecord:
        """From now on lists of this version have this order (fields of `RerankSettings`); try it first."""
        return self._say(version, "ordered", "engine reordered", settings=dict(rerankers), reason=reason)

    def rollback(self) -> EngineRecord:
        """The version before serves again; NotFoundError where there was none."""
        standing = self.standing()
        if len(standing.promoted) < 2:
            raise NotFoundError("there is no version before to go back to; `models list` shows all")
        last, before = standing.promoted[-1], standing.promoted[-2]
        return self._say(before, "promoted", "engine rolled back", parent=last, reason=f"{BACK}{last}")

    def put_out(self, version: str, reason: str) -> EngineRecord:
        """Refuse a version because of how it does: the one before serves again. A refused one is promoted by hand alone."""
        return self._say(version, "refused", "engine rolled back", reason=f"{GUARD}{reason}"[:500])

    def shadow(self, version: str) -> EngineRecord | None:
        """This version answers beside the one that serves, compared and never shown; "" ends that."""
        if version:
            return self._say(version, "shadowed", "engine shadow")
        running = self.standing().shadow
        return self._say(running, "retired", "engine shadow", reason="shadow ended") if running else None

    def record(self, version: str) -> EngineRecord:
        """The registration of a version, or of the only one that begins so; NotFoundError else."""
        known = self.standing().known
        found = [
            name for name in known if name == version or (len(version) >= 4 and name.startswith(version))
        ]
        if len(found) != 1:
            told = f"{len(found)} versions begin with" if found else "no version"
            raise NotFoundError(
                f"{told} {version!r}{suggest(version, known)}; `models list` shows all, `models register` adds one"
            )
        return known[found[0]]

    def _say(self, version: str, action: Any, told: str, **more: Any) -> EngineRecord:
        record = self.record(version)
        return self._append(EngineRecord(record.version, action, self._now(), record.folder, **more), told)

    def _append(self, record: EngineRecord, told: str) -> EngineRecord:
        detail = {"reason": record.reason} if record.reason else {}
        entry = AuditEntry(self._actor, told, record.time, record.version, detail)
        self._store.append([record, entry] if self._actor else [record], tenant=self._tenant)
        return record


def standing_of(records: Iterable[EngineRecord]) -> Standing:
    """What records, oldest first, come to."""
    standing = Standing()
    for record in records:
        standing.take(record)
    return standing


def version_of_folder(folder: Path) -> str:
    """The first digits of the SHA-256 of the manifest, which holds the sums of all other files."""
    manifest = folder / MANIFEST
    if not manifest.is_file():
        raise FolderError(f"{folder} has no {MANIFEST}: it is no engine folder, or was cut short; fit again")
    return sha256(manifest.read_bytes()).hexdigest()[:DIGITS]


def _fingerprint(folder: Path) -> str:
    """Of the data that it was fitted on: the sums of its tables."""
    files = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
    told = "".join(files[name]["sha256"] for name in DATA if name in files)
    return sha256(told.encode()).hexdigest()[:DIGITS]


def _settings(folder: Path) -> dict[str, Any]:
    facts = json.loads((folder / "engine.json").read_text(encoding="utf-8"))
    return {name: facts.get(name) for name in ("model", "config", "dataset", "version")}
