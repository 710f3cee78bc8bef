"""Choosing whose list it is: a user that the engine knows, or somebody new, by what they like."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from llm4rec.apps.web.elements import Field, Kept, Panel, Tag, button
from llm4rec.apps.web.readers import found_users, newcomers_items
from llm4rec.apps.web.shop.looking import found_items
from llm4rec.apps.web.visit import Visit
from llm4rec.core import Id

Known = Callable[[str], Awaitable[None]]
New = Callable[[list[Id]], Awaitable[None]]


class Picker:
    """A dialog; `known` is told the user that was picked, `new` the items that somebody new likes."""

    def __init__(self, visit: Visit, known: Known, new: New) -> None:
        self.visit, self.known, self.new = visit, known, new
        self.panel = Panel(visit.words("reader.heading"))
        self.liked: dict[Id, str] = {}

    async def open(self) -> None:
        """Show it."""
        words = self.visit.words
        asked = await self.visit.handed(lambda live: newcomers_items(live, words.language))
        self.liked = {}
        with self.panel.opened():
            Tag("h2", words("reader.heading"))
            Tag("h3", words("reader.known"))
            self.search = Field(words("reader.search"), most=100)
            self.users, self.names = Tag("div", classes="choices"), Kept()
            self.nobody = Tag("p", words("reader.nobody"), "soft gone")
            Tag("h3", words("reader.new"))
            Tag("p", words("reader.which"), "soft")
            self.asked = Tag("div", classes="choices", role="group", aria_label=words("reader.which"))
            self.titles = Field(words("reader.title"), most=100)
            self.found, self.matches = Tag("div", classes="choices"), Kept()
            with Tag("div", classes="actions"):
                button(words("reader.begin"), self.visit.does(self._begun), "button strong")
                button(words("why.close"), self.panel.closed)
        self._offer(self.asked, Kept(), asked)
        self.search.on_value_change(lambda: self.visit.tried(self._searched))
        self.titles.on_value_change(lambda: self.visit.tried(self._looked))
        await self._searched()

    async def _searched(self) -> None:
        part = self.search.value or ""
        found = await self.visit.handed(lambda live: found_users(live, part))
        if part != (self.search.value or ""):  # overtaken by a later letter
            return
        with self.users:
            self.names.become(found, lambda user: button(user, self.visit.does(self._picked, user), "choice"))
        self.nobody.classes(remove="gone", add="gone" if found else "")

    async def _looked(self) -> None:
        part = self.titles.value or ""
        found = await self.visit.handed(lambda live: found_items(live, part))
        if part == (self.titles.value or ""):
            self._offer(self.found, self.matches, found)

    def _offer(self, box: Tag, kept: Kept, items: list[tuple[Id, str]]) -> None:
        """Items as buttons that stay pressed."""
        titles = dict(items)

        def made(item: Id) -> Tag:
            one = button(titles[item], lambda: None, "choice", aria_pressed=str(item in self.liked).lower())
            one.on("click", partial(self._pressed, one, item, titles[item]), [])
            return one

        with box:
            kept.become(titles, made)

    def _pressed(self, made: Tag, item: Id, title: str) -> None:
        if self.liked.pop(item, None) is None:
            self.liked[item] = title
        made.props["aria-pressed"] = str(item in self.liked).lower()

    async def _picked(self, user: str) -> None:
        self.panel.closed()
        await self.known(user)

    async def _begun(self) -> None:
        self.panel.closed()
        await self.new(list(self.liked))
