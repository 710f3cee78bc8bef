"""The reports page: the list of reports, and the one that is open."""

from __future__ import annotations

import asyncio
from typing import Any

from nicegui import ui

from llm4rec.apps.web.elements import Tag, button
from llm4rec.apps.web.files import address
from llm4rec.apps.web.numbers import stamp
from llm4rec.apps.web.reports.evaluation import Evaluated
from llm4rec.apps.web.reports.reading import Report, reports_in
from llm4rec.apps.web.reports.tradeoff import Traded
from llm4rec.apps.web.visit import Visit

STYLE = f'<link rel="stylesheet" href="{address("dashboard.css")}">'


async def build(visit: Visit) -> None:
    """The page."""
    ui.add_head_html(STYLE)
    page = Reports(visit)
    page.draw()
    await page.read()


class Reports:
    """One open page of reports."""

    def __init__(self, visit: Visit) -> None:
        self.visit, self.words = visit, visit.words
        self.found: tuple[Report, ...] = ()
        self.at = -1

    def draw(self) -> None:
        """Its parts, empty."""
        Tag("h1", self.words("reports.heading"))
        self.about = Tag("p", self.words("reports.about"), "soft")
        with Tag("div", classes="bookcase"):
            self.shelf = Tag("nav", classes="shelf", aria_label=self.words("reports.list"))
            self.book = Tag("div", classes="book")

    async def read(self) -> None:
        """Read the folder, and open the newest report."""
        folder = self.visit.house.settings.reports
        if not folder:
            with self.book:
                Tag("p", self.words("reports.none"), "empty")
            return
        found, refused = await asyncio.get_running_loop().run_in_executor(
            self.visit.house.pool, reports_in, folder
        )
        self.found = found
        with self.shelf:
            self.spines = [self._spine(place, one) for place, one in enumerate(found)]
            for told in refused:
                Tag("p", told, "soft small-text")
        if found:
            self.open(0)
        else:
            with self.book:
                Tag("p", self.words("reports.empty"), "empty")

    def _spine(self, place: int, one: Report) -> Tag:
        async def opened() -> None:
            self.open(place)

        made = button("", self.visit.does(opened), "spine")
        with made:
            Tag("strong", one.name)
            Tag("span", f"{self.words(f'reports.{one.kind}')} · {stamp(one.time)}", "soft small-text")
        return made

    def open(self, place: int) -> None:
        """Show a report; one that is open stays as it is."""
        if place == self.at:
            return
        self.at = place
        for at, spine in enumerate(self.spines):
            spine.props["aria-current"] = "true" if at == place else "false"
        kinds: dict[str, Any] = {"evaluation": Evaluated, "tradeoff": Traded}
        self.book.clear()
        with self.book:
            kinds[self.found[place].kind](self.visit, self.found[place].content).draw()
