"""Plots as SVG elements in the colours of the page, each with the same numbers as a table. Reads nothing itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from llm4rec.apps.web.elements import Tag
from llm4rec.apps.web.words import Words

WIDE, HIGH = 460, 196
LEFT, RIGHT, TOP, BOTTOM = 46, 8, 12, 24
ALL, LABELS = 9, 5  # up to so many places are all labelled, of more so many


@dataclass(frozen=True)
class Dot:
    """One place of a course: its label, its value with interval where there is one, and all of it in words."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    told: str = ""


@dataclass(frozen=True)
class Frame:
    """What a plot is called, how its values read, and the heads of its table."""

    heading: str
    heads: Sequence[str]
    form: Callable[[float | None], str]
    bars: bool = False


def plot(words: Words, frame: Frame, dots: Sequence[Dot]) -> None:
    """A course over time: a line with its band, or bars; and the table behind it."""
    there = [dot for dot in dots if dot.value is not None]
    with Tag("figure", classes="panel plot"):
        Tag("figcaption", frame.heading)
        if not there:
            Tag("p", words("plot.nothing"), "hollow")
            return
        top = nice(max(max(dot.value or 0.0, dot.high or 0.0) for dot in there))
        last = there[-1]
        about = words("plot.about", name=frame.heading, n=len(there), last=last.told)
        with Tag("svg", classes="chart", viewBox=f"0 0 {WIDE} {HIGH}", role="img", aria_label=about):
            _grid(frame, top)
            (_bars if frame.bars else _line)(dots, top)
            _hits(dots)
        table_behind(words, frame.heads, [(dot.label, dot.told) for dot in dots if dot.told])


def table_behind(words: Words, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """The numbers of a plot, folded."""
    with Tag("details", classes="numbers"):
        Tag("summary", words("plot.table"))
        with Tag("div", classes="wide", tabindex="0", role="region", aria_label=words("plot.table")):
            table(heads, rows)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], classes: str = "table") -> None:
    """A table whose first column names its rows."""
    with Tag("table", classes=classes):
        with Tag("thead"), Tag("tr"):
            for head in heads:
                Tag("th", head, scope="col")
        with Tag("tbody"):
            for first, *rest in rows:
                with Tag("tr"):
                    Tag("th", first, scope="row")
                    for cell in rest:
                        Tag("td", cell)


def nice(most: float) -> float:
    """The next round number at or above: 1, 2, 2.5 or 5 times a power of ten."""
    if not most > 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(most))
    return next(step * power for step in (1.0, 2.0, 2.5, 5.0, 10.0) if step * power >= most * (1 - 1e-9))


def up(value: float, top: float) -> float:
    """Where a value stands, from above."""
    return TOP + (HIGH - TOP - BOTTOM) * (1.0 - min(max(value, 0.0), top) / top)


def _across(place: float, many: int) -> float:
    """The middle of a place."""
    return LEFT + (WIDE - LEFT - RIGHT) * (place + 0.5) / max(many, 1)


def _grid(frame: Frame, top: float) -> None:
    lines = [f"M{LEFT} {up(top * part, top):.1f}H{WIDE - RIGHT}" for part in (0.0, 0.5, 1.0)]
    Tag("path", classes="grid", d="".join(lines))
    for part in (0.0, 0.5, 1.0):
        y = up(top * part, top) + 4
        Tag("text", frame.form(top * part).replace(".0 %", " %"), "axis end", x=LEFT - 6, y=f"{y:.1f}")


def _line(dots: Sequence[Dot], top: float) -> None:
    """Runs of known values as lines, their intervals as a band; a value alone is a point."""
    many = len(dots)
    band, line, points = "", "", ""
    for sure in _runs([dot.low for dot in dots]):
        there = [(f"{_across(p, many):.1f}", dots[p].low or 0.0, dots[p].high or 0.0) for p in sure]
        edge = [f"{x} {up(high, top):.1f}" for x, _, high in there]
        edge += [f"{x} {up(low, top):.1f}" for x, low, _ in reversed(there)]
        band += f"M{'L'.join(edge)}Z"
    for run in _runs([dot.value for dot in dots]):
        spots = [f"{_across(p, many):.1f} {up(dots[p].value or 0.0, top):.1f}" for p in run]
        line += "M" + "L".join(spots)
        if many <= 40 or len(run) == 1:
            points += "".join(f"M{spot}h0" for spot in spots)
    if band:
        Tag("path", classes="band", d=band)
    Tag("path", classes="line", d=line)
    if points:
        Tag("path", classes="points", d=points)


def _bars(dots: Sequence[Dot], top: float) -> None:
    many = len(dots)
    half = 0.36 * (WIDE - LEFT - RIGHT) / max(many, 1)
    floor = up(0.0, top)
    drawn = ""
    for place, dot in enumerate(dots):
        if dot.value:
            x = _across(place, many)
            drawn += f"M{x - half:.1f} {floor}V{up(dot.value, top):.1f}H{x + half:.1f}V{floor}Z"
    Tag("path", classes="bars", d=drawn or "M0 0")


def _hits(dots: Sequence[Dot]) -> None:
    """Labels below, and for a pointer the words of each place."""
    many, step = len(dots), (WIDE - LEFT - RIGHT) / max(len(dots), 1)
    shown = {round(at * (many - 1) / (LABELS - 1)) for at in range(LABELS)} if many > ALL else range(many)
    for place, dot in enumerate(dots):
        if place in shown:
            side = "axis start" if place == 0 and many > ALL else "axis middle"
            side = "axis end" if place == many - 1 and many > ALL else side
            end = {"axis start": -step / 2, "axis end": step / 2}.get(side, 0.0)
            Tag("text", dot.label, side, x=f"{_across(place, many) + end:.1f}", y=HIGH - 6)
        if dot.told:
            box: dict[str, Any] = {"x": f"{LEFT + place * step:.1f}", "y": TOP, "width": f"{step:.1f}"}
            with Tag("rect", classes="hit", height=HIGH - TOP - BOTTOM, **box):
                Tag("title", f"{dot.label}: {dot.told}")


def _runs(values: Sequence[float | None]) -> list[list[int]]:
    """Places of known values, those side by side together."""
    runs: list[list[int]] = []
    for place, value in enumerate(values):
        if value is None:
            continue
        if runs and runs[-1][-1] == place - 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    return runs
