"""What other workers and commands wrote since: read behind a cursor a kind, handed on in order. Knows no engine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from llm4rec.core import Page, Store, StoreError

Take = Callable[[Sequence[Any]], None]


class Following:
    """Reads what is new of some kinds of records and hands it on, oldest first; one reader at a time.

    Rows that this worker wrote come back as well: whoever takes them takes the same twice as once. `trouble` says why
    nothing could be read at last, empty where it could.
    """

    def __init__(self, store: Store, tenant: str, takers: Mapping[type, Take]) -> None:
        self._store, self._tenant, self._takers = store, tenant, dict(takers)
        self._cursors = dict.fromkeys(self._takers, 0)
        self._seen = -1
        self._lock = threading.Lock()
        self.trouble = ""

    def begin(self, at: Mapping[type, int]) -> None:
        """From where each kind is followed; 0 where nothing is said."""
        self._cursors.update(at)

    def cursor(self, kind: type) -> int:
        """Behind which place the next rows of a kind are read."""
        return self._cursors[kind]

    def step(self) -> bool:
        """Take what is new; false where it could not be read."""
        with self._lock:
            return self._step()

    def _step(self) -> bool:
        try:
            # First the clock: rows that come while the pages are read are found the next time.
            now = self._store.clock()
            if now != self._seen:
                for kind in self._takers:
                    self._read(kind, now)
                self._seen = now
            self.trouble = ""
        except StoreError as error:
            self.trouble = str(error) or type(error).__name__
            return False
        return True

    def _read(self, kind: type, now: int) -> None:
        while True:
            page: Page[Any] = self._store.read(kind, tenant=self._tenant, after=self._cursors[kind])
            if page.rows:
                self._takers[kind](page.rows)
            if page.cursor == self._cursors[kind]:
                break
            self._cursors[kind] = page.cursor
        self._cursors[kind] = max(self._cursors[kind], now)
