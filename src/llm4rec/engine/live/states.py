"""What is newer than the engine, by user: events, showings, attributes, edits; in memory, bounded, read from the store. Knows no numbers."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from llm4rec.core import (
    UNEDITED,
    EditsVersion,
    Feedback,
    Id,
    Impression,
    Person,
    ProfileEdits,
    Store,
    UserVersion,
    people_of,
)
from llm4rec.engine.live_settings import LiveSettings

Showing = tuple[float, str]
Told = Feedback | UserVersion | EditsVersion
SHOWN = 100  # impressions of a user that caps look at


@dataclass(frozen=True, eq=False)
class State:
    """Of one user: newest events, oldest first; what was shown when (time, item); what is known about them, and what
    they say of their own profile.

    `made` remembers what a serving engine made of it; a changed state is a new value and remembers nothing.
    """

    events: tuple[Feedback, ...] = ()
    shown: tuple[Showing, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    deleted: bool = False
    edits: ProfileEdits = UNEDITED
    made: dict[str, Any] = field(default_factory=dict)

    def with_events(self, more: Sequence[Feedback], most: int) -> State:
        """With further events: the same twice (item, kind, time) is one, the last `most` by time stay."""
        known = {(e.item, e.kind, e.time) for e in self.events}
        new = []
        for event in more:
            what = (event.item, event.kind, event.time)
            if what not in known:
                known.add(what)
                new.append(event)
        if not new:
            return self
        events = sorted((*self.events, *new), key=lambda e: e.time)
        return replace(self, events=tuple(events[-most:]), made={})

    def with_shown(self, time: float, items: Iterable[str], most: int) -> State:
        """With an answer that went out; what was made of the events stays true."""
        return replace(self, shown=(*self.shown, *((time, item) for item in items))[-most:])


NOBODY = State()


class States:
    """The states of the users who asked lately, read from the store when needed. Safe to use from many threads.

    What is added while a state is being read is added to what was read: no acknowledged event is missed.
    """

    def __init__(self, store: Store, tenant: str, settings: LiveSettings) -> None:
        self._store, self._tenant, self._settings = store, tenant, settings
        self._known: OrderedDict[str, State] = OrderedDict()
        self._arriving: dict[str, list[list[Told]]] = {}
        self._lock = threading.Lock()
        self._caps = bool(settings.cap or settings.cooldown_minutes)

    def __len__(self) -> int:
        return len(self._known)

    def of(self, users: Mapping[str, Id]) -> dict[str, State]:
        """States by user as the store names them (`users` says whose name each is); StoreError where one cannot be read."""
        with self._lock:
            found = {user: self._known[user] for user in users if user in self._known}
            for user in found:
                self._known.move_to_end(user)
            missing = {user: id_ for user, id_ in users.items() if user not in found}
            arriving: dict[str, list[Told]] = {user: [] for user in missing}
            for user, late in arriving.items():
                self._arriving.setdefault(user, []).append(late)
        if not missing:
            return found
        try:
            read = self._read(missing)
        except BaseException:
            self._ended(arriving)
            raise
        return found | self._ended(arriving, read)

    def held(self, user: str) -> State | None:
        """The state of a user where it is in memory."""
        return self._known.get(user)

    def add(self, rows: Iterable[Told]) -> None:
        """Durable events, attributes and edits of users, those that are not in memory left out."""
        by_user: dict[str, list[Told]] = {}
        for row in rows:
            by_user.setdefault(str(row.user), []).append(row)
        with self._lock:
            for user, own in by_user.items():
                for late in self._arriving.get(user, ()):
                    late += own
                if user in self._known:
                    self._known[user] = self._with(self._known[user], own)

    def add_shown(self, user: str, time: float, items: Iterable[str]) -> None:
        """What went out to a user, at once: before it is durable."""
        if self._caps:
            with self._lock:
                if user in self._known:
                    self._known[user] = self._known[user].with_shown(time, items, 10 * SHOWN)

    def drop(self, user: str) -> State | None:
        """Forget a user, and what is being read of them; gives what was held."""
        with self._lock:
            self._arriving.pop(user, None)
            return self._known.pop(user, None)

    def users(self) -> list[str]:
        """Whose states are in memory."""
        with self._lock:
            return list(self._known)

    def _with(self, state: State, rows: Sequence[Told]) -> State:
        state = state.with_events([row for row in rows if isinstance(row, Feedback)], self._settings.events)
        for row in rows:
            if isinstance(row, UserVersion):
                state = replace(state, attributes=row.attributes, deleted=row.deleted, made={})
            elif isinstance(row, EditsVersion):
                state = replace(state, edits=row.edits)
        return state

    def _read(self, users: Mapping[str, Id]) -> dict[str, State]:
        last: dict[type, int] = {Feedback: self._settings.events}
        if self._caps:
            last[Impression] = SHOWN
        found = people_of(self._store, users, last, (UserVersion, EditsVersion), self._tenant)
        return {user: self._told(person) for user, person in zip(users, found, strict=True)}

    def _told(self, person: Person) -> State:
        """What the store says of a user as their state."""
        if not person:
            return State()
        rows = [row for kind in (Feedback, UserVersion, EditsVersion) for row in person.get(kind, ())]
        state = self._with(NOBODY, rows)
        for one in person.get(Impression, ()):
            state = state.with_shown(one.time, (str(slot.item) for slot in one.slots), 10 * SHOWN)
        return state

    def _ended(
        self,
        arriving: Mapping[str, list[Told]],
        read: Mapping[str, State] | None = None,
    ) -> dict[str, State]:
        """What was read, with what came meanwhile; nothing is kept of users who were dropped meanwhile."""
        result: dict[str, State] = {}
        with self._lock:
            for user, late in arriving.items():
                waiting = self._arriving.get(user, [])
                # By identity: two readers of one user may have heard of the same rows.
                left = [one for one in waiting if one is not late]
                dropped = len(left) == len(waiting)
                if left:
                    self._arriving[user] = left
                else:
                    self._arriving.pop(user, None)
                if read is None:
                    continue
                result[user] = NOBODY if dropped else self._with(read[user], late)
                if not dropped and user not in self._known:
                    self._known[user] = result[user]
            while len(self._known) > self._settings.users:
                self._known.popitem(last=False)
        return result
