"""Examples of a person's latest items and one item asked about: next-item, click, rating. numpy only.

Of a person only what came before the item asked about is read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import NEGATIVE_KINDS, Dataset, Interactions, Numbers
from llm4rec.encoders.adapting.config import AdaptConfig, Task
from llm4rec.encoders.adapting.division import held_out
from llm4rec.encoders.adapting.examples import Examples, Texts, needed


@dataclass(frozen=True, eq=False)
class _Read:
    """Interactions with the text number of each, and the table of texts."""

    texts: Texts
    of_item: Numbers
    events: Interactions
    events_text: Numbers

    @classmethod
    def of(cls, dataset: Dataset) -> _Read:
        texts = Texts()
        of_item = texts.add(dataset.catalog.texts)
        return cls(texts, of_item, dataset.interactions, of_item[dataset.interactions.items])


def next_items(dataset: Dataset, config: AdaptConfig, rng: np.random.Generator) -> Examples:
    """The latest items of a person, and the one taken next. Division by person."""
    read = _Read.of(dataset)
    good = np.flatnonzero(read.events.positive & (read.events_text >= 0))
    left = _before(read, good, good, config.history)
    asked = np.flatnonzero(left[:, -1] >= 0)
    needed("next-item", len(asked), "nobody took two items that have a text", "Bring longer histories")
    asked = _some(asked, config.most_examples, rng)
    rows = good[asked]
    held = _by_person(dataset, rows, config, "next-item")
    return Examples("next-item", read.texts.listed(), left[asked], held, right=read.events_text[rows])


def clicks(dataset: Dataset, config: AdaptConfig, rng: np.random.Generator) -> Examples:
    """What was shown and clicked (1) or not (0); where no refusals are recorded, taken against drawn. By person.

    A drawn negative is an item with a text that the person has no event with.
    """
    read = _Read.of(dataset)
    told = read.events_text >= 0
    good = np.flatnonzero(read.events.positive & told)
    bad = np.flatnonzero(~read.events.positive & told)
    needed("click", len(good), "no event speaks for an item that has a text", "Bring clicks or purchases")
    notes: tuple[str, ...] = ()
    if len(bad):
        rows = _some(np.sort(np.concatenate([good, bad])), config.most_examples, rng)
        right, targets = read.events_text[rows], read.events.positive[rows]
    else:
        rows = _some(good, config.most_examples // 2, rng)
        drawn = _untouched(read, rows, rng)
        kept = drawn >= 0
        right = np.concatenate([read.events_text[rows], drawn[kept]])
        targets = np.repeat([True, False], [len(rows), int(kept.sum())])
        rows = np.concatenate([rows, rows[kept]])
        needed(
            "click", int(kept.sum()), "everybody took everything", "Bring impressions that were not clicked"
        )
        notes = ("click: no impression without a click is recorded, so negatives are drawn",)
    left = _before(read, good, rows, config.history)
    held = _by_person(dataset, rows, config, "click")
    return Examples(
        "click", read.texts.listed(), left, held, right, targets=targets.astype(np.float32), notes=notes
    )


def rated(dataset: Dataset, config: AdaptConfig, rng: np.random.Generator) -> Examples:
    """The latest items of a person and the value given to the item asked about. By person."""
    read = _Read.of(dataset)
    rows = np.flatnonzero(valued(read.events) & (read.events_text >= 0))
    needed("rating", len(rows), "no event has a value (stars)", "Bring ratings")
    rows = _some(rows, config.most_examples, rng)
    good = np.flatnonzero(read.events.positive & (read.events_text >= 0))
    held = _by_person(dataset, rows, config, "rating")
    left = _before(read, good, rows, config.history)
    targets = read.events.values[rows].astype(np.float32)
    return Examples("rating", read.texts.listed(), left, held, read.events_text[rows], targets=targets)


def valued(events: Interactions) -> NDArray[np.bool_]:
    """Which events say how much an item was liked: ratings where there are any, else positive kinds with a value."""
    finite = np.isfinite(events.values)
    rating = np.array([name == "rating" for name in events.kind_names], dtype=bool)
    refusal = np.array([name in NEGATIVE_KINDS for name in events.kind_names], dtype=bool)
    ratings = finite & rating[events.kinds]
    return np.asarray(ratings if ratings.any() else finite & ~refusal[events.kinds])


def _before(read: _Read, good: Numbers, rows: Numbers, length: int) -> Numbers:
    """Texts of the latest `length` good events of the same person before each row, (rows, length), -1 in front.

    Events of the same moment are not before each other where they were shown together, so that a list of impressions
    does not tell which of them was clicked.
    """
    users, times = read.events.users, read.events.timestamps
    end = np.searchsorted(good, rows)  # good events of lower row number
    shown = read.events.impressions is not None or not read.events.positive.all()
    found = np.full((len(rows), length), -1, dtype=np.int64)
    if not len(good):
        return found
    for back in range(1, length + 1):
        place = end - back
        source = good[np.maximum(place, 0)]
        same = (place >= 0) & (users[source] == users[rows])
        if shown:
            same &= times[source] < times[rows]
        found[:, length - back] = np.where(same, read.events_text[source], -1)
    return _pushed(found)


def _pushed(found: Numbers) -> Numbers:
    """Each row with its empty places in front, the order of the rest kept."""
    order = np.argsort(found >= 0, axis=1, kind="stable")
    return np.take_along_axis(found, order, axis=1)


def _untouched(read: _Read, rows: Numbers, rng: np.random.Generator, tries: int = 16) -> Numbers:
    """For each row a text its person has no event with, -1 where `tries` draws found none, (rows,)."""
    size = len(read.texts.numbers)
    touched = np.unique(read.events.users * size + np.maximum(read.events_text, 0))
    found = np.full(len(rows), -1, dtype=np.int64)
    open_ = np.arange(len(rows))
    for _ in range(tries):
        draw = rng.integers(0, size, len(open_))
        keys = read.events.users[rows[open_]] * size + draw
        places = np.minimum(np.searchsorted(touched, keys), len(touched) - 1)
        free = touched[places] != keys
        found[open_[free]] = draw[free]
        open_ = open_[~free]
    return found


def _some(rows: Numbers, most: int, rng: np.random.Generator) -> Numbers:
    return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))


def _by_person(dataset: Dataset, rows: Numbers, config: AdaptConfig, task: Task) -> NDArray[np.bool_]:
    people = dataset.interactions.users[rows]
    ids = [str(dataset.users.ids.ids[person]) for person in people]
    return held_out(ids, config.validation, config.seed, task)
