"""The dashboard: tiles, plots and tables of the last days, looked at again every few seconds; draws only what changed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from nicegui import ui

from llm4rec.apps.web.dashboard import courses, judged, tiles, versions
from llm4rec.apps.web.dashboard.harm import Harm
from llm4rec.apps.web.elements import Tag, button
from llm4rec.apps.web.files import address
from llm4rec.apps.web.numbers import stamp
from llm4rec.apps.web.visit import Visit

EVERY = 5.0  # seconds from look to look
AT_ONCE = 0.15  # seconds for which the page waits for its first look; then it goes out with skeletons
DAYS = (1.0, 7.0, 30.0)
Seen = dict[str, Any]
STYLE = f'<link rel="stylesheet" href="{address("dashboard.css")}">'


async def build(visit: Visit) -> None:
    """The page."""
    ui.add_head_html(STYLE)
    board = Board(visit)
    board.draw()
    first = asyncio.create_task(board.look())
    await asyncio.wait({first}, timeout=AT_ONCE)


class Part:
    """A part of the page that is drawn anew when what it shows has changed, and only then."""

    def __init__(self, holder: Tag, show: Callable[[Seen], None], of: Callable[[Seen], Any]) -> None:
        self._holder, self._show, self._of = holder, show, of
        self._known = ""

    def take(self, seen: Seen) -> None:
        """Look at new figures."""
        told = json.dumps(self._of(seen), sort_keys=True, default=str)
        if told != self._known:
            self._known = told
            self._holder.clear()
            with self._holder:
                self._show(seen)


class Board:
    """One open dashboard."""

    def __init__(self, visit: Visit) -> None:
        self.visit, self.words = visit, visit.words
        self.days: float = visit.session.kept.get("dashboard.days", DAYS[1])
        self._asked = 0

    def draw(self) -> None:
        """Its parts, with skeletons where figures will be."""
        words = self.words
        with Tag("div", classes="heading apart"):
            Tag("h1", words("dashboard.heading"))
            with Tag("div", classes="segments", role="group", aria_label=words("dashboard.window")):
                self.choices = {days: self._choice(days) for days in DAYS}
        self.when = Tag("p", words("dashboard.looking"), "soft when")
        self.halted = Tag("div", classes="halted gone", role="alert")
        with self.halted:
            Tag("span", words("dashboard.halted"))
            button(words("dashboard.again"), self.visit.does(self.resumed), icon="undo")
        self.parts = list(self._parts())
        # Not at once: it would wait for the socket, and the page would go out without its first look.
        self.timer = ui.timer(EVERY, self.look, immediate=False)
        self._marked()

    def _choice(self, days: float) -> Tag:
        async def chosen() -> None:
            self.days = self.visit.session.kept["dashboard.days"] = days
            self._marked()
            await self.look()

        return button(self.words(f"dashboard.days{days:.0f}"), self.visit.does(chosen), "segment")

    def _marked(self) -> None:
        for days, one in self.choices.items():
            one.props["aria-pressed"] = "true" if days == self.days else "false"

    def _parts(self) -> Any:
        words, again = self.words, self.look
        actions = versions.Versions(self.visit, again)
        harm = Harm(self.visit, again)
        yield self._part("warnings", lambda s: tiles.trouble(words, s), lambda s: [s["state"], s["notes"]])
        yield self._part("tiles", lambda s: tiles.tiles(words, s), tiles.shown_in)
        yield self._part("plots", lambda s: courses.courses(words, s), courses.shown_in)
        with Tag("div", classes="pair"):
            yield self._part("panel", lambda s: judged.drift(words, s), lambda s: s["drift"])
            yield self._part("panel", harm.show, lambda s: s["reports"])
        yield self._part("panel", lambda s: judged.experiments(words, s), lambda s: s["experiments"])
        yield self._part("panel", actions.show, lambda s: [s["versions"], s["state"]["shadow"]])
        with Tag("div", classes="pair"):
            yield self._part("panel", lambda s: judged.estimates(words, s), lambda s: s["estimates"])
            yield self._part("panel", lambda s: judged.reasons(words, s), lambda s: s["reasons"])
        yield self._part("panel", lambda s: judged.latency(words, s), lambda s: s["latency"])

    def _part(self, kind: str, show: Callable[[Seen], None], of: Callable[[Seen], Any]) -> Part:
        with Tag("section", classes=f"part {kind}") as holder:
            if kind != "warnings":
                Tag("div", classes="skeleton", aria_hidden="true")
        return Part(holder, show, of)

    async def look(self) -> None:
        """Look again; a look that was overtaken is dropped. Where nothing can be seen, it stops and says so."""
        self._asked += 1
        mine = self._asked
        if not await self.visit.tried(self._look, mine):
            self.timer.deactivate()
            self.halted.classes(remove="gone")

    async def resumed(self) -> None:
        """Go on after trouble."""
        self.halted.classes(add="gone")
        self.timer.activate()
        await self.look()

    async def _look(self, mine: int) -> None:
        house, days = self.visit.house, self.days

        def work(live: Any) -> Seen:
            seen = house.watching.look(live, days).as_json()
            return seen | {"latency": house.metrics.latencies(), "state": live.figures()}

        seen = await self.visit.handed(work, needs="admin")
        if mine != self._asked:
            return
        for part in self.parts:
            part.take(seen)
        self.when.set_text(
            self.words("dashboard.when", since=stamp(seen["since"]), until=stamp(seen["until"]))
        )
