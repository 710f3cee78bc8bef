"""The shop window."""

from __future__ import annotations

from llm4rec.apps.web.elements import Tag
from llm4rec.apps.web.visit import Visit


async def build(visit: Visit) -> None:
    """The page."""
    Tag("h1", visit.words("nav.shop"))
    answer = await visit.answer({"n": 12})
    for title in answer.titles:
        Tag("p", title)
