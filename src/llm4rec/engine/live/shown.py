"""Which impressions went out lately: looked up when feedback quotes them, here first and then in the store."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

from llm4rec.core import Impression, Store

MOST = 20_000


class Answered:
    """The last impressions of this worker by id; those of others are asked of the store."""

    def __init__(self, store: Store, tenant: str) -> None:
        self._store, self._tenant = store, tenant
        self._known: OrderedDict[str, Impression] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, rows: Sequence[Impression]) -> None:
        """Remember answers, the newest MOST."""
        with self._lock:
            for row in rows:
                self._known[row.id] = row
            while len(self._known) > MOST:
                self._known.popitem(last=False)

    def of(self, ids: Sequence[str]) -> dict[str, Impression]:
        """Impressions by id, those that there are; StoreError where the store has to be asked and cannot be."""
        with self._lock:
            found = {one: self._known[one] for one in ids if one in self._known}
        missing = [one for one in dict.fromkeys(ids) if one not in found]
        if missing:
            found |= {
                one.id: one for one in self._store.current(Impression, missing, tenant=self._tenant).rows
            }
        return found

    def unknown(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Those that never went out, or are no longer kept."""
        if not ids:
            return ()
        known = self.of(ids)
        return tuple(one for one in dict.fromkeys(ids) if one not in known)

    def forget(self, user: str, name: str) -> int:
        """Drop what was shown to a user; how many."""
        with self._lock:
            own = [one for one, row in self._known.items() if str(row.user) in (user, name)]
            for one in own:
                del self._known[one]
        return len(own)
