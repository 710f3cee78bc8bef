"""The figures that one looks at first, a tile each; and what is wrong at present."""

from __future__ import annotations

from typing import Any

from llm4rec.apps.web.elements import Tag
from llm4rec.apps.web.numbers import NONE, decimal, percent, seconds, whole
from llm4rec.apps.web.words import Words

Seen = dict[str, Any]
NAMES = ("answers", "click_through", "conversion", "degraded", "cold", "spread", "prequential", "latency")


def shown_in(seen: Seen) -> Any:
    """What the tiles show."""
    return [seen[name] for name in NAMES] + [seen["traffic"]]


def trouble(words: Words, seen: Seen) -> None:
    """What is wrong, and what the figures leave out."""
    for name, told in seen["state"]["trouble"].items():
        Tag("p", f"{words.either(f'part.{name}', name)}: {told}", "trouble", role="status")
    for note in seen["notes"]:
        Tag("p", note, "note")


def tiles(words: Words, seen: Seen) -> None:
    """All tiles."""
    traffic, spread = seen["traffic"], seen["spread"]
    total = sum(part["answers"] for part in traffic)
    taken = sum(part["taken"] for part in traffic)
    _tile(words("tile.answers"), whole(total), words("tile.answers_more", taken=whole(taken)))
    for name in ("click_through", "conversion"):
        _tile(
            words(f"tile.{name}"), percent(seen[name]["value"]), _behind(words, seen[name], percent, "lists")
        )
    _tile(words("tile.prequential"), *_worth(words, seen))
    _tile(words("tile.coverage"), *_covered(words, spread))
    share = percent(spread["top_share"])
    more = words("tile.concentration_more", top=whole(spread["top"]), gini=decimal(spread["gini"]))
    _tile(words("tile.concentration"), share, more if spread["gini"] is not None else words("tile.nothing"))
    _tile(words("tile.cold"), percent(seen["cold"]["value"]), _behind(words, seen["cold"], percent, "lists"))
    short = seen["degraded"]
    warn = "warn" if (short["value"] or 0.0) > 0.5 else ""
    _tile(words("tile.degraded"), percent(short["value"]), _behind(words, short, percent, "lists"), warn)
    _tile(words("tile.latency"), *_slowest(words, seen))


def _tile(name: str, value: str, more: str, classes: str = "") -> None:
    with Tag("div", classes=f"tile {classes}".strip()):
        Tag("h2", name)
        Tag("p", value, "value")
        Tag("p", more, "more")


def _behind(words: Words, found: Seen, form: Any, what: str) -> str:
    """The interval, and how many stand behind it; or why there is none."""
    if found["value"] is None:
        return words("tile.nothing")
    rows = words(f"tile.of_{what}", n=whole(found["count"]), people=whole(found["people"]))
    if found["low"] is None:
        return words("tile.few", rows=rows)
    return f"{form(found['low'])} – {form(found['high'])} · {rows}"


def _worth(words: Words, seen: Seen) -> tuple[str, str]:
    found = seen["prequential"]
    return decimal(found["value"]), _behind(words, found, decimal, "events")


def _covered(words: Words, spread: Seen) -> tuple[str, str]:
    share = spread["shown"] / spread["items"] if spread["items"] else None
    of = words("tile.coverage_more", shown=whole(spread["shown"]), items=whole(spread["items"]))
    return (percent(share), of) if spread["places"] else (NONE, words("tile.nothing"))


def _slowest(words: Words, seen: Seen) -> tuple[str, str]:
    """Of the route that is asked for lists most."""
    lists = [row for row in seen["latency"] if "recommend" in row["route"]] or seen["latency"]
    if not lists or not lists[0]["count"]:
        return NONE, words("tile.nothing")
    row = lists[0]
    told = words("tile.latency_more", p50=seconds(row["p50"]), p99=seconds(row["p99"]), n=whole(row["count"]))
    return seconds(row["p95"]), f"{told} · {row['route']}"
