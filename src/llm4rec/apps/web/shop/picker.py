"""Choosing whose list it is: a user that the engine knows, or somebody new, by what they like."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from llm4rec.apps.web.elements import Field, Panel, Tag, button
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
            self.users = Tag("div", classes="choices")
            Tag("h3", words("reader.new"))
            Tag("p", words("reader.which"), "soft")
            self.asked = Tag("div", classes="choices", role="group", aria_label=words("reader.which"))
            self.titles = Field(words("reader.title"), most=100)
            self.found = Tag("div", classes="choices")
            with Tag("div", classes="actions"):
                button(words("reader.begin"), self.visit.does(self._begun), "button strong")
                button(words("why.close"), self.panel.closed)
        self._offer(self.asked, asked)
        self.search.on_value_change(lambda: self.visit.tried(self._searched))
        self.titles.on_value_change(lambda: self.visit.tried(self._looked))
        await self._searched()

    async def _searched(self) -> None:
        part = self.search.value or ""
        found = await self.visit.handed(lambda live: found_users(live, part))
        self.users.clear()
        with self.users:
            for user in found:
                button(user, self.visit.does(self._picked, user), "choice")
            if not found:
                Tag("p", self.visit.words("reader.nobody"), "soft")

    async def _looked(self) -> None:
        part = self.titles.value or ""
        self._offer(self.found, await self.visit.handed(lambda live: found_items(live, part)))

    def _offer(self, box: Tag, items: list[tuple[Id, str]]) -> None:
        """Items as buttons that stay pressed."""
        box.clear()
        with box:
            for item, title in items:
                made = button(title, lambda: None, "choice", aria_pressed=str(item in self.liked).lower())
                made.on("click", partial(self._pressed, made, item, title), [])

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
