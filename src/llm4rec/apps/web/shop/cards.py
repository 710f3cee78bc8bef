"""A list as cards: one part of the page, which is told what each place says. Texts go in as text, never as HTML."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from nicegui.element import Element

from llm4rec.apps.web.early import html
from llm4rec.apps.web.facts import Facts, initials
from llm4rec.apps.web.words import Words

FEW = 5  # people who took it, below which little is known
ACTS = {"like": "up", "dislike": "down", "view": "seen", "hide": "hide"}
"""What can be said of an item with one click, and its icon."""
STARS = 5
Seen = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """What a card is to say: the item, the reason in words, what is uncertain of it, and whether it is new in the list;
    and the logged list that it stands in, which feedback quotes."""

    facts: Facts
    reason: str
    unsure: str
    fresh: bool
    impression: str = ""


Act = Callable[[Told, str, float | None], Any]


class Cards(Element):
    """`act` is told what was said of which card, with a value where there is one (None: nothing may be said); `why` asks for its evidence."""

    def __init__(self, words: Words, places: int, act: Act | None, why: Callable[[Told], Any]) -> None:
        super().__init__("l4r-cards")
        self.words, self.told, self._before, self._act, self._why = words, (), (), act, why
        self.classes("cards")
        self.props.update({"aria-label": words("shop.list"), "places": places, "shown": None})
        self.props.update({"words": _said_of(words), "may": act is not None})
        self.on("act", self._heard)

    told: Sequence[Told]
    _before: Sequence[Told]

    def show(self, told: Sequence[Told]) -> None:
        """Say this from now on; places behind it are empty."""
        self._before, self.told = self.told, told
        self.props["shown"] = [self._seen(one) for one in told]

    def _seen(self, told: Told) -> Seen:
        """What a browser is given of a card."""
        facts = told.facts
        return {
            "key": str(facts.item),
            "title": facts.title,
            "by": facts.by,
            "reason": told.reason,
            "unsure": told.unsure,
            "fresh": told.fresh,
            "hue": facts.hue,
            "picture": facts.picture,
            "initial": "" if facts.picture else initials(facts.title),
            "about": self.words("card.about", title=facts.title),
        }

    def _heard(self, event: Any) -> Any:
        """A click. It comes from a browser, so that it may be anything; by now another list may stand there."""
        key, kind, value = (event.args.get(name) for name in ("key", "kind", "value"))
        seen = {str(one.facts.item): one for one in (*self._before, *self.told)}
        told = seen.get(key) if isinstance(key, str) else None
        if told is None:
            return None
        if kind == "why":
            return self._why(told)
        if self._act is None:
            return None
        if kind in ACTS:
            return self._act(told, kind, None)
        rated = kind == "rating" and value in range(1, STARS + 1)
        return self._act(told, kind, float(value)) if rated else None

    def early(self) -> str:
        """The same as HTML, for as long as no script has run; static/parts.js draws it afterwards."""
        told, shown = self.props, self.props["shown"]
        seen: list[Seen | None] = [None] * told["places"]
        if shown is not None:
            seen[: len(shown)] = shown
        made = "".join(self._early(one, shown is None) for one in seen)
        return html("ul", {"class": " ".join(self.classes), "aria-label": told["aria-label"]}, made)

    def _early(self, one: Seen | None, waiting: bool) -> str:
        if one is None and not waiting:
            return html("li", {"class": "card gone"})
        kind = "card bone" if one is None else "card fresh" if one["fresh"] else "card"
        one = one or {"hue": 0}
        inside = (
            html("img", {"alt": "", "loading": "lazy", "src": one["picture"]})
            if one.get("picture")
            else html("span", {}, escape(one.get("initial", "")))
        )
        cover = html("div", {"class": f"cover hue-{one['hue']}", "aria-hidden": "true"}, inside)
        lines = html("h2", {}, escape(one.get("title", "")))
        lines += "".join(
            html("p", {"class": name}, escape(one.get(name, "")))
            for name in ("by", "reason", "unsure")
            if name != "unsure" or one.get(name)
        )
        acts = html(
            "div", {"class": "acts", "role": "group", "aria-label": one.get("about")}, self._early_acts()
        )
        return html("li", {"class": kind}, cover + html("div", {"class": "said"}, lines) + acts)

    def _early_acts(self) -> str:
        said = self.props["words"]
        made = html("button", {"class": "tiny why i-why", "type": "button"}, escape(said["why"]))
        if self._act is None:
            return made
        made += "".join(_icon(icon, label) for _, icon, label in said["acts"])
        stars = "".join(_icon("star", label) for label in said["stars"])
        return made + html("span", {"class": "stars", "role": "group", "aria-label": said["star"]}, stars)


def _icon(icon: str, label: str) -> str:
    told = {"class": f"tiny i-{icon}", "type": "button", "aria-label": label, "title": label}
    return html("button", told)


def _said_of(words: Words) -> dict[str, Any]:
    """The words of all cards."""
    return {
        "why": words("card.why"),
        "acts": [(kind, icon, words(f"card.{kind}")) for kind, icon in ACTS.items()],
        "star": words("card.stars"),
        "stars": [words("card.star", n=stars) for stars in range(1, STARS + 1)],
    }


def unsure_of(facts: Facts, chance: float | None, words: Words) -> str:
    """What is not certain of a recommendation."""
    if facts.taken <= 0:
        return words("card.untaken")
    if facts.taken < FEW:
        return words("card.few", n=facts.taken)
    return "" if chance is None or math.isnan(chance) else words("card.chance", chance=f"{chance:.0%}")
