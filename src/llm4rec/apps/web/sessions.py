"""Who sits at a browser: a random cookie, and behind it, in memory alone, their key, their tastes and their reader."""

from __future__ import annotations

import secrets
import time as clock
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from llm4rec.apps.rest.keys import NOBODY, Keys, Who

COOKIE = "llm4rec"
IDLE = 12 * 3_600.0  # seconds after which an unused session ends
MOST = 2_000  # sessions that are kept; the longest unused goes first
Theme = Literal["auto", "light", "dark"]


@dataclass(eq=False)
class Session:
    """One browser. Its key is never written down nor shown; `kept` is what pages remember of it, by their name."""

    id: str = field(repr=False)
    token: str = field(default="", repr=False)
    language: str = "en"
    theme: Theme = "auto"
    kept: dict[str, Any] = field(default_factory=dict, repr=False)
    used: float = 0.0

    def who(self, keys: Keys) -> Who | None:
        """Who this is for the service at this moment: their key may have been revoked."""
        return keys.who(self.token) if keys.required else NOBODY


class Sessions:
    """All sessions of a process. They end with it: nothing of them is written."""

    def __init__(self, now: Callable[[], float] = clock.monotonic) -> None:
        self._now = now
        self._all: OrderedDict[str, Session] = OrderedDict()

    def begin(self, language: str = "en", token: str = "") -> Session:
        """A new one, under 256 random bits."""
        made = Session(secrets.token_urlsafe(32), token, language, used=self._now())
        self._all[made.id] = made
        while len(self._all) > MOST:
            self._all.popitem(last=False)
        return made

    def of(self, id_: str) -> Session | None:
        """The session of a cookie, counted as used now; None where there is none or it was idle for too long."""
        found = self._all.get(id_)
        if found is None:
            return None
        if self._now() - found.used > IDLE:
            self.end(found)
            return None
        found.used = self._now()
        self._all.move_to_end(id_)
        return found

    def end(self, session: Session) -> None:
        """Forget it."""
        session.token = ""
        session.kept.clear()
        self._all.pop(session.id, None)
