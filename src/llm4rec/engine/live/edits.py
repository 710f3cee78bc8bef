"""What people say of their own profiles: kept for good, counted in the next answer, taken back. Steers nothing itself.

`Live` inherits these verbs; the engine does what edits say (engine.interests).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from llm4rec.core import EditsVersion, Id, ProfileEdits, Store
from llm4rec.engine.live.states import States
from llm4rec.engine.live.told import NOTHING, Acknowledged, edits_of


class Edits(ABC):
    """What is needed of a service stands first."""

    store: Store
    name: str
    states: States
    now: Callable[[], float]

    @abstractmethod
    def named(self, user: Id) -> str:
        """A user as the store knows them."""

    @abstractmethod
    def follow(self) -> bool:
        """Take what was written to the store; false where it could not be read."""

    def edits(self, user: Id) -> ProfileEdits:
        """The edits that are kept of a user's profile, by whichever worker; empty ones where there are none."""
        self.follow()
        name = self.named(user)
        return self.states.of({name: user})[name].edits

    def upsert_edits(
        self, rows: Iterable[EditsVersion | Mapping[str, Any]], *, key: str | None = None
    ) -> Acknowledged:
        """What users say of their own profiles from now on, as a whole: {"user": "ann", "edits": {"removed": ["war"]}}.

        Durable when this returns, and counted in the very next answer to them, until it is taken back. They go before what
        events show; a question that gives a `profile` of its own goes before them. SettingsError where edits are none.
        """
        now = self.now()
        versions = edits_of(rows, now)
        if not versions:
            return NOTHING
        receipt = self.store.append(versions, tenant=self.name, key=key, arrived=now)
        # Read back in the order of the store: what is newest there is newest here, whoever writes beside us.
        if not self.follow():
            self.states.add([replace(one, user=self.named(one.user)) for one in versions])
        return Acknowledged.of(receipt)

    def delete_edits(self, users: Iterable[Id], *, key: str | None = None) -> Acknowledged:
        """Take back all that these said of their profiles: their events alone count again."""
        return self.upsert_edits([{"user": user, "edits": ProfileEdits()} for user in users], key=key)
