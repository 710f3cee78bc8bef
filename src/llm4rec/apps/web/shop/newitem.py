"""A new item from a description, and where it lands: for whom it stands among the first ten."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from llm4rec.apps.web.elements import Field, Panel, Tag, button
from llm4rec.apps.web.notes import worded
from llm4rec.apps.web.shop.looking import DEEP, TOP, Landed, landed
from llm4rec.apps.web.visit import Visit

NAMED = 12  # readers that are named


class NewItem:
    """A dialog; `question` tells who looks, `known` switches to another reader, `after` shows the list anew."""

    def __init__(
        self,
        visit: Visit,
        question: Callable[[], Mapping[str, Any]],
        known: Callable[[str], Awaitable[None]],
        after: Callable[[str], Awaitable[None]],
    ) -> None:
        self.visit, self.question, self.known, self.after = visit, question, known, after
        self.panel = Panel(visit.words("new.heading"))

    def open(self) -> None:
        """Show it, empty."""
        words = self.visit.words
        with self.panel.opened():
            Tag("h2", words("new.heading"))
            Tag("p", words("new.text"), "soft")
            self.title = Field(words("new.title"), most=200)
            self.about = Field(words("new.about"), rows=5, most=5_000)
            self.trouble = Tag("p", "", "trouble gone", role="alert")
            self.result = Tag("div", classes="landed", role="status")
            with Tag("div", classes="actions"):
                button(words("new.add"), self.visit.does(self._added), "button strong", icon="add")
                button(words("why.close"), self.panel.closed)

    async def _added(self) -> None:
        title, about = (self.title.value or "").strip(), (self.about.value or "").strip()
        self.trouble.classes(remove="gone", add="" if not title else "gone")
        self.trouble.set_text("" if title else self.visit.words("new.untitled"))
        if not title:
            return
        self.result.clear()
        with self.result:
            Tag("p", self.visit.words("new.looking"), "bone line")
        item, question = f"new-{secrets.token_hex(4)}", dict(self.question())
        found = await self.visit.handed(lambda live: landed(live, item, (title, about), question), "write")
        self.visit.house.metrics.rows("items", 1)
        self._tell(title, found)
        await self.after(self.visit.words("new.done", title=title))

    def _tell(self, title: str, found: Landed) -> None:
        words = self.visit.words
        self.result.clear()
        with self.result:
            key = "new.place" if found.place else "new.behind"
            Tag("p", words(key, title=title, place=found.place, most=DEEP))
            Tag("p", words("new.readers", n=len(found.readers), sample=found.sample, top=TOP))
            with Tag("div", classes="choices"):
                for user, place in found.readers[:NAMED]:
                    told = words("new.reader", user=user, place=place)
                    button(told, self.visit.does(self._switched, user), "choice")
            for note in found.notes:
                Tag("p", worded(note, words), "soft")

    async def _switched(self, user: str) -> None:
        self.panel.closed()
        await self.known(user)
