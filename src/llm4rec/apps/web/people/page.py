"""One person: interests with their proofs, to be changed by their owner; what they did; export and erasure."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from nicegui import ui

from llm4rec.apps.web.elements import Panel, Tag, button
from llm4rec.apps.web.people.known import (
    MOST_EVENTS,
    Change,
    Known,
    edited,
    erased,
    exported,
    known_of,
)
from llm4rec.apps.web.people.likings import changed, draw_likings, edits_text
from llm4rec.apps.web.readers import Reader
from llm4rec.apps.web.visit import Visit
from llm4rec.core import UNEDITED, ProfileEdits


async def build(visit: Visit, user: str) -> None:
    """The page."""
    await Person(visit, user).draw()


class Person:
    """One open page of a person."""

    def __init__(self, visit: Visit, user: str) -> None:
        self.visit, self.words, self.user = visit, visit.words, user

    async def draw(self) -> None:
        """All its parts."""
        words = self.words
        with Tag("div", classes="heading"):
            Tag("h1", self.user)
            self.sure = Tag("span", "", "badge calm")
        self.text = Tag("p", "", "last")
        with Tag("div", classes="actions"):
            button(words("people.window"), self.visit.does(self.looked), "button strong", icon="shop")
            if self.visit.may("admin"):
                button(words("people.export"), self.visit.does(self.exported), icon="save")
                button(words("people.erase"), self._asked, icon="close")
        self.edits = Tag("div", classes="panel edits gone", role="group", aria_label=words("people.edits"))
        with Tag("div", classes="talk"):
            self.likings = Tag("section", classes="panel likings", aria_label=words("people.interests"))
            self.events = Tag("section", classes="panel", aria_label=words("people.timeline"))
        self.panel = Panel(words("people.erase"))
        await self.refresh()

    async def refresh(self) -> None:
        """Read all anew."""
        user, language = self.user, self.words.language
        known = await self.visit.handed(lambda live: known_of(live, user, language))
        profile = known.profile
        self.text.set_text(profile.text if profile.events else self.words("people.unknown"))
        self.sure.set_text(self.words("people.sure", sure=f"{profile.sure:.0%}", n=profile.events))
        self.likings.clear()
        with self.likings:
            draw_likings(self.words, profile, self._edit if self.visit.may("write") else None)
        self._tell_edits(known.edits)
        self._tell_events(known)

    def _tell_edits(self, edits: ProfileEdits) -> None:
        self.edits.classes(remove="gone", add="gone" if edits.empty else "")
        self.edits.clear()
        if not edits.empty:
            with self.edits:
                Tag("p", edits_text(edits, self.words))
                if self.visit.may("write"):
                    undo = self.visit.does(self.edited, lambda _: UNEDITED)
                    button(self.words("people.undo"), undo, icon="undo")

    def _tell_events(self, known: Known) -> None:
        self.events.clear()
        with self.events:
            Tag("h2", self.words("people.timeline"))
            if not known.events:
                Tag("p", self.words("people.nothing"), "soft")
            with Tag("ol", classes="timeline", tabindex="0", aria_label=self.words("people.timeline")):
                for event in known.events:
                    with Tag("li"):
                        Tag("span", event.when, "by")
                        kind = self.words.either(f"kind.{event.kind}", event.kind)
                        stars = "" if event.value is None else f" ({event.value:g})"
                        Tag("span", f"{kind}{stars}", "kind")
                        Tag("span", event.title)
            if known.more:
                Tag("p", self.words("people.more_rows", n=MOST_EVENTS, total=known.more), "soft")

    def _edit(self, kind: str, name: str, what: str) -> Any:
        """The handler of an edit: more of it, less of it, without it, or nothing of the past."""
        return self.visit.does(self.edited, partial(changed, kind, name, what))

    async def edited(self, change: Change) -> None:
        """Keep what their owner says of their interests."""
        user = self.user
        await self.visit.handed(lambda live: edited(live, user, change), "write")
        await self.refresh()
        self.visit.tell(self.words("people.edited"))

    async def looked(self) -> None:
        """See the list of this person."""
        Reader.of(self.visit.session).become(self.user)
        shop = self.visit.session.kept.get("shop")
        if shop is not None:
            shop.cleared()
        ui.navigate.to("/")

    async def exported(self) -> None:
        """All that is kept of them, as a file."""
        user, who = self.user, self.visit.who
        found = await self.visit.handed(lambda live: exported(live, user, who), "admin")
        body = json.dumps(found, ensure_ascii=False, indent=1, default=str).encode()
        ui.download(body, "person.json", "application/json")
        self.visit.tell(self.words("people.exported"))

    def _asked(self) -> None:
        with self.panel.opened():
            Tag("h2", self.words("people.erase_heading", user=self.user))
            Tag("p", self.words("people.erase_text"))
            with Tag("div", classes="actions"):
                button(self.words("people.erase_now"), self.visit.does(self.erased), "button danger")
                button(self.words("why.close"), self.panel.closed)

    async def erased(self) -> None:
        """Remove them, and show the proof."""
        user, who = self.user, self.visit.who
        proof = await self.visit.handed(lambda live: erased(live, user, who), "admin")
        with self.panel.opened():
            Tag("h2", self.words("people.gone" if proof.complete else "people.hidden"))
            Tag("p", self.words(f"people.{proof.method.replace(' ', '_')}"))
            with Tag("table", classes="proof"):
                with Tag("tr"):
                    for key in ("people.table", "people.before", "people.after"):
                        Tag("th", self.words(key), scope="col")
                for table, count in proof.store.before.items():
                    with Tag("tr"):
                        for text in (table, str(count), str(proof.store.after.get(table, 0))):
                            Tag("td", text)
            Tag("p", self.words("people.hash", hash=proof.store.hash), "hash")
            button(self.words("why.close"), self.panel.closed, "button strong")
        await self.refresh()
