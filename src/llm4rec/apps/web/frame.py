"""What stands around every page: skip link, header with navigation, language and light, a line that is read out, footer."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nicegui import ui

from llm4rec.apps.web.early import HEARD
from llm4rec.apps.web.elements import Hints, Light, Tag, button
from llm4rec.apps.web.files import ALL, THEIRS, address
from llm4rec.apps.web.registry import Page, pages
from llm4rec.apps.web.sessions import Theme
from llm4rec.apps.web.visit import Visit
from llm4rec.apps.web.words import HTML, LANGUAGES

DARK: dict[Theme, bool | None] = {"auto": None, "light": False, "dark": True}
NEXT: dict[Theme, Theme] = {"auto": "dark", "dark": "light", "light": "auto"}
HEAD = HEARD + (
    f'<link rel="stylesheet" href="{address(ALL)}"><link rel="modulepreload" href="{address("parts.js")}">'
    f'<link rel="modulepreload" href="{THEIRS}static/dompurify.mjs">'
)
"""The styles, and scripts that a browser would find late, for others ask for them."""


@contextmanager
def frame(visit: Visit, page: Page) -> Iterator[Any]:
    """Everything around a page; what is made inside stands in its main part."""
    client, words = ui.context.client, visit.words
    client.page = copy.copy(client.page)  # this visitor's language and light, in the very first bytes
    client.page.language = HTML[words.language]  # type: ignore[assignment]
    client.page.dark = DARK[visit.session.theme]
    client.title = f"{words(page.word)} · llm4rec"
    ui.add_head_html(HEAD)
    with client.layout:
        before = [Tag("a", words("frame.skip"), "skip", href="#main"), _header(visit, page)]
        for place, one in enumerate(before):
            one.move(client.layout, target_index=place)
        _footer(visit)
        visit.spoken = Tag("div", "", "spoken", role="status", aria_live="polite")
        visit.hints = Hints()
    client.page_container.classes("middle")
    client.content.props["id"] = "main"
    client.content.props["tabindex"] = "-1"
    client.content.classes("page")
    with client.content:
        yield client.content


def _header(visit: Visit, page: Page) -> Any:
    words = visit.words
    with Tag("header", classes="top") as made:
        with Tag("a", "", "brand", href="/", aria_label="llm4rec"):
            Tag("span", "llm4rec")
        with Tag("nav", classes="pages", aria_label=words("frame.nav")):
            for one in pages():
                if not one.link and visit.may(one.role):
                    _link(visit, one, one.path == (page.link or page.path))
        with Tag("div", classes="tools"):
            _tools(visit)
    return made


def _link(visit: Visit, page: Page, here: bool) -> None:
    more = {"aria_current": "page"} if here else {}
    Tag("a", visit.words(page.word), f"i-{page.icon}{' here' * here}", href=page.path, **more)


def _tools(visit: Visit) -> None:
    session, words = visit.session, visit.words
    dark = Light(DARK[session.theme])

    def lit() -> None:
        session.theme = NEXT[session.theme]
        dark.set(DARK[session.theme])
        told = words("frame.theme", theme=words(f"frame.{session.theme}"))
        light.props["aria-label"] = light.props["title"] = told
        visit.tell(told)

    def spoken() -> None:
        session.language = other
        ui.navigate.to(visit.path)

    def left() -> None:
        visit.sessions.end(session)
        ui.navigate.to("/sign-in")

    other = next(name for name in LANGUAGES if name != session.language)
    told = words("frame.theme", theme=words(f"frame.{session.theme}"))
    light = button("", lit, "tool", icon="theme", aria_label=told, title=told)
    button(LANGUAGES[other], spoken, "tool", lang=HTML[other])
    if visit.house.keys.required:
        button("", left, "tool", icon="out", aria_label=words("frame.out"), title=words("frame.out"))


def _footer(visit: Visit) -> None:
    with Tag("footer", classes="foot"):
        told = visit.words("frame.version", version=visit.house.live.version)
        Tag("span", told)
        who = visit.who
        Tag(
            "span",
            visit.words("frame.role", role=who.role, tenant=who.tenant)
            if who.key
            else visit.words("frame.open"),
        )
