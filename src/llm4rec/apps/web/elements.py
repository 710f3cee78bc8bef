"""Small elements that pages are made of: text, buttons, fields, icons. Texts go in as text, never as HTML."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement
from nicegui.elements.mixins.value_element import ValueElement

Handler = Callable[[], Awaitable[None] | None]


class Tag(TextElement):
    """Any element of HTML with a text in it; attributes by name, "_" standing for "-"."""

    def __init__(self, tag: str, text: str = "", classes: str = "", **attributes: Any) -> None:
        super().__init__(tag=tag, text=text)
        if classes:
            self.classes(classes)
        for name, value in attributes.items():
            self.props[name.strip("_").replace("_", "-")] = value


def button(
    text: str, then: Handler, classes: str = "button", *, icon: str = "", **attributes: Any
) -> Element:
    """A button; with an icon alone, give `aria_label`."""
    made = Tag("button", "" if icon else text, classes, type="button", **attributes)
    if icon:
        with made:
            draw(icon)
            if text:
                Tag("span", text)
    made.on("click", then)
    return made


class Field(ValueElement[str]):
    """A text field of one line, or of several (`rows`), with a label over it."""

    LOOPBACK = False

    def __init__(
        self, label: str, value: str = "", *, rows: int = 0, most: int = 2_000, hint: str = ""
    ) -> None:
        super().__init__(tag="q-input", value=value)
        told = {"label": label, "outlined": True, "dense": True, "maxlength": most, "hide-bottom-space": True}
        self.props.update(told)
        self.props["aria-label"] = label
        if hint:
            self.props["placeholder"] = hint
        if rows:
            self.props.update({"type": "textarea", "rows": rows})
        self.classes("field")

    def entered(self, then: Handler) -> Field:
        """Do this when Enter is pressed."""
        self.on("keydown.enter", then, [])
        return self


ICONS = {
    "shop": "M4 10v10h16V10M3 10l2-6h14l2 6M3 10a3 3 0 0 0 6 0 3 3 0 0 0 6 0 3 3 0 0 0 6 0M9 20v-6h6v6",
    "chat": "M4 5h16v11H10l-5 4v-4H4zM8 9h8M8 12h5",
    "people": "M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8M2 21c0-4 3-7 7-7s7 3 7 7M16 3.5a4 4 0 0 1 0 7M18 14.5c2.500 1 4 3.500 4 6.500",
    "dashboard": "M4 20V10M10 20V4M16 20v-7M22 20H2",
    "reports": "M6 3h9l4 4v14H6zM14 3v5h5M9 13h7M9 17h5",
    "theme": "M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18",
    "out": "M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9",
    "up": "M7 11v9H4v-9zM7 11l4-8c2 0 3 1 2.500 3L13 9h6l-2 11H7",
    "down": "M7 13V4H4v9zM7 13l4 8c2 0 3-1 2.500-3L13 15h6L17 4H7",
    "seen": "M2 12s4-7 10-7 10 7 10 7-4 7-10 7-10-7-10-7M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6",
    "hide": "M5 5l14 14M19 5L5 19",
    "why": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M9.500 9.500a2.500 2.500 0 1 1 3.500 2.300c-.7.3-1 .7-1 1.700M12 16.800v.2",
    "close": "M6 6l12 12M18 6L6 18",
    "add": "M12 5v14M5 12h14",
    "star": "M12 3.500l2.600 5.400 5.900.8-4.300 4.100 1 5.900-5.200-2.800-5.200 2.800 1-5.900L3.500 9.700l5.900-.8z",
    "send": "M4 12l16-8-5 16-4-6z",
    "search": "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14M16 16l5 5",
    "save": "M12 4v11M7 10l5 5 5-5M4 20h16",
    "undo": "M4 9h10a6 6 0 0 1 0 12h-4M4 9l5-5M4 9l5 5",
}
"""Outlines in a square of 24."""


def draw(name: str) -> Element:
    """An icon; nothing for screen readers."""
    with Tag("svg", classes="icon", viewBox="0 0 24 24", aria_hidden="true", focusable="false") as made:
        Tag("path", d=ICONS[name])
    return made
