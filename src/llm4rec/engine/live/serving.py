"""What serves at a moment: one engine with its items and limits, swapped by one assignment. Knows no store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from llm4rec.core import EventContexts, Feedback, Floats, History, Id, ItemVersion, Numbers
from llm4rec.engine.live.items import grown
from llm4rec.engine.live.naming import Naming
from llm4rec.engine.live.offers import Offers
from llm4rec.engine.live.states import State
from llm4rec.engine.live_settings import LiveSettings

if TYPE_CHECKING:
    from llm4rec.engine.engine import Engine

AGAINST = frozenset({"dislike", "hide"})
_SERIAL = count(1)


@dataclass(frozen=True, eq=False)
class Serving:
    """An engine as it is served: `base` as it was fitted, `engine` with the items of the store, what is hidden.

    `home` is how people are named; None for tenants who are served by somebody else's engine: it knows nothing of their people, whatever
    their ids. `erased` are numbers of people who were erased and whom the model could not forget: nothing is known of
    them. `version` names the base; numbers of items hold for this value alone. `tilt` (items,) is what trends do to
    the lists of known people.
    """

    base: Engine
    engine: Engine
    version: str
    offers: Offers
    deleted: Numbers
    home: Naming | None = None
    erased: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()
    tilt: Floats | None = None
    serial: int = field(default_factory=_SERIAL.__next__)

    @classmethod
    def of(
        cls,
        base: Engine,
        version: str,
        versions: Mapping[str, ItemVersion],
        settings: LiveSettings,
        *,
        home: Naming | None = None,
        erased: frozenset[int] = frozenset(),
    ) -> Serving:
        """The base with all newest versions of items."""
        engine, notes = grown(base, versions)
        bare = cls(base, base, version, Offers.none(), np.zeros(0, dtype=np.int64), home, erased)
        return bare._limited(engine, versions, settings, notes)

    def with_items(
        self, new: Mapping[str, ItemVersion], versions: Mapping[str, ItemVersion], settings: LiveSettings
    ) -> Serving:
        """With some more versions of items, all of which are `versions`; only further items are cheap."""
        ids = self.engine.catalog.ids
        if any(not one.deleted and name in ids for name, one in new.items()):
            return Serving.of(self.base, self.version, versions, settings, home=self.home, erased=self.erased)
        engine, notes = grown(self.engine, new)
        return self._limited(engine, versions, settings, (*self.notes, *notes))

    def _limited(
        self,
        engine: Engine,
        versions: Mapping[str, ItemVersion],
        settings: LiveSettings,
        notes: tuple[str, ...],
    ) -> Serving:
        """Another engine over the same base, with what limits its items."""
        ids = engine.catalog.ids
        gone = [ids.number(item) for item, one in versions.items() if one.deleted]
        return replace(
            self,
            engine=engine,
            offers=Offers.of(engine.catalog, versions, settings),
            deleted=np.array(sorted(number for number in gone if number >= 0), dtype=np.int64),
            notes=notes,
            tilt=None,
            serial=next(_SERIAL),
        )

    def number(self, user: Id) -> int:
        """The number of a user that the engine knows, else -1."""
        fitted, number = self.engine.fitted, -1
        if self.home is not None:
            number = fitted.dataset.users.ids.number(self.home.inside(fitted, user))
        return -1 if number in self.erased else number

    def history(self, number: int, state: State) -> History:
        """What the engine knows of a user, and what is newer; remembered with the state."""
        known = self.engine.fitted.dataset.history(number)
        if not state.events:
            return known
        name = f"{self.serial} {number}"
        found: History | None = state.made.get(name)
        if found is None:
            found = _joined(known, self._newer(known, state.events))
            # What another thread puts there meanwhile is as good; what an older engine made is no longer needed.
            state.made.clear()
            state.made[name] = found
        return found

    def against(self, state: State) -> Numbers:
        """Items that a user hid or disliked, and has not taken since."""
        last: dict[str, str] = {}
        for event in state.events:
            last[str(event.item)] = event.kind
        return self.numbers(item for item, kind in last.items() if kind in AGAINST)

    def numbers(self, items: Iterable[Id]) -> Numbers:
        """Numbers of those items that are in the catalog."""
        return self.engine.catalog.ids.known(items)

    def _newer(self, known: History, events: Sequence[Feedback]) -> History:
        """Events that the engine has not been fitted on: told apart by item, kind and time."""
        ids = self.engine.catalog.ids
        names = known.kind_names
        had = {
            (int(item), names[int(kind)], float(time))
            for item, kind, time in zip(known.items, known.kinds, known.timestamps, strict=True)
        }
        rows = [(ids.number(event.item), event) for event in events]
        return _history([(n, e) for n, e in rows if n >= 0 and (n, e.kind, e.time) not in had])


def _history(rows: Sequence[tuple[int, Feedback]]) -> History:
    kinds = tuple(dict.fromkeys(event.kind for _, event in rows)) or ("click",)
    told = tuple(dict.fromkeys(name for _, event in rows for name in event.context))
    contexts = {name: [event.context.get(name) for _, event in rows] for name in told}
    return History(
        np.array([number for number, _ in rows], dtype=np.int64),
        np.array([kinds.index(event.kind) for _, event in rows], dtype=np.int64),
        np.array([np.nan if e.value is None else e.value for _, e in rows], dtype=np.float32),
        np.array([event.time for _, event in rows], dtype=np.float64),
        kinds,
        EventContexts.of(contexts) if contexts else None,
    )


def _joined(known: History, newer: History) -> History:
    """Both by time; events of equal time stay in the order in which they came."""
    if not len(newer):
        return known
    both = known.followed_by(newer) if len(known) else newer
    if len(known) and newer.timestamps[0] < known.timestamps[-1]:
        both = both.take(np.argsort(both.timestamps, kind="stable"))
    return both
