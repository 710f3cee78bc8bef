"""Small elements that pages are made of: text, buttons, fields, a panel. Texts go in as text, never as HTML."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from html import escape
from typing import Any

from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement
from nicegui.elements.mixins.value_element import ValueElement

from llm4rec.apps.web.early import html

Handler = Callable[[], Awaitable[None] | None]


TWICE = 2  # what the browser calls the second click of a double one


class Tag(TextElement):
    """Any element of HTML with a text in it; attributes by name, "_" standing for "-"."""

    def __init__(self, tag: str, text: str = "", classes: str = "", **attributes: Any) -> None:
        super().__init__(tag=tag, text=text)
        if classes:
            self.classes(classes)
        for name, value in attributes.items():
            self.props[name.strip("_").replace("_", "-")] = value


def button(text: str, then: Handler, classes: str = "button", *, icon: str = "", **attributes: Any) -> Tag:
    """A button; with an icon alone, give `aria_label`. A double click is one: what stands there may have changed by the second."""
    made = Tag("button", text, f"{classes} i-{icon}" if icon else classes, type="button", **attributes)
    made.on("click", lambda event: then() if event.args.get("detail", 1) < TWICE else None, ["detail"])
    return made


class Kept:
    """Elements by what they stand for: those that are shown again stay as they are, so that a click on its way is heard."""

    def __init__(self) -> None:
        self.made: dict[Any, Tag] = {}

    def become(self, wanted: Iterable[Any], make: Callable[[Any], Tag]) -> None:
        """Show these in this order; new ones are made where the caller stands."""
        before, self.made = self.made, {}
        for place, key in enumerate(wanted):
            one = before.pop(key, None) or make(key)
            if one.parent_slot is not None and one.parent_slot.children[place] is not one:
                one.move(target_index=place)
            self.made[key] = one
        for gone in before.values():
            gone.delete()


class Field(ValueElement[str]):
    """A text field of one line, or of several (`rows`), with a label over it."""

    LOOPBACK = False

    def __init__(
        self, label: str, value: str = "", *, rows: int = 0, most: int = 2_000, hint: str = ""
    ) -> None:
        super().__init__(tag="l4r-field", value=value)
        self.props.update({"label": label, "most": most})
        if hint:
            self.props["hint"] = hint
        if rows:
            self.props["rows"] = rows
        self.classes("field")

    def entered(self, then: Handler) -> Field:
        """Do this when Enter is pressed."""
        self.on("keydown.enter", then, [])
        return self

    def early(self) -> str:
        """What it looks like before scripts run."""
        told, value = self.props, self.value or ""
        given = {"aria-label": told["label"], "maxlength": told["most"]}
        given |= {"placeholder": told.get("hint"), "rows": told.get("rows")}
        inside = (
            html("textarea", given, escape(value))
            if "rows" in told
            else html("input", {**given, "value": value})
        )
        return html("label", {"class": "field"}, html("span", {}, escape(told["label"])) + inside)


class Panel(ValueElement[bool]):
    """A dialog over the page: it holds the focus, and Escape closes it."""

    LOOPBACK = False

    def __init__(self, label: str) -> None:
        super().__init__(tag="l4r-panel", value=False)
        self.props["aria-label"] = label
        with self:
            # It takes the focus itself: on its last button, a long text would begin at its end.
            self.body = Tag("section", classes="panel over", tabindex="-1", autofocus="")

    def opened(self) -> Tag:
        """Empty and open; fill what is returned."""
        self.body.clear()
        self.set_value(True)
        return self.body

    def closed(self) -> None:
        """Closed."""
        self.set_value(False)

    def early(self) -> str:
        """Closed, before scripts run."""
        return html("dialog", {"aria-label": self.props["aria-label"]})


class Knob(ValueElement[float]):
    """A slider from 0 to 1: the browser's own, which keys and screen readers know."""

    LOOPBACK = False

    def __init__(self, label: str, value: float) -> None:
        super().__init__(tag="l4r-knob", value=value, throttle=0.03)
        self.props["aria-label"] = label

    def _event_args_to_value(self, e: Any) -> float:
        return min(max(float(e.args), 0.0), 1.0)

    def early(self) -> str:
        """What it looks like before scripts run."""
        told = {"type": "range", "min": 0, "max": 1, "step": 0.05, "value": self.value}
        return html("input", {**told, "aria-label": self.props["aria-label"]})


class Hints(Element):
    """Where hints stand: over everything."""

    def __init__(self) -> None:
        super().__init__("l4r-hints")
        self.classes("hints")

    def early(self) -> str:
        """None yet."""
        return html("div", {"popover": "manual", "class": "hints"})


class Light(Element):
    """Light (False), dark (True), or as the system (None)."""

    def __init__(self, dark: bool | None) -> None:
        super().__init__("l4r-light")
        self.set(dark)

    def set(self, dark: bool | None) -> None:
        """From now on."""
        self.props["value"] = dark

    def early(self) -> str:
        """Nothing of it is seen."""
        return ""


def chip(text: str, label: str, then: Handler, change: tuple[str, Handler] | None = None) -> None:
    """A thing that can be taken away: its words, and a button that does it; words with a `change` are a button too."""
    with Tag("span", classes="chip"):
        if change is None:
            Tag("span", text)
        else:
            button(text, change[1], "said-so", title=change[0])
        button("", then, "tiny", icon="close", aria_label=label, title=label)
