"""The shop window: whose list, a wish, knobs, cards, and what is said of them; each changes the list at once."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from urllib.parse import quote

from llm4rec.apps.web.elements import Field, Knob, Panel, Tag, button, chip
from llm4rec.apps.web.notes import worded
from llm4rec.apps.web.readers import Reader, last_items
from llm4rec.apps.web.shop.cards import Cards, Told, unsure_of
from llm4rec.apps.web.shop.looking import Looked, looked, read
from llm4rec.apps.web.shop.newitem import NewItem
from llm4rec.apps.web.shop.picker import Picker
from llm4rec.apps.web.shop.state import N, Shop, joined
from llm4rec.apps.web.shop.telling import changed, price, reason_of
from llm4rec.apps.web.shop.waiting import until_priced
from llm4rec.apps.web.shop.why import show_why
from llm4rec.apps.web.visit import Visit
from llm4rec.core import Id
from llm4rec.engine.ordering import KNOBS

STILL = 0.04  # seconds without a move, after which a slider is answered
LONG = 160  # characters of one note that stand over the list


async def build(visit: Visit) -> None:
    """The page."""
    window = Window(visit)
    window.draw()
    await window.first()


class Window:
    """One open shop window."""

    def __init__(self, visit: Visit) -> None:
        self.visit, self.words, self.shop = visit, visit.words, Shop.of(visit.session)
        self.shown: Looked | None = None
        self._asked = 0
        self._turning: asyncio.Task[Any] | None = None
        self._pricing: asyncio.Task[Any] | None = None

    def draw(self) -> None:
        """All its parts, the list as skeletons."""
        words, may = self.words, self.visit.may("write")
        with Tag("div", classes="heading"):
            self.heading = Tag("h1")
            self.badge = Tag("span", words("shop.synthetic"), "badge gone")
        self.last = Tag("p", "", "soft last")
        self.picker = Picker(self.visit, self.known, self.new)
        self.newitem = NewItem(self.visit, self.shop.question, self.known, self.refresh)
        with Tag("div", classes="actions"):
            button(words("shop.whose"), self.visit.does(self.picker.open), icon="people")
            self.profile = Tag("a", words("shop.profile"), "button i-reports", href="/users")
            if may:
                button(words("shop.newitem"), self.newitem.open, icon="add")
        with Tag("div", classes="desk"):
            with Tag("section", classes="panel wishing", aria_label=words("wish.heading")):
                self._wishing()
            with Tag("section", classes="panel turning", aria_label=words("knob.heading")):
                self._turning_knobs()
        self.change = Tag("p", "", "change", aria_hidden="true")
        with Tag("details", classes="notes gone") as self.notes:
            self.notes_told = Tag("summary")
            self.notes_list = Tag("ul")
        act = (lambda *given: self.visit.tried(self.acted, *given)) if may else None
        self.list = Cards(words, N, act, lambda told: self.visit.tried(self.why, told))
        self.nothing = Tag("p", words("shop.nothing"), "empty gone")
        self.panel = Panel(words("card.why"))

    def _wishing(self) -> None:
        words = self.words
        with Tag("div", classes="ask"):
            self.wish = Field(words("wish.label"), hint=words("wish.hint"))
            self.wish.entered(self.visit.does(self.wished))
            button(words("wish.find"), self.visit.does(self.wished), "button strong", icon="search")
        self.chips = Tag("div", classes="chips", role="group", aria_label=words("wish.understood"))
        with Tag("div", classes="ask"):
            self.sentence = Field(words("say.label"), hint=words("say.hint"))
            self.sentence.entered(self.visit.does(self.said))
            button(words("say.send"), self.visit.does(self.said), icon="send")

    def _turning_knobs(self) -> None:
        self.knobs: dict[str, Knob] = {}
        for name in KNOBS:
            with Tag("div", classes="knob"):
                Tag("span", self.words(f"knob.{name}"))
                self.knobs[name] = made = Knob(self.words(f"knob.{name}"), self.shop.knobs[name])
                made.on_value_change(lambda event, name=name: self._turned(name, event.value))
        self.price = Tag("p", self.words("knob.free"), "price soft")

    async def first(self) -> None:
        """What is shown when the page opens."""
        await self._whose()
        await self.refresh()

    async def _whose(self) -> None:
        """The heading for whoever is spoken for."""
        reader = self.shop.reader

        def work(live: Any) -> Any:
            return last_items(live, reader), live.home and live.serving.engine.fitted.dataset.synthetic

        last, synthetic = await self.visit.handed(work)
        name = self.words("shop.you") if reader.new else reader.user
        self.heading.set_text(self.words("shop.heading", name=name))
        told = self.words("shop.last", titles=" · ".join(last)) if last else self.words("shop.unknown")
        self.last.set_text(told)
        self.badge.classes(remove="gone", add="" if synthetic else "gone")
        self.profile.props["href"] = f"/users/{quote(reader.user, safe='')}"

    async def refresh(self, told: str = "") -> None:
        """Ask again and show what comes; an answer that was overtaken by a later question is dropped."""
        self._asked += 1
        mine, question, wish = self._asked, self.shop.question(), self.shop.reading
        self.list.classes(add="busy")
        try:
            found = await self.visit.handed(lambda live: looked(live, question, wish))
        finally:
            if mine == self._asked:
                self.list.classes(remove="busy")
        if mine == self._asked:
            self._show(found, told)

    def _show(self, found: Looked, told: str) -> None:
        before = self.shown.answer.items if self.shown else ()
        self.shown, wish = found, found.reading is not None
        chances = found.answer.chances or (None,) * len(found.facts)
        cards = []
        for place, facts in enumerate(found.facts):
            fresh = bool(before) and facts.item not in before
            reason = reason_of(found.answer, place, wish, self.words)
            unsure = unsure_of(facts, chances[place], self.words)
            cards.append(Told(facts, reason, unsure, fresh, found.answer.impression))
        self.list.show(cards)
        self.nothing.classes(remove="gone", add="gone" if found.facts else "")
        self._tell(found, changed(before, found, self.words), told)

    def _tell(self, found: Looked, change: str, told: str) -> None:
        text = " ".join(part for part in (told, change) if part)
        self.change.set_text(text)
        self.visit.tell(text)
        self.notes.classes(remove="gone", add="" if found.notes else "gone")
        self.notes_told.set_text(self.words("shop.notes", n=len(found.notes)))
        self.notes_list.clear()
        with self.notes_list:
            for note in found.notes:
                Tag("li", worded(note, self.words))
        self.chips.clear()
        with self.chips:
            for where, words, place in self.shop.chips():
                back = self.words("wish.without", piece=words)
                anew = (self.words("wish.change"), self.visit.does(self.rephrased, place))
                then = self.visit.does(self.without, where, place)
                chip(words, back, then, anew if where == "wish" else None)
        trade = found.answer.trade
        self.price.set_text(price(trade, self.words))
        if self._pricing is not None:
            self._pricing.cancel()
        waits = found.pricing and trade is not None and trade.unpriced
        self._pricing = asyncio.create_task(self.visit.tried(self._priced, self._asked)) if waits else None

    async def _priced(self, mine: int) -> None:
        """The list is asked for again once its price is known, unless another was asked for since."""
        if await until_priced(self.visit, lambda: mine == self._asked and not self.price.is_deleted):
            self._pricing = None  # it is over: showing the list must not cancel it
            await self.refresh(self.words("knob.priced"))

    def _turned(self, name: str, value: float) -> None:
        """A slider moved; the last of several moves is answered."""
        self.shop.knobs[name] = float(value)
        if self._turning is not None:
            self._turning.cancel()
        self._turning = asyncio.create_task(self._still())

    async def _still(self) -> None:
        await asyncio.sleep(STILL)
        self._turning = None
        await self.visit.tried(self.refresh)

    async def wished(self) -> None:
        """A wish in words."""
        text = (self.wish.value or "").strip()
        if not text:
            self.visit.hint(self.words("wish.empty"))
            return
        question, before, place = self.shop.question(), self.shop.reading, self.shop.changing

        def work(live: Any) -> Looked:
            if before is None or place is None:
                return looked(live, question, text)
            return looked(live, question, before.replaced(place, read(live, text)))

        self.list.classes(add="busy")
        try:
            found = await self.visit.handed(work)
        finally:
            self.list.classes(remove="busy")
        self._asked += 1
        self.shop.reading, self.shop.changing = found.reading, None
        self.wish.set_value("")
        understood = found.reading is not None and found.reading.pieces
        self._show(found, self.words("wish.done" if understood else "wish.nothing"))

    async def rephrased(self, place: int) -> None:
        """The words behind a piece, back in the field: what is sent next stands in its place."""
        self.wish.set_value(self.shop.rephrased(place))
        self.visit.hint(self.words("wish.change"))

    async def without(self, where: str, place: int) -> None:
        """One thing that was understood is taken back."""
        self.shop.without(where, place)
        await self.refresh(self.words("wish.taken"))

    async def said(self) -> None:
        """A sentence about the list."""
        text = (self.sentence.value or "").strip()
        if not text or self.shown is None:
            self.visit.hint(self.words("say.empty"))
            return
        who, shown, so_far = self.shop.reader.who, self.shown.answer.items, self.shop.remarks
        year = time.gmtime().tm_year
        heard = await self.visit.handed(
            lambda live: live.remark(text, **who, shown=shown, so_far=so_far, year=year)
        )
        self.sentence.set_value("")
        if self.shop.reading is not None:  # the list answers a wish: what was said of it becomes part of that
            self.shop.reading = joined(self.shop.reading, heard.read.latest)
            heard = heard.without(*(step.id for step in heard.read.latest if step.kind != "event"))
        self.shop.remarks = heard
        notes = "; ".join(note if len(note) <= LONG else f"{note[:LONG]}…" for note in heard.read.notes)
        await self.refresh(notes or self.words("say.done"))

    async def acted(self, told: Told, kind: str, value: float | None) -> None:
        """A click on a card: kept as feedback that quotes the list, and counted in the next one."""
        facts, user = told.facts, self.shop.reader.user
        row = {"user": user, "item": facts.item, "kind": kind, "value": value}
        row["impression"] = told.impression or None
        await self.visit.handed(lambda live: live.feedback([row]), "write")
        self.visit.house.metrics.rows("feedback", 1)
        await self._whose()
        await self.refresh(self.words(f"act.{kind}", title=facts.title, value=int(value or 0)))

    async def why(self, told: Told) -> None:
        """The evidence behind a card."""
        item, question = told.facts.item, {**self.shop.question(), "language": self.words.language}
        found = await self.visit.handed(lambda live: live.explain(items=[item], **question))
        show_why(self.panel, self.words, found[0], self.shop.reading is not None)

    async def known(self, user: str) -> None:
        """Speak for somebody whom the engine knows."""
        self.shop.reader.become(user)
        await self._changed_reader()

    async def new(self, liked: list[Id]) -> None:
        """Speak for somebody new, who likes these."""
        Reader.become(self.shop.reader, "")
        user = self.shop.reader.user
        rows = [{"user": user, "item": item, "kind": "like"} for item in liked]
        if rows and not self.visit.may("write"):
            self.shop.reader.history = tuple(liked)
        elif rows:
            await self.visit.handed(lambda live: live.feedback(rows), "write")
            self.visit.house.metrics.rows("feedback", len(rows))
        await self._changed_reader()

    async def _changed_reader(self) -> None:
        self.shop.cleared()
        self.shown = None
        await self._whose()
        await self.refresh(self.heading.text)
