"""A person's data: handed out whole, and erased with a proof from store, memory and what the engine has learnt.

`Live` inherits these verbs.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from llm4rec.core import (
    ComponentError,
    DataError,
    Erases,
    Erasure,
    Forgets,
    Id,
    Store,
    stream,
)
from llm4rec.engine.live.impressions import ImpressionLog
from llm4rec.engine.live.naming import Naming
from llm4rec.engine.live.serving import Serving
from llm4rec.engine.live.shown import Answered
from llm4rec.engine.live.states import States
from llm4rec.engine.storing import person

if TYPE_CHECKING:
    from llm4rec.engine.engine import Engine

Method = Literal["not in the engine", "forgotten", "hidden until the next fit"]


@dataclass(frozen=True, slots=True)
class Erased:
    """Proof that a person was erased, without their id.

    `store` counts rows by table before and after, chained by hashes. `memory` is what caches held and no longer hold.
    `method`: the engine equals one that was never fitted on them ("forgotten"), knows nothing of them but has learnt
    from them ("hidden until the next fit"), or never knew them. `before` and `after` are hashes of what it was fitted
    on. `copies` are registered folders, which are not reached: they are cleaned whenever one is loaded.
    """

    store: Erasure
    memory: Mapping[str, int]
    method: Method
    before: str
    after: str
    copies: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether nothing of the person is left in the store, in memory and in what was learnt."""
        left = sum(count for table, count in self.store.after.items() if table != "audit")
        return left == 0 and self.method != "hidden until the next fit"


class People(ABC):
    """What is needed of a service stands first."""

    store: Store
    name: str
    home: bool
    states: States
    naming: Naming
    log: ImpressionLog
    answered: Answered
    _changing: threading.RLock
    _serving: Serving
    _opened: Engine

    @abstractmethod
    def named(self, user: Id) -> str:
        """A user as the store knows them."""

    @abstractmethod
    def _made(self, engine: Engine, version: str) -> Serving:
        """What will serve: the engine, of which people who were erased are cleaned."""

    @abstractmethod
    def _copies(self) -> tuple[str, ...]:
        """Folders of registered engines."""

    def export(self, user: Id) -> dict[str, Any]:
        """All that is kept of a person, in plain values: rows of the store, and events that the engine was fitted on."""
        found: dict[str, Any] = {"user": str(user), **person(self.store, user, self.name)}
        fitted = self._serving.engine.fitted
        past = fitted.dataset.history(self._serving.number(user))
        events = zip(past.items, past.kinds, past.values.tolist(), past.timestamps.tolist(), strict=True)
        found["fitted"] = [
            {
                "item": fitted.catalog.ids.ids[item],
                "kind": past.kind_names[kind],
                "value": None if np.isnan(value) else value,
                "time": time,
            }
            for item, kind, value, time in events
        ]
        return found

    def erase(self, user: Id) -> Erased:
        """Remove a person from store, memory and engine, and prove it. StoreError where nothing was removed.

        Where the model cannot forget (`Forgets`), nothing is known of them from now on, and a new fit is due.
        """
        if not isinstance(self.store, Erases):
            raise ComponentError(f"a {type(self.store).__name__} cannot erase people; use one that can")
        name = self.named(user)
        with self._changing:
            waiting = self.log.forget(str(user))
            proof = self.store.erase(user, tenant=self.name)
            state = self.states.drop(name)
            memory = {
                "events": 0 if state is None else len(state.events),
                "edits": int(state is not None and not state.edits.empty),
                "impressions": waiting + self.answered.forget(str(user), name),
            }
            before = self._serving.engine.fitted.version
            known = self._serving.number(user) >= 0
            if known:
                self._renew()
            after = self._serving.engine.fitted.version
        method: Method = "not in the engine"
        if known:
            method = "hidden until the next fit" if before == after else "forgotten"
        return Erased(proof, memory, method, before, after, self._copies())

    @property
    def refit_due(self) -> str:
        """Why the engine should be fitted again, empty where there is no reason."""
        hidden = len(self._serving.erased)
        return f"{hidden} people were erased from whom the model still has learnt" if hidden else ""

    def _renew(self) -> None:
        """What serves, made anew: who was erased is cleaned."""
        self._serving = self._made(self._opened, self._serving.version)
        self._opened = self._serving.base

    def _take_erasures(self, rows: Sequence[Erasure]) -> None:
        """People whom another worker has erased: dropped here as well."""
        store, subjects = self.store, {row.subject for row in rows}
        assert isinstance(store, Erases)
        for name in self.states.users():
            if self.naming.subject(store, name, hidden=True) in subjects:
                self.states.drop(name)
        if hasattr(self, "_serving") and _erased_of(self._serving.base, rows, store, self.naming):
            with self._changing:
                self._renew()

    def _cleaned(self, engine: Engine) -> tuple[Engine, frozenset[int]]:
        """The engine without those who were erased since its data were gathered; and who could only be hidden."""
        store = self.store
        if not self.home or not isinstance(store, Erases):
            return engine, frozenset()
        gone = _erased_of(engine, list(stream(self.store, Erasure, tenant=self.name)), store, self.naming)
        if not gone:
            return engine, frozenset()
        ids = engine.fitted.dataset.users.ids
        if not isinstance(engine.model, Forgets):
            return engine, frozenset(ids.number(user) for user in gone)
        left = engine.over(engine.fitted)
        for user in gone:
            left.forget(user)
        return left, frozenset()


def _erased_of(engine: Engine, erasures: Iterable[Erasure], store: Erases, naming: Naming) -> list[Id]:
    """Users in the data of an engine who were erased after one of their events; at any time without a clock."""
    times = {one.subject: one.time for one in erasures}
    if not times:
        return []
    dataset, hidden = engine.fitted.dataset, bool(engine.fitted.pseudonyms)
    clocked, found = dataset.interactions.has_clock, []
    for number, user in enumerate(dataset.users.ids.ids):
        try:
            time = times.get(naming.subject(store, user, hidden))
        except DataError:
            continue  # no id that a store could have kept
        if time is None:
            continue
        past = dataset.history(number).timestamps
        if not clocked or not len(past) or past[0] <= time:
            found.append(user)
    return found
