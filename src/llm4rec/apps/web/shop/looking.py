"""What the shop window shows, asked of the live engine. Runs in a thread; draws nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from llm4rec.apps.web.facts import Facts, facts_of, text_column
from llm4rec.apps.web.shop.waiting import measured
from llm4rec.core import Id, Recommendations
from llm4rec.engine.ordering import KNOBS

if TYPE_CHECKING:
    from llm4rec.engine.live import Live

SAMPLE = 200  # users whose lists are looked at for a new item
TOP = 10
DEEP = 100


@dataclass(frozen=True)
class Looked:
    """A list with what its cards say; `reading` is how the wish was understood. `pricing`: its price is still to be measured."""

    answer: Recommendations
    facts: Sequence[Facts]
    reading: Any = None
    pricing: bool = False

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be done as asked, and what is not sure."""
        told = () if self.reading is None else self.reading.notes
        unsure = (self.answer.unsure,) if self.answer.unsure else ()
        return tuple(dict.fromkeys((*self.answer.degraded, *told, *unsure)))


def looked(live: Live, question: Mapping[str, Any], wish: Any = None) -> Looked:
    """The list for a question; for a wish (a text, or a reading of one) where there is one.

    Of several knobs at once no price is measured.
    """
    pricing = sum(name in question for name in KNOBS) == 1 and not measured(live)
    if wish is None:
        answer = live.recommend(**question, explain=True, chances=True)
        return Looked(answer, facts_of(live, answer.items), pricing=pricing)
    who = {name: question[name] for name in ("user", "history", "n", *KNOBS) if name in question}
    heard = question.get("remarks")
    told = () if heard is None else [item for event in heard.read.events for item in event.items]
    asked = live.ask(wish, **who, excluded=told, year=time.gmtime().tm_year)
    return Looked(asked.answer, facts_of(live, asked.answer.items), asked.reading, pricing)


def read(live: Live, text: str) -> Any:
    """How a wish is understood. No list of it is shown, so none is logged."""
    return live.serving.engine.ask(text, n=1, year=time.gmtime().tm_year).reading


@dataclass(frozen=True)
class Landed:
    """Where a new item came to stand: its place for one user (0: behind the first DEEP), and for a sample of others."""

    item: Id
    place: int
    readers: tuple[tuple[str, int], ...]
    sample: int
    notes: tuple[str, ...]


def landed(live: Live, item: Id, texts: tuple[str, str], question: Mapping[str, Any]) -> Landed:
    """Put an item on the shelf, its title and its description, and see where it lands. Nothing of that is logged as shown."""
    title, about = texts
    attributes = {"title": title, text_column(live): about} if about else {"title": title}
    kept = live.upsert_items([{"item": item, "attributes": attributes}])
    users = live.serving.engine.fitted.people_ids if live.home else ()
    some = [users[i] for i in np.unique(np.linspace(0, len(users) - 1, min(SAMPLE, len(users))).astype(int))]
    questions = [{**question, "n": DEEP}, *({"user": user, "n": TOP} for user in some)]
    desk, asked = live.asked(questions)
    own, *others = desk.answers(asked, (False, False))
    places = [(str(user), _place(answer, item)) for user, answer in zip(some, others, strict=True)]
    found = sorted((one for one in places if one[1]), key=lambda one: one[1])
    return Landed(item, _place(own, item), tuple(found), len(some), kept.notes)


def _place(answer: Recommendations, item: Id) -> int:
    return answer.items.index(item) + 1 if item in answer.items else 0


def found_items(live: Live, part: str, most: int = 8) -> list[tuple[Id, str]]:
    """Items whose title has these letters."""
    catalog, part = live.serving.engine.catalog, part.strip().lower()
    if not part:
        return []
    pairs = zip(catalog.ids.ids, catalog.titles, strict=True)
    return [(item, title) for item, title in pairs if part in title.lower()][:most]
