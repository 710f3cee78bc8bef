"""An evaluation: models side by side in one metric with intervals, all metrics as a table, quality by group."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from llm4rec.apps.web.elements import Tag, button
from llm4rec.apps.web.plots import nice
from llm4rec.apps.web.visit import Visit
from llm4rec.evaluation.names import lower_is_better
from llm4rec.evaluation.report import estimated, group_tables, label, ranking, views, winners

Content = Mapping[str, Any]
ROW, LEFT, WIDE, TOP = 30, 150, 640, 10
SURE = 0.05


class Evaluated:
    """One evaluation on the page."""

    def __init__(self, visit: Visit, content: Content) -> None:
        self.visit, self.words, self.content = visit, visit.words, content
        self.views = views(content)
        self.names = self.views[""] if "" in self.views else next(iter(self.views.values()), [])
        self.metric = self.names[0] if self.names else ""
        self.chosen = set(content["models"])

    def draw(self) -> None:
        """All of it."""
        words, protocol = self.words, self.content["protocol"]
        with Tag("section", classes="panel"):
            Tag("h2", str(protocol.get("dataset") or words("reports.evaluation")))
            if protocol.get("synthetic"):
                Tag("span", words("shop.synthetic"), "badge")
            Tag(
                "p",
                words(
                    "evaluated.about",
                    protocol=str(protocol.get("name")),
                    print=str(protocol.get("fingerprint")),
                ),
                "soft small-text",
            )
            for told in protocol.get("warnings", ()):
                Tag("p", str(told), "note")
            if not self.metric:
                Tag("p", words("plot.nothing"), "hollow")
                return
            self._choices()
            self.shown = Tag("div")
        self._refresh()
        self._groups()

    def _choices(self) -> None:
        words = self.words
        Tag("h3", words("evaluated.models"))
        with Tag("div", classes="buttons picks", role="group", aria_label=words("evaluated.models")):
            self.models = {name: self._toggle(name) for name in ranking(self.content, self.metric)}
        Tag("h3", words("evaluated.metric"))
        with Tag("div", classes="buttons picks", role="group", aria_label=words("evaluated.metric")):
            self.metrics = {name: self._option(name) for name in self.names}

    def _toggle(self, name: str) -> Tag:
        async def turned() -> None:
            self.chosen ^= {name}
            self._refresh()

        return button(label(self.content, name), self.visit.does(turned), "pick")

    def _option(self, name: str) -> Tag:
        async def taken() -> None:
            self.metric = name
            self._refresh()

        return button(name, self.visit.does(taken), "pick")

    def _refresh(self) -> None:
        for name, one in self.models.items():
            one.props["aria-pressed"] = "true" if name in self.chosen else "false"
        for name, one in self.metrics.items():
            one.props["aria-pressed"] = "true" if name == self.metric else "false"
        self.shown.clear()
        with self.shown:
            names = [name for name in ranking(self.content, self.metric) if name in self.chosen]
            if not names:
                Tag("p", self.words("evaluated.nobody"), "hollow")
                return
            self._intervals(names)
            self._differences(names)
            self._table(names)

    def _intervals(self, names: list[str]) -> None:
        """A line a model, from low to high, with a point."""
        found = {name: self.content["models"][name]["metrics"].get(self.metric) for name in names}
        there = {name: one for name, one in found.items() if one is not None and one["mean"] is not None}
        less = self.words("evaluated.less") if lower_is_better(self.metric) else ""
        Tag("h3", f"{self.metric} {less}".strip())
        most = max((one["high"] for one in there.values()), default=1.0)
        step = nice(most / 5)
        top = step * math.ceil(most / step - 1e-9) or 1.0
        ticks = [step * at for at in range(round(top / step) + 1)]
        high = TOP + ROW * len(there) + 22
        about = "; ".join(f"{name}: {estimated(one)}" for name, one in there.items())
        with Tag("svg", classes="chart", viewBox=f"0 0 {WIDE} {high}", role="img", aria_label=about):
            lines = "".join(f"M{_x(tick, top):.1f} {TOP}V{high - 20}" for tick in ticks)
            Tag("path", classes="grid", d=lines)
            for tick in ticks:
                Tag("text", f"{tick:.3g}", "axis middle", x=f"{_x(tick, top):.1f}", y=high - 6)
            for place, (name, one) in enumerate(there.items()):
                y = TOP + ROW * (place + 0.5)
                Tag(
                    "text", name if len(name) < 22 else f"{name[:20]}…", "axis end name", x=LEFT - 10, y=y + 4
                )
                Tag("path", classes="line", d=f"M{_x(one['low'], top):.1f} {y}H{_x(one['high'], top):.1f}")
                Tag("path", classes="points big", d=f"M{_x(one['mean'], top):.1f} {y}h0")
                with Tag("rect", classes="hit", x=0, y=y - ROW / 2, width=WIDE, height=ROW):
                    Tag("title", f"{name}: {estimated(one)}")

    def _differences(self, names: list[str]) -> None:
        """Each model against the best of all, with its interval and p after Holm."""
        models, told = self.content["models"], []
        for name in names:
            for other, row in models[name]["versus"].items():
                one = row.get(self.metric)
                # The best one against the runner-up says the same as the other way round.
                better = other in names and names.index(other) < names.index(name)
                if one is not None and better:
                    words = {
                        "name": name,
                        "other": other,
                        "by": f"{one['difference']:+.4f}",
                        "p": f"{one['p_holm']:.2g}",
                    }
                    words |= {"low": f"{one['low']:+.4f}", "high": f"{one['high']:+.4f}"}
                    sure = "evaluated.sure" if one["p_holm"] < SURE else "evaluated.unsure"
                    told.append(self.words(sure, **words))
        with Tag("ul", classes="told"):
            for line in told:
                Tag("li", line)

    def _table(self, names: list[str]) -> None:
        """All metrics of the chosen models; bold is better than every other, p < 0.05 after Holm."""
        won = {metric: winners(self.content, metric) for metric in self.names}
        label_ = self.words("evaluated.table")
        with (
            Tag("div", classes="wide", tabindex="0", role="region", aria_label=label_),
            Tag("table", classes="table"),
        ):
            with Tag("thead"), Tag("tr"):
                for head in (self.words("evaluated.model"), *self.names):
                    Tag("th", head, scope="col")
            with Tag("tbody"):
                for name in names:
                    with Tag("tr"):
                        Tag("th", label(self.content, name), scope="row")
                        for metric in self.names:
                            text = estimated(self.content["models"][name]["metrics"].get(metric))
                            Tag("td", text, "won" if name in won[metric] else "")

    def _groups(self) -> None:
        for caption, made in group_tables(self.content).items():
            with Tag("section", classes="panel part"):
                Tag("h2", caption)
                region = {"tabindex": "0", "role": "region", "aria_label": caption}
                with Tag("div", classes="wide", **region), Tag("table", classes="table"):
                    with Tag("thead"), Tag("tr"):
                        for head in (self.words("evaluated.group"), *made["heads"]):
                            Tag("th", head, scope="col")
                    with Tag("tbody"):
                        for name, cells in made["rows"]:
                            with Tag("tr"):
                                Tag("th", name, scope="row")
                                for text, _ in cells:
                                    Tag("td", text)


def _x(value: float, top: float) -> float:
    return LEFT + (WIDE - LEFT - 16) * min(max(value, 0.0), top) / top
