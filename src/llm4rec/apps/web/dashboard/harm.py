"""Reports of harmful content to work through: what was said of which item, and the decision on it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from llm4rec.apps.rest.doors import decided
from llm4rec.apps.web.elements import Tag, button
from llm4rec.apps.web.numbers import whole
from llm4rec.apps.web.visit import Visit

Seen = dict[str, Any]


class Harm:
    """The part of the dashboard."""

    def __init__(self, visit: Visit, again: Callable[[], Awaitable[None]]) -> None:
        self.visit, self.words, self.again = visit, visit.words, again

    def show(self, seen: Seen) -> None:
        """Items with reports, those of most people first."""
        Tag("h2", self.words("harm.heading"))
        if not seen["reports"]:
            Tag("p", self.words("harm.none"), "hollow")
            return
        with Tag("ul", classes="reported"):
            for row in seen["reports"]:
                with Tag("li"):
                    self._item(row)

    def _item(self, row: Seen) -> None:
        words, item = self.words, row["item"]
        with Tag("div", classes="line-of"):
            Tag("strong", row["title"])
            if row["hidden"]:
                Tag("span", words("harm.hidden"), "state bad")
        if row["people"]:
            kinds = ", ".join(words.either(f"harm.{kind}", kind) for kind in row["categories"])
            told = words("harm.people", n=whole(row["people"]), needed=whole(row["needed"]), kinds=kinds)
            Tag("p", told, "soft small-text")
        for text in row["texts"]:
            Tag("blockquote", text)
        with Tag("div", classes="buttons"):
            if not row["decided"]:
                label = words("harm.hide_this", title=row["title"])
                hide = self.visit.does(self._decided, item, "hide")
                button(words("harm.hide"), hide, icon="hide", aria_label=label)
            name = "harm.show" if row["hidden"] and not row["people"] else "harm.clear"
            label = words(f"{name}_this", title=row["title"])
            button(words(name), self.visit.does(self._decided, item, "clear"), icon="seen", aria_label=label)

    async def _decided(self, item: str, decision: str) -> None:
        who, house = self.visit.who, self.visit.house

        def work(live: Any) -> None:
            decided(live, who, item, decision)
            house.watching.changed(live)

        await self.visit.handed(work, needs="admin")
        self.visit.tell(self.words(f"harm.done_{decision}", item=item))
        await self.again()
