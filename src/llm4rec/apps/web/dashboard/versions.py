"""Engine versions with their lineage: promote, roll back, run in the shadow, each asked for twice and put on record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from llm4rec.apps.rest.doors import noted_of
from llm4rec.apps.web.dashboard.judged import state
from llm4rec.apps.web.elements import Panel, Tag, button
from llm4rec.apps.web.numbers import NONE, between, percent, stamp, whole
from llm4rec.apps.web.visit import Visit

Seen = dict[str, Any]
Again = Callable[[], Awaitable[None]]
DONE = {
    "promote": "engine promoted",
    "rollback": "engine rolled back",
    "shadow": "engine shadow",
    "ended": "engine shadow",
}


class Confirming:
    """A dialog that asks whether it is meant, and does it then."""

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self.panel = Panel(visit.words("confirm.heading"))

    def ask(self, text: str, then: Callable[[], Awaitable[None]]) -> None:
        """Ask; `then` is done when it is meant."""
        words = self.visit.words

        async def meant() -> None:
            self.panel.closed()
            await then()

        with self.panel.opened():
            Tag("h2", words("confirm.heading"))
            Tag("p", text)
            with Tag("div", classes="buttons"):
                button(words("confirm.yes"), self.visit.does(meant), "button strong")
                button(words("confirm.no"), self.panel.closed)


class Versions:
    """The part of the dashboard."""

    def __init__(self, visit: Visit, again: Again) -> None:
        self.visit, self.words, self.again = visit, visit.words, again
        self.confirming = Confirming(visit)

    def show(self, seen: Seen) -> None:
        """All versions, the newest first."""
        words = self.words
        with Tag("div", classes="line-of"):
            Tag("h2", words("version.heading"))
            if any(row["state"] == "before" for row in seen["versions"]):
                button(words("version.rollback"), lambda: self._asked("rollback", ""), icon="undo")
        if not seen["versions"]:
            Tag("p", words("version.none"), "hollow")
            return
        with Tag("ol", classes="versions"):
            for row in seen["versions"]:
                with Tag("li"):
                    self._version(row)
        self._shadow(seen["state"]["shadow"])

    def _version(self, row: Seen) -> None:
        words = self.words
        with Tag("div", classes="line-of"):
            Tag("code", row["version"])
            state(words, row["state"])
        parent = row["parent"] or NONE
        told = words("version.told", model=row["model"], time=stamp(row["time"]), parent=parent)
        Tag("p", told, "soft small-text")
        found = row["click_through"]
        if found["value"] is not None:
            text = between(found, percent)
            Tag("p", words("version.brought", value=text, n=whole(found["count"])), "small-text")
        if row["metrics"]:
            Tag("p", ", ".join(f"{k} {v}" for k, v in list(row["metrics"].items())[:6]), "soft small-text")
        if row["reason"]:
            Tag("p", row["reason"], "note")
        self._buttons(row)

    def _buttons(self, row: Seen) -> None:
        version, standing = row["version"], row["state"]
        with Tag("div", classes="buttons"):
            if standing != "serving":
                label = self.words("version.promote_this", version=version)
                button(
                    self.words("version.promote"), lambda: self._asked("promote", version), aria_label=label
                )
            if standing in ("registered", "before"):
                label = self.words("version.shadow_this", version=version)
                button(self.words("version.shadow"), lambda: self._asked("shadow", version), aria_label=label)
            if standing == "shadow":
                button(self.words("version.ended"), lambda: self._asked("ended", version))

    def _shadow(self, shadow: Seen | None) -> None:
        if shadow is not None:
            told = {"version": shadow["version"], "n": whole(shadow["asked"])}
            told |= {"overlap": percent(shadow["overlap"]), "first": percent(shadow["same_first"])}
            Tag("p", self.words("version.compared", **told), "note")

    def _asked(self, what: str, version: str) -> None:
        async def done() -> None:
            await self._done(what, version)

        self.confirming.ask(self.words(f"version.{what}_sure", version=version), done)

    async def _done(self, what: str, version: str) -> None:
        who, house = self.visit.who, self.visit.house

        def work(live: Any) -> str:
            doing: dict[str, Callable[[], Any]] = {
                "promote": lambda: live.promote(version, "dashboard"),
                "rollback": live.rollback,
                "shadow": lambda: live.run_shadow(version),
                "ended": lambda: live.run_shadow(""),
            }
            record = doing[what]()
            noted_of(who, live, DONE[what], "" if record is None else record.version)
            house.watching.changed(live)
            return str(live.version)

        serving = await self.visit.handed(work, needs="admin")
        self.visit.tell(self.words("version.now", version=serving))
        await self.again()
