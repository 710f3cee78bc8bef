"""The one object of a service: an engine that answers over newer events, logs what it shows, and takes what comes back."""

from __future__ import annotations

import threading
import time as clock
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from llm4rec.core import (
    DEFAULT_TENANT,
    EditsVersion,
    EngineRecord,
    Erasure,
    Feedback,
    Id,
    Impression,
    ItemVersion,
    Llm4recError,
    Receipt,
    Recommendations,
    Report,
    Store,
    StoreError,
    UserVersion,
)
from llm4rec.engine.live.answering import Asking, Desk
from llm4rec.engine.live.edits import Edits
from llm4rec.engine.live.exploring import Explorer
from llm4rec.engine.live.figures import figures_of
from llm4rec.engine.live.following import Following
from llm4rec.engine.live.impressions import ImpressionLog
from llm4rec.engine.live.items import checked_rows
from llm4rec.engine.live.minutes import Minutes
from llm4rec.engine.live.naming import Naming
from llm4rec.engine.live.nights import Nights
from llm4rec.engine.live.people import People
from llm4rec.engine.live.preparer import Preparer, first_of
from llm4rec.engine.live.promoting import Promotes
from llm4rec.engine.live.registry import Registry
from llm4rec.engine.live.serving import Serving
from llm4rec.engine.live.shown import Answered
from llm4rec.engine.live.speaking import Words
from llm4rec.engine.live.states import States
from llm4rec.engine.live.told import NOTHING, Acknowledged, feedback_of, items_of, users_of
from llm4rec.engine.live.working import Worker
from llm4rec.engine.reports import Reports, reported

if TYPE_CHECKING:
    from llm4rec.engine.engine import Engine

LEARNT_FROM = 200_000  # newest rows of the store that exploration learns from
BEHIND = "what other workers wrote may be missing: "


class Live(Words, Promotes, People, Edits, Minutes, Nights):
    """An engine that learns while it serves, for one tenant. See the docstring of this package for its shape.

    All methods are synchronous and may be called from many threads; every process opens its own.
    """

    def __init__(
        self,
        engine: Engine,
        store: Store,
        *,
        tenant: str = DEFAULT_TENANT,
        home: bool = True,
        version: str = "",
        now: Callable[[], float] = clock.time,
        owns_store: bool = False,
    ) -> None:
        """`home`: whether the people of the engine are this tenant's. Nothing runs in the background before `start`."""
        self.settings, self.store, self.name, self.now = engine.settings.live, store, tenant, now
        self.home, self._owns_store = home, owns_store
        self._others: dict[str, Live] = {}
        self.registry, self._begun_at = Registry(store, tenant=tenant, now=now), now()
        self._worker = Worker(self.work, self.settings.sync_seconds)
        first = first_of(self.settings.prepare, bool(store.read(EditsVersion, tenant=tenant, limit=1).rows))
        self.preparer = Preparer(lambda: self._serving.engine.fitted, first)
        self.reports = Reports()
        self.states = States(store, tenant, self.settings)
        self.log = ImpressionLog(store, tenant, self.settings)
        self.answered = Answered(store, tenant)
        self._explorer: Explorer | None = None
        self._learning: Following | None = None
        self.naming = Naming.of(store, tenant)
        self._changing, self._working, self._adopting = threading.RLock(), threading.Lock(), threading.Lock()
        self._items: dict[str, ItemVersion] = {}
        self.following = Following(store, tenant, self._takers())
        # States are read when needed: what came before this moment is in them.
        at = store.clock()
        read_later = dict.fromkeys((Feedback, UserVersion, EditsVersion, Erasure), at)
        self.following.begin({**read_later, EngineRecord: at if home else 0})
        self._opened, self._opened_as = engine, version or engine.fitted.version
        self._serving = self._made(engine, self._opened_as)
        self._opened = self._serving.base
        self.following.step()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def start(self) -> None:
        """Begin to follow the store, and to prepare what serves, in the background."""
        self._worker.start()
        self.preparer.start()

    def close(self) -> None:
        """Stop, and write what still waits as far as it can be written."""
        self._worker.stop()
        self.preparer.stop()
        for live in (self, *self._others.values()):
            live._stop_child()
            live.log.retry()
        if self._owns_store:
            self.store.close()

    def tenant(self, name: str) -> Live:
        """The same service for another tenant: memory, items and reports of its own; of people it shares nothing."""
        if name == self.name:
            return self
        with self._changing:
            if name not in self._others:
                self._others[name] = Live(
                    self._opened, self.store, tenant=name, home=False, version=self._opened_as, now=self.now
                )
                self._others[name]._work_engines()
            return self._others[name]

    @property
    def serving(self) -> Serving:
        """What answers at this moment; one value, swapped by one assignment."""
        return self._serving

    def named(self, user: Id) -> str:
        """A user as the store knows them: their id, or its pseudonym."""
        return self.naming.at_rest(user)

    @property
    def trouble(self) -> str:
        """What went wrong in the last round beside the answers; empty where nothing did."""
        return self._worker.trouble

    @property
    def version(self) -> str:
        """The engine version that answers at this moment."""
        return self._serving.version

    def recommend(
        self,
        user: Id | None = None,
        history: Sequence[Id] | None = None,
        n: int = 10,
        *,
        explain: bool | str = False,
        chances: bool = False,
        **limits: Any,
    ) -> Recommendations:
        """The n best items now, with the id of the logged impression. Arguments of `Engine.recommend`, and further:

        price=(from, to), either may be None; available=False shows what cannot be had as well; experiment and variant
        are logged with the answer. Without a `profile`, the edits that are kept of the user steer it. What could not be done as asked stands in `degraded`.
        """
        question = {"user": user, "history": history, "n": n, **limits}
        return self.recommend_many([question], explain=explain, chances=chances)[0]

    def recommend_many(
        self,
        questions: Iterable[Mapping[str, Any]],
        *,
        explain: bool | str = False,
        chances: bool = False,
    ) -> list[Recommendations]:
        """`recommend` for many questions at once: all answers come from one engine version."""
        given = list(questions)
        desk, asked = self.asked(given)
        if not asked:
            return []
        try:
            answers = desk.answers(asked, (explain, chances), self.explorer(desk.serving))
        except Exception as error:
            self.counted(desk.serving.version, len(asked), failed=not isinstance(error, Llm4recError))
            raise
        self.counted(desk.serving.version, len(asked), failed=False)
        shadow = self.shadow
        if shadow is not None:
            shadow.add(given, answers)
        return self._logged(desk, asked, answers)

    def asked(self, questions: Iterable[Mapping[str, Any]]) -> tuple[Desk, list[Asking]]:
        """What serves now, and the questions put to it."""
        if self.settings.sync_seconds == 0:
            self.follow()
        given = list(questions)
        desk = Desk(self._serving, self.settings, self.now(), self.named)
        names = self._names(given)
        trouble = BEHIND + self.following.trouble if self.following.trouble else ""
        try:
            states = self.states.of(names) if names else {}
        except StoreError as error:
            states, trouble = {}, f"newest events and edits could not be read: {error}"
        return desk, [desk.asking(question, states, trouble) for question in given]

    def _names(self, questions: Iterable[Mapping[str, Any]]) -> dict[str, Id]:
        """Whose states questions ask for, by their names in the store."""
        users = [q["user"] for q in questions if q.get("user") is not None and q.get("history") is None]
        return {self.named(user): user for user in users}

    def feedback(
        self, batch: Iterable[Feedback | Mapping[str, Any]], *, key: str | None = None
    ) -> Acknowledged:
        """Keep what people did; durable when this returns, and counted in the very next answer.

        `key` makes it idempotent: the same batch again is acknowledged and not kept again. Items and impressions that
        are not known are kept and named. DataError where a row is none, StoreError where nothing could be kept.
        """
        now = self.now()
        rows = feedback_of(batch, now)
        if not rows:
            return NOTHING
        receipt = self.store.append(rows, tenant=self.name, key=key, arrived=now)
        if not self._again(receipt):
            self.states.add([replace(row, user=self.named(row.user)) for row in rows])
        return Acknowledged.of(receipt, **self._unknown(rows))

    def upsert_items(
        self, rows: Iterable[ItemVersion | Mapping[str, Any]], *, key: str | None = None
    ) -> Acknowledged:
        """New items, or new words and attributes of known ones, as a whole; shown in the very next answer.

        A row is {"item": id, "attributes": {"title": …}}. Columns that the catalog does not have are kept, but only
        price, availability and age limit are looked at.
        """
        now = self.now()
        versions = items_of(rows, now)
        checked_rows(self._serving.base, versions)
        return self._keep_items(versions, key, now)

    def delete_items(self, items: Iterable[Id], *, key: str | None = None) -> Acknowledged:
        """Never show these again, until they are upserted."""
        now, told = self.now(), [{"item": item, "deleted": True} for item in items]
        return self._keep_items(items_of(told, now), key, now)

    def upsert_users(
        self, rows: Iterable[UserVersion | Mapping[str, Any]], *, key: str | None = None
    ) -> Acknowledged:
        """What is known about users, as a whole: {"user": id, "attributes": {"age": 31}}."""
        now = self.now()
        return self._keep_users(users_of(rows, now), key, now)

    def delete_users(self, users: Iterable[Id], *, key: str | None = None) -> Acknowledged:
        """Serve these as unknown from now on, until they are upserted. To remove what they did, use `erase`."""
        now, told = self.now(), [{"user": user, "deleted": True} for user in users]
        return self._keep_users(users_of(told, now), key, now)

    def report(self, item: Id, user: Id, category: str = "other", text: str = "", **more: Any) -> Report:
        """A user says that an item should not be here (`Engine.report`); durable when this returns."""
        self._serving.engine.catalog.ids.numbers([item], "item")
        made = reported(
            Reports(), item, user, {"category": category, "text": text, "time": self.now(), **more}
        )
        self.store.append([made], tenant=self.name)
        self.follow()
        return made

    def follow(self) -> bool:
        """Take what other workers and commands wrote; false where the store could not be read."""
        learning = self._learning
        return self.following.step() and (learning is None or learning.step())

    def explorer(self, serving: Serving) -> Explorer | None:
        """What draws the reserved places over what serves; None where the settings reserve none."""
        known = self._explorer
        if self.settings.explore == "none" or (known is not None and known.serving is serving):
            return known
        with self._changing:
            if known is not None and known.serving.base is serving.base:
                self._explorer = made = known.over(serving)
                return made
            self._explorer = made = Explorer.of(serving, self.settings)
            # What was learnt holds for one base: it is learnt again from what is on record.
            following = Following(self.store, self.name, made.takers(lambda: self._explorer or made))
            since = max(0, self.following.cursor(Feedback) - LEARNT_FROM)
            following.begin({Impression: since, Feedback: since})
            self._learning = following
            return made

    def work(self) -> None:
        """One round of what is done beside answering: follow the store, write impressions that wait."""
        with self._working:
            for live in list(self._others.values()):
                live.work()
            self.follow()
            self._work_engines()
            if self.log.trouble or len(self.log):
                self.log.retry()
            self._work_minutes()
            self._work_nights()

    def figures(self) -> dict[str, Any]:
        """What an operator wants to see, in plain values; what is wrong at present stands under `trouble`."""
        return figures_of(self)

    def _logged(
        self, desk: Desk, asked: Sequence[Asking], answers: Sequence[Recommendations]
    ) -> list[Recommendations]:
        shown = [desk.impression(one, answer) for one, answer in zip(asked, answers, strict=True)]
        trouble = self.log.add(shown)
        self.answered.add(shown)
        for one, made in zip(asked, shown, strict=True):
            if one.name is not None:
                self.states.add_shown(one.name, made.time, (str(slot.item) for slot in made.slots))
        if self.settings.impressions == "none":
            return [replace(answer, impression="") for answer in answers]
        if not trouble:
            return list(answers)
        told = f"impression not logged: {trouble}"
        return [replace(answer, degraded=(*answer.degraded, told)) for answer in answers]

    def _unknown(self, rows: Sequence[Feedback]) -> dict[str, Any]:
        catalog = self._serving.engine.catalog.ids
        items = tuple(dict.fromkeys(str(row.item) for row in rows if row.item not in catalog))
        quoted = [row.impression for row in rows if row.impression is not None]
        try:
            return {"unknown_items": items, "unknown_impressions": self.answered.unknown(quoted)}
        except StoreError as error:
            # The rows are durable: that nobody could look up what they answer is no reason to refuse them.
            return {"unknown_items": items, "notes": (f"impressions were not looked up: {error}",)}

    def _again(self, receipt: Receipt) -> bool:
        """Whether a batch was there before. Then it may be by an attempt of which nobody here heard: it is read."""
        if receipt.repeated:
            self.follow()
        return receipt.repeated

    def _keep_items(self, versions: list[ItemVersion], key: str | None, now: float) -> Acknowledged:
        if not versions:
            return NOTHING
        receipt = self.store.append(versions, tenant=self.name, key=key, arrived=now)
        if not self._again(receipt):
            self._take_items(versions)
        return Acknowledged.of(receipt, notes=self._serving.notes)

    def _keep_users(self, versions: list[UserVersion], key: str | None, now: float) -> Acknowledged:
        if not versions:
            return NOTHING
        receipt = self.store.append(versions, tenant=self.name, key=key, arrived=now)
        if not self._again(receipt):
            self.states.add([replace(one, user=self.named(one.user)) for one in versions])
        return Acknowledged.of(receipt)

    def _takers(self) -> dict[type, Callable[[Sequence[Any]], None]]:
        """What is followed, in the order in which it is taken."""
        return {
            Feedback: self.states.add,
            UserVersion: self.states.add,
            EditsVersion: self.states.add,
            ItemVersion: self._take_items,
            Report: self._take_reports,
            EngineRecord: self._take_engines,
            Erasure: self._take_erasures,
        }

    def _take_items(self, rows: Sequence[ItemVersion]) -> None:
        """Durable versions of items, put into what serves; those that are known already change nothing."""
        with self._changing:
            new = {str(row.item): row for row in rows if self._items.get(str(row.item)) != row}
            if new:
                self._items |= new
                serving = getattr(self, "_serving", None)
                if serving is not None:
                    self._serving = self._trended(serving.with_items(new, self._items, self.settings))

    def _take_reports(self, rows: Sequence[Report]) -> None:
        for row in rows:
            self.reports.add(row)

    def _answer(self, serving: Serving, question: Mapping[str, Any]) -> Recommendations:
        """The answer of another engine, not logged: what a shadow would have said."""
        desk = Desk(serving, self.settings, self.now(), self.named)
        one = desk.asking(question, self.states.of(self._names([question])), "")
        return desk.answers([one], (False, False))[0]

    def _made(self, engine: Engine, version: str) -> Serving:
        """What will serve: the engine with the reports and items of this tenant."""
        cleaned, erased = self._cleaned(self.naming.checked(engine) if self.home else engine)
        base = cleaned.over(cleaned.fitted)
        base.reports = self.reports
        home = self.naming if self.home else None
        return self._trended(Serving.of(base, version, self._items, self.settings, home=home, erased=erased))

    def _copies(self) -> tuple[str, ...]:
        return tuple(record.folder for record in self.registry.standing().known.values())
