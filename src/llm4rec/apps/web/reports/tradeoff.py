"""A trade-off: accuracy against what it is given up for; a point is picked, and becomes the default of what serves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from llm4rec.apps.rest.doors import noted_of
from llm4rec.apps.web.dashboard.versions import Confirming
from llm4rec.apps.web.elements import Tag, button
from llm4rec.apps.web.plots import nice
from llm4rec.apps.web.visit import Visit
from llm4rec.engine.settings import RerankSettings
from llm4rec.evaluation.tradeoff.page import cell

Content = Mapping[str, Any]
WIDE, HIGH, LEFT, BOTTOM, EDGE = 640, 340, 60, 40, 14


class Traded:
    """One trade-off on the page."""

    def __init__(self, visit: Visit, content: Content) -> None:
        self.visit, self.words, self.content = visit, visit.words, content
        self.axis = next(iter(content["axes"]), "")
        self.picked = str(content["recommended"]["name"])
        self.confirming = Confirming(visit)

    def draw(self) -> None:
        """All of it."""
        words, protocol = self.words, self.content["protocol"]
        with Tag("section", classes="panel"):
            Tag(
                "h2", words("traded.heading", base=self.content["base"], dataset=str(protocol.get("dataset")))
            )
            if protocol.get("synthetic"):
                Tag("span", words("shop.synthetic"), "badge")
            Tag("p", words("traded.about"), "soft small-text")
            for told in self.content.get("notes", ()):
                Tag("p", str(told), "note")
            Tag("h3", words("traded.axis"))
            with Tag("div", classes="buttons picks", role="group", aria_label=words("traded.axis")):
                self.axes = {name: self._option(name) for name in self.content["axes"]}
            with Tag("div", classes="curve"):
                self.chart, self.card = Tag("div"), Tag("div", classes="picked", aria_live="polite")
        with Tag("section", classes="panel part"):
            self.list = Tag("div")
        self._refresh()

    def _option(self, name: str) -> Tag:
        async def taken() -> None:
            self.axis = name
            self._refresh()

        return button(name, self.visit.does(taken), "pick")

    def _rows(self) -> dict[str, Content]:
        """Settings that have the axis measured, from the most accurate down; other models behind."""
        accuracy = self.content["accuracy"]
        known = {
            name: row
            for name, row in self.content["rows"].items()
            if _mean(row, self.axis) is not None and _mean(row, accuracy) is not None
        }
        return dict(sorted(known.items(), key=lambda one: -(_mean(one[1], accuracy) or 0.0)))

    def _refresh(self) -> None:
        for name, one in self.axes.items():
            one.props["aria-pressed"] = "true" if name == self.axis else "false"
        rows = self._rows()
        for holder, show in ((self.chart, self._chart), (self.card, self._card), (self.list, self._list)):
            holder.clear()
            with holder:
                show(rows)

    def _pick(self, name: str) -> Any:
        async def picked() -> None:
            self.picked = name
            self._refresh()

        return self.visit.does(picked)

    def _chart(self, rows: Mapping[str, Content]) -> None:
        if not rows:
            Tag("p", self.words("plot.nothing"), "hollow")
            return
        accuracy = self.content["accuracy"]
        across = _Scale.of([_mean(row, self.axis) or 0.0 for row in rows.values()], LEFT, WIDE - EDGE)
        ends = [row["validation"][accuracy][end] for row in rows.values() for end in ("low", "high")]
        upward = _Scale.of([end for end in ends if end is not None], HIGH - BOTTOM, EDGE)
        front = self.content["fronts"].get(self.axis, ())
        about = self.words("traded.picture", accuracy=accuracy, axis=self.axis, n=len(rows), front=len(front))
        with Tag("svg", classes="chart pareto", viewBox=f"0 0 {WIDE} {HIGH}", role="img", aria_label=about):
            self._axes(across, upward)
            spots = {
                name: (across(_mean(row, self.axis)), upward(_mean(row, accuracy)))
                for name, row in rows.items()
            }
            line = sorted(spots[name] for name in front if name in spots)
            if len(line) > 1:
                Tag("path", classes="line", d="M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in line))
            for name, (x, y) in spots.items():
                self._spot(name, rows[name], (x, y), upward)

    def _axes(self, across: _Scale, upward: _Scale) -> None:
        for tick in upward.ticks:
            Tag("path", classes="grid", d=f"M{LEFT} {upward(tick):.1f}H{WIDE - EDGE}")
            Tag("text", f"{tick:.3g}", "axis end", x=LEFT - 8, y=f"{upward(tick) + 4:.1f}")
        for tick in across.ticks:
            Tag("text", f"{tick:.3g}", "axis middle", x=f"{across(tick):.1f}", y=HIGH - BOTTOM + 16)
        said = self.content["axes"][self.axis]
        worse = self.words("evaluated.less") if said["lower_is_better"] else ""
        Tag(
            "text",
            f"{self.axis}: {said['about']} {worse}".strip(),
            "axis middle",
            x=(LEFT + WIDE) / 2,
            y=HIGH - 4,
        )

    def _spot(self, name: str, row: Content, at: tuple[float, float], upward: _Scale) -> None:
        """One setting: its interval, and a point that can be picked."""
        found = row["validation"][self.content["accuracy"]]
        kind = "picked" if name == self.picked else "front" if self.axis in row["front"] else ""
        if kind and found["low"] is not None:
            Tag(
                "path",
                classes=f"whisker {kind}",
                d=f"M{at[0]:.1f} {upward(found['low']):.1f}V{upward(found['high']):.1f}",
            )
        spot: dict[str, Any] = {"cx": f"{at[0]:.1f}", "cy": f"{at[1]:.1f}", "r": 7 if kind == "picked" else 5}
        with Tag("circle", classes=f"spot {kind}".strip(), **spot) as made:
            Tag("title", f"{name}: {cell(found)}")
        made.on("click", self._pick(name), [])

    def _card(self, rows: Mapping[str, Content]) -> None:
        """The setting that is picked, and what can be done with it."""
        row = self.content["rows"].get(self.picked)
        if row is None:
            return
        words = self.words
        Tag("h3", self.picked)
        if self.picked == self.content["recommended"]["name"]:
            Tag("p", words("traded.recommended", rule=self.content["recommended"]["rule"]), "note good-note")
        with Tag("dl"):
            for metric in dict.fromkeys((self.content["accuracy"], self.axis)):
                for part in ("validation", "test"):
                    if row.get(part) is not None:
                        Tag("dt", words(f"traded.{part}", metric=metric))
                        Tag("dd", cell(row[part].get(metric)))
        if not self.visit.may("admin"):
            Tag("p", words("traded.not_yours"), "soft small-text")
        elif "rerank" not in row or row["model"] != self.content["base"]:
            Tag("p", words("traded.not_this"), "soft small-text")
        else:
            button(words("traded.use"), self._use, "button strong", icon="save")

    def _use(self) -> None:
        async def done() -> None:
            await self._done(self.picked)

        self.confirming.ask(self.words("traded.use_sure", name=self.picked, base=self.content["base"]), done)

    async def _done(self, name: str) -> None:
        who, rerank = self.visit.who, self.content["rows"][name]["rerank"]

        def work(live: Any) -> str:
            record = live.reorder(RerankSettings.of(rerank, name), f"report: {name}"[:200])
            noted_of(who, live, "engine reordered", record.version, setting=name[:200])
            return str(record.version)

        version = await self.visit.handed(work, needs="admin")
        told = self.words("traded.done", version=version, name=name)
        self.visit.tell(told)
        with self.card:
            Tag("p", told, "note good-note")

    def _list(self, rows: Mapping[str, Content]) -> None:
        """The same as a table, with a button a row: for keyboards and screen readers, and to read the numbers."""
        Tag("h2", self.words("traded.settings"))
        accuracy = self.content["accuracy"]
        label = self.words("traded.settings")
        with (
            Tag("div", classes="wide", tabindex="0", role="region", aria_label=label),
            Tag("table", classes="table"),
        ):
            with Tag("thead"), Tag("tr"):
                for head in (self.words("traded.setting"), accuracy, self.axis, ""):
                    Tag("th" if head else "td", head, **({"scope": "col"} if head else {}))
            with Tag("tbody"):
                for name, row in rows.items():
                    with Tag("tr", classes="chosen" if name == self.picked else ""):
                        Tag("th", name, scope="row")
                        Tag("td", cell(row["validation"].get(accuracy)))
                        Tag("td", cell(row["validation"].get(self.axis)))
                        with Tag("td"):
                            spoken = self.words("traded.pick_this", name=name)
                            button(self.words("traded.pick"), self._pick(name), "pick", aria_label=spoken)


class _Scale:
    """Values to places between two ends, with some room on both sides."""

    def __init__(self, low: float, high: float, begin: float, end: float) -> None:
        self.low, self.high, self.begin, self.end = low, high, begin, end

    @classmethod
    def of(cls, values: list[float], begin: float, end: float) -> _Scale:
        low, high = min(values), max(values)
        room = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
        return cls(low - room, high + room, begin, end)

    @property
    def ticks(self) -> list[float]:
        """Round values, about four."""
        step = nice((self.high - self.low) / 5)
        first = math.ceil(self.low / step - 1e-9)
        return [step * at for at in range(first, math.floor(self.high / step + 1e-9) + 1)]

    def __call__(self, value: float | None) -> float:
        share = ((value or 0.0) - self.low) / (self.high - self.low)
        return self.begin + (self.end - self.begin) * share


def _mean(row: Content, metric: str) -> float | None:
    found = row["validation"].get(metric)
    return None if found is None else found["mean"]
