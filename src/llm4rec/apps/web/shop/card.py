"""One place of a list as a card. It is made once and then filled anew: what stays the same is not sent again."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from llm4rec.apps.web.elements import Tag, button
from llm4rec.apps.web.facts import HUES, Facts, initials
from llm4rec.apps.web.words import Words

FEW = 5  # people who took it, below which little is known
ACTS = {"like": "up", "dislike": "down", "view": "seen", "hide": "hide"}
"""What can be said of an item with one click, and its icon."""
STARS = 5
Act = Callable[["Card", str, float | None], Any]


@dataclass(frozen=True)
class Told:
    """What a card is to say: the item, the reason in words, what is uncertain of it, and whether it is new in the list."""

    facts: Facts
    reason: str
    unsure: str
    fresh: bool


class Card:
    """`act` is told what was clicked, and a value where there is one (None: nothing may be said); `why` opens the evidence."""

    def __init__(self, words: Words, act: Act | None, why: Callable[[Card], Any]) -> None:
        self.words = words
        self.told: Told | None = None
        with Tag("li", classes="card bone") as self.box:
            with Tag("div", classes="cover hue-0", aria_hidden="true") as self.cover:
                self.initial = Tag("span")
                self.picture = Tag("img", classes="gone", alt="", loading="lazy")
            with Tag("div", classes="said"):
                self.title = Tag("h2")
                self.by = Tag("p", classes="by")
                self.reason = Tag("p", classes="reason")
                self.unsure = Tag("p", classes="unsure gone")
            with Tag("div", classes="acts", role="group") as self.acts:
                button(words("card.why"), partial(why, self), "tiny why", icon="why")
                if act is not None:
                    self._acts(act)

    def _acts(self, act: Act) -> None:
        """What can be said of the item."""
        for kind, icon in ACTS.items():
            label = self.words(f"card.{kind}")
            button("", partial(act, self, kind, None), "tiny", icon=icon, aria_label=label, title=label)
        with Tag("span", classes="stars", role="group", aria_label=self.words("card.stars")):
            for stars in range(1, STARS + 1):
                label = self.words("card.star", n=stars)
                button(
                    "",
                    partial(act, self, "rating", float(stars)),
                    "tiny",
                    icon="star",
                    aria_label=label,
                    title=label,
                )

    def show(self, told: Told) -> None:
        """Say this from now on."""
        facts, self.told = told.facts, told
        self.box.classes(remove="bone gone fresh", add="fresh" if told.fresh else "")
        self.title.set_text(facts.title)
        self.by.set_text(facts.by)
        self.reason.set_text(told.reason)
        self.unsure.set_text(told.unsure)
        self.unsure.classes(remove="gone", add="" if told.unsure else "gone")
        self.cover.classes(remove=" ".join(f"hue-{n}" for n in range(HUES)), add=f"hue-{facts.hue}")
        self.initial.set_text("" if facts.picture else initials(facts.title))
        self.picture.props["src"] = facts.picture or None
        self.picture.classes(remove="gone", add="" if facts.picture else "gone")
        self.acts.props["aria-label"] = self.words("card.about", title=facts.title)

    def empty(self) -> None:
        """Nothing stands in this place."""
        self.told = None
        self.box.classes(remove="bone fresh", add="gone")


def unsure_of(facts: Facts, chance: float | None, words: Words) -> str:
    """What is not certain of a recommendation."""
    if facts.taken <= 0:
        return words("card.untaken")
    if facts.taken < FEW:
        return words("card.few", n=facts.taken)
    return "" if chance is None or math.isnan(chance) else words("card.chance", chance=f"{chance:.0%}")
