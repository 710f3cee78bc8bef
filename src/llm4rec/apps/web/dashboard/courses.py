"""Traffic, click-through, conversion and quality over time, a plot each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llm4rec.apps.web.numbers import between, decimal, moment, percent, whole
from llm4rec.apps.web.plots import Dot, Frame, plot
from llm4rec.apps.web.words import Words

DAY = 24 * 3_600
Seen = dict[str, Any]


def shown_in(seen: Seen) -> Any:
    """What the plots show."""
    return [seen[name] for name in ("traffic", "clicks", "conversions", "quality")]


def courses(words: Words, seen: Seen) -> None:
    """All plots."""
    times = [part["time"] for part in seen["traffic"]]
    days = len(times) > 1 and times[1] - times[0] >= DAY
    when = words("plot.day" if days else "plot.hour")
    traffic = [
        Dot(moment(part["time"], days), float(part["answers"]), told=_served(words, part))
        for part in seen["traffic"]
    ]
    heads = (when, words("plot.traffic"))
    plot(
        words,
        Frame(words("plot.traffic"), heads, whole, bars=True),
        traffic if any(d.value for d in traffic) else [],
    )
    for name, key, form in (
        ("clicks", "tile.click_through", percent),
        ("conversions", "tile.conversion", percent),
        ("quality", "tile.prequential", decimal),
    ):
        frame = Frame(words(key), (when, words(key)), form)
        plot(words, frame, [_dot(words, point, days, form) for point in seen[name]])


def _served(words: Words, part: Seen) -> str:
    if not part["answers"]:
        return ""
    short = whole(part["degraded"])
    return words("plot.served", n=whole(part["answers"]), taken=whole(part["taken"]), short=short)


def _dot(words: Words, point: Seen, days: bool, form: Callable[[float | None], str]) -> Dot:
    if point["value"] is None:
        return Dot(moment(point["time"], days), None)
    told = words(
        "plot.told", value=between(point, form), n=whole(point["count"]), people=whole(point["people"])
    )
    return Dot(moment(point["time"], days), point["value"], point["low"], point["high"], told)
