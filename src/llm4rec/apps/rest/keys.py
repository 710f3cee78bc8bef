"""API keys: made, listed, revoked and checked against the store, which holds their hashes. Knows nothing of HTTP."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time as clock
from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

from llm4rec.core import (
    DEFAULT_TENANT,
    AuditEntry,
    KeyRecord,
    NotFoundError,
    SettingsError,
    Store,
    StoreError,
    stream,
)
from llm4rec.core.records import Role

MARK = "l4r"
BETWEEN = "~"
ROLES: tuple[Role, ...] = get_args(Role)
"""Each may do what those before it may."""
FRESH = 1.0  # seconds for which what is known of keys counts


@dataclass(frozen=True, slots=True)
class Who:
    """Who calls: the id of the key, its role and its tenant."""

    key: str
    role: Role
    tenant: str = DEFAULT_TENANT

    def may(self, role: Role) -> bool:
        """Whether the key's role is this one or a higher one."""
        return ROLES.index(self.role) >= ROLES.index(role)


NOBODY = Who("", "admin")
"""Whoever calls a service that no key guards: it listens to its own machine alone."""


def create(store: Store, role: Role, *, tenant: str = DEFAULT_TENANT, label: str = "", by: str = "") -> str:
    """A new key, told once and kept as a hash (SHA-256 of 256 random bits); it reads `l4r~TENANT~ID~SECRET`."""
    if role not in ROLES:
        raise SettingsError(f"role {role!r}: it is one of {', '.join(ROLES)}")
    if len(label) > 100:
        raise SettingsError(f"the label has {len(label)} characters; 100 at most")
    store.read(KeyRecord, tenant=tenant, limit=1)  # DataError where this is no name of a tenant
    secret, now = secrets.token_urlsafe(32).replace("~", "-"), clock.time()
    name = f"{tenant}{BETWEEN}{secrets.token_hex(6)}"
    made = KeyRecord(name, _digest(secret), role, now, label)
    store.append([made, AuditEntry(by or "command", "key created", now, name, {"role": role})])
    return BETWEEN.join((MARK, name, secret))


def known(store: Store) -> dict[str, KeyRecord]:
    """The newest record of every key that ever was, by id, oldest first. They stand with the default tenant."""
    return {row.id: row for row in stream(store, KeyRecord)}


def revoke(store: Store, key: str, *, by: str = "") -> KeyRecord:
    """End a key by its id; services refuse it a second later. NotFoundError where there is none."""
    found = known(store).get(key)
    if found is None:
        raise NotFoundError(f"no key {key[:100]!r}; `llm4rec keys list STORE` shows all")
    if found.revoked:
        return found
    ended = KeyRecord(found.id, found.digest, found.role, clock.time(), found.label, revoked=True)
    store.append([ended, AuditEntry(by or "command", "key revoked", ended.time, found.id)])
    return ended


class Keys:
    """What a worker knows of the keys of a store, never older than a second while the store can be read.

    While it cannot, keys that were known go on; `required` says whether any key ever was: then no door is open without.
    """

    def __init__(self, store: Store, now: Callable[[], float] = clock.monotonic) -> None:
        self._store, self._now = store, now
        self._lock = threading.Lock()
        self._cursor, self._read_at = 0, -float("inf")
        self._known: dict[str, KeyRecord] = {}

    @property
    def stale(self) -> bool:
        """Whether the store is to be asked again: that is for a thread."""
        return self._now() - self._read_at >= FRESH

    @property
    def required(self) -> bool:
        """Whether callers need a key."""
        return bool(self._known)

    def refresh(self) -> None:
        """Read what is new. StoreError where nothing is known yet and the store cannot be read."""
        with self._lock:
            if not self.stale:
                return
            try:
                while (page := self._store.read(KeyRecord, after=self._cursor)).rows:
                    self._known |= {row.id: row for row in page.rows}
                    self._cursor = page.cursor
            except StoreError:
                if self._read_at == -float("inf"):
                    raise
            self._read_at = self._now()

    def who(self, token: str) -> Who | None:
        """Whose key this is; None where it is none, or revoked."""
        mark, _, rest = token.partition(BETWEEN)
        name, _, secret = rest.rpartition(BETWEEN)
        found = self._known.get(name) if mark == MARK else None
        # Compared even where there is none: how long it takes tells nothing.
        same = hmac.compare_digest(_digest(secret), found.digest if found else _digest(""))
        if found is None or not same or found.revoked:
            return None
        return Who(name, found.role, name.partition(BETWEEN)[0])


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
