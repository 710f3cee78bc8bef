"""A page as plain HTML, sent along with its parts: it is seen and read before any script has run. Knows no page.

The browser shows it as soon as the styles are there; when the scripts are, the parts that work take its place
(`begin` in static/parts.js), with what was typed and clicked until then. Both have the same elements in the same
order, which a test compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

EMPTY = frozenset({"img", "input", "br", "hr", "col", "meta", "link", "path"})
"""Elements that hold nothing."""
HEARD = "<script>addEventListener('click', (event) => (window.l4r_clicks ??= []).push(event.target.closest('button, circle')), true)</script>"
"""Remembers what is clicked before it can be heard. It stands before the styles: behind them it would wait for them, and all that follows with it."""


def html(tag: str, attributes: Mapping[str, Any], inside: str = "") -> str:
    """One element. Its attributes are escaped here, what is `inside` is HTML already; None and False mean: without."""
    told = "".join(
        f' {name}="{escape(str("" if value is True else value))}"'
        for name, value in attributes.items()
        if value is not None and value is not False
    )
    return f"<{tag}{told}>" if tag in EMPTY else f"<{tag}{told}>{inside}</{tag}>"


def early(element: Any) -> str:
    """An element of a page with all that stands in it."""
    if hasattr(element, "early"):
        return str(element.early())
    tag: str = element.tag
    if "-" in tag:
        if not tag.startswith("q-"):  # a part that only scripts can draw
            return ""
        tag = "div"
    told = {"class": " ".join(element.classes) or None}
    told["style"] = "".join(f"{name}:{value};" for name, value in element.style.items()) or None
    told |= {name: value for name, value in element.props.items() if name != "view"}
    inside = escape(getattr(element, "text", None) or "")
    return html(tag, told, inside + "".join(map(early, element.default_slot.children)))


def whole(layout: Any, light: str) -> str:
    """All of a page, to stand in its body; `light` is "light", "dark" or "auto"."""
    return f'<div id="early" class="{light}">{early(layout)}</div>'
