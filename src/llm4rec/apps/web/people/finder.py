"""Finding people by their id."""

from __future__ import annotations

from functools import partial
from urllib.parse import quote

from llm4rec.apps.web.elements import Field, Kept, Tag
from llm4rec.apps.web.readers import Reader, found_users
from llm4rec.apps.web.visit import Visit


async def build(visit: Visit) -> None:
    """The page."""
    words, reader = visit.words, Reader.of(visit.session)
    Tag("h1", words("nav.people"))
    Tag("p", words("people.text"), "soft last")
    search = Field(words("reader.search"), most=100)
    found, names = Tag("ul", classes="names", aria_label=words("nav.people")), Kept()

    def named(own: list[str], user: str) -> Tag:
        with Tag("li") as made:
            name = words("people.you", user=user) if user in own else user
            Tag("a", name, "choice", href=f"/users/{quote(user, safe='')}")
        return made

    async def searched() -> None:
        part = (search.value or "").strip()
        users = await visit.handed(lambda live: found_users(live, part))
        if part != (search.value or "").strip():  # overtaken by a later letter
            return
        own = [reader.user] if not part and reader.user not in users else []
        with found:
            names.become([*own, *users, *([part] if part and part not in users else [])], partial(named, own))

    search.on_value_change(lambda: visit.tried(searched))
    await searched()
