"""Numbers as they are shown: with their interval and what stands behind them. Knows nothing of pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

NONE = "–"


def percent(value: float | None) -> str:
    """ "21.4 %", or a dash."""
    return NONE if value is None else f"{100 * value:.1f} %"


def decimal(value: float | None) -> str:
    """ "0.214", or a dash."""
    return NONE if value is None else f"{value:.3f}"


def whole(value: float | None) -> str:
    """ "12,040", or a dash."""
    return NONE if value is None else f"{value:,.0f}"


def seconds(value: float | None) -> str:
    """ "12 ms", "1.2 s", or a dash."""
    if value is None:
        return NONE
    return f"{value:.1f} s" if value >= 1.0 else f"{1e3 * value:.3g} ms"


def between(found: Mapping[str, Any], form: Any = percent) -> str:
    """ "21.4 % (18.0 % – 24.9 %)": a value with its interval, where it has one."""
    value = form(found["value"] if "value" in found else found["mean"])
    return value if found["low"] is None else f"{value} ({form(found['low'])} – {form(found['high'])})"


def signed(value: float | None) -> str:
    """ "+1.2 %": a difference of shares, in points of a hundred."""
    return NONE if value is None else f"{100 * value:+.1f}"


def moment(time: float, days: bool) -> str:
    """A part of a window by its beginning, UTC: "11-22" or "22. 14:00"."""
    at = datetime.fromtimestamp(time, UTC)
    return at.strftime("%m-%d" if days else "%H:%M")


def stamp(time: float) -> str:
    """A moment, UTC."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M")
