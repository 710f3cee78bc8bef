"""Remarks about a list, held against a fitted engine: read, and made into events, limits and tilt of the next request.

What the words mean is read by `writers/remarks`; here its steps meet histories, the catalog and scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from llm4rec.core import Floats, History, Id, Interactions, Numbers, Request
from llm4rec.engine.build import component_from
from llm4rec.engine.feelings import feelings, polarity
from llm4rec.engine.fitted import Fitted
from llm4rec.engine.wishes import Desk

HOME = "llm4rec.writers.remarks:"
WISH = 0.5
"""What one wish moves an item by, of the way from the mean of a request's scores to the best of them; a strong one twice.
Likeness to an item that was liked or disliked weighs as much, beside what the event itself does to the scores."""
AGAINST = 0.5
"""What a value that speaks against a wish weighs against one that carries it."""
CORE = 0.5
"""What the values that carry a wish most weigh, of the whole of it."""
WIDE = 3.0
"""So many spreads of nearness in meaning are the whole of a wish in words."""
KINDS = {"liked": "like", "disliked": "dislike", "known": "view"}
"""The events that a remark becomes. What is passed says nothing of taste: it is hidden alone."""


@dataclass(frozen=True)
class Remarked:
    """All remarks so far as they were understood (`read`; `str(read)` tells it), and the list the last one was about.

    Given to `recommend` as `remarks`, it changes the list.
    """

    read: Any
    shown: tuple[Id, ...] = ()

    def without(self, *ids: int) -> Remarked:
        """The same without some steps, by their ids; SettingsError for an id there is not."""
        return replace(self, read=self.read.without(*ids))

    def as_json(self) -> dict[str, Any]:
        """As plain values."""
        return {"read": self.read.model_dump(mode="json"), "shown": list(self.shown)}


def remarks_of(file: Path) -> Any:
    """The remarks that a JSON file keeps; DataError or SettingsError where it holds something else."""
    return component_from(f"{HOME}Remarks").read(file)


def remark(desk: Desk, text: str, shown: Sequence[Id], so_far: Any, year: int | None) -> Remarked:
    """A remark about a list, read and joined to those before."""
    before = so_far.read if isinstance(so_far, Remarked) else so_far
    about = [] if before is None else _known(desk, before.about)
    setting = component_from(f"{HOME}Setting")(
        *counters(desk),
        tuple(desk.catalog.ids.numbers(shown, "item").tolist()),
        tuple(about),
        feelings(desk.fitted),
        year,
        polarity(desk.fitted),
    )
    return Remarked(component_from(f"{HOME}remarked")(text, setting, before), tuple(shown))


def _known(desk: Desk, ids: Sequence[Id]) -> list[int]:
    """Numbers of those ids that are in the catalog."""
    return [number for number in map(desk.catalog.ids.number, ids) if number >= 0]


def counters(desk: Desk) -> tuple[Any, Any]:
    """The words and the shelf of a catalog; where it tells nothing of popularity, how often each item was taken."""
    lexicon, shelf = desk.lexicon, desk.shelf
    if "popularity" in lexicon.measures:
        return lexicon, shelf
    taken = {"popularity": desk.fitted.dataset.counts.astype(np.float64)}
    measured = {**lexicon.measures, "popularity": "popularity"}
    return (
        replace(lexicon, numbers={**lexicon.numbers, **taken}, measures=measured),
        replace(shelf, numbers={**shelf.numbers, **taken}),
    )


def moved(desk: Desk, request: Request, remarks: Any) -> tuple[Request, tuple[str, ...]]:
    """The request of somebody who made remarks, and what of them could not be held.

    Events join the history, limits narrow what is allowed, wishes tilt the scores. Where nothing fulfils all limits,
    they are opened as those of `ask` are, and that is said.
    """
    read = remarks.read if isinstance(remarks, Remarked) else remarks
    if not read.steps:
        return request, ()
    fitted = desk.fitted
    told = [(event, _known(desk, event.items)) for event in read.events]
    hidden = np.unique(np.array([n for _, numbers in told for n in numbers], dtype=np.int64))
    excluded = hidden if request.excluded is None else np.union1d(request.excluded, hidden)
    changed = replace(request, excluded=excluded, history=_joined(fitted, request, told))
    allowed, notes = _allowed(desk, changed, read)
    tilt = _tilt(desk, read, told)
    if request.tilt is not None:
        tilt = tilt + request.tilt
    return replace(changed, allowed=allowed, tilt=tilt if tilt.any() else None), notes


def _joined(fitted: Fitted, request: Request, told: Sequence[tuple[Any, Sequence[int]]]) -> History:
    """The history with the events of remarks behind it, each a second after the one before."""
    rows = [(n, KINDS[event.what]) for event, numbers in told if event.what in KINDS for n in numbers]
    if not rows:
        return request.history
    last = float(request.history.timestamps.max()) if len(request.history) else 0.0
    start = last if request.time is None else max(last, request.time - len(rows) - 1.0)
    names = tuple(dict.fromkeys(kind for _, kind in rows))
    new = Interactions.of(
        np.zeros(len(rows), np.int64),
        [n for n, _ in rows],
        kinds=[names.index(kind) for _, kind in rows],
        kind_names=names,
        timestamps=start + 1.0 + np.arange(len(rows)),
    )
    return request.history.followed_by(History.from_rows(new, slice(None)))


def _allowed(desk: Desk, request: Request, read: Any) -> tuple[Numbers | None, tuple[str, ...]]:
    """The items that fulfil all limits, opened where none is left, and how."""
    if not read.musts:
        return request.allowed, ()
    free = np.ones(len(desk.catalog), dtype=bool)
    if request.allowed is not None:
        free[:] = False
        free[request.allowed] = True
    if request.excluded is not None:
        free[request.excluded] = False
    if request.seen == "exclude":
        free[request.history.items] = False
    asked = component_from("llm4rec.writers.asking:Understood")(
        language=read.language, pieces=tuple(must.piece for must in read.musts)
    )
    _, shelf = counters(desk)
    opened, mask = shelf.opened(asked, request.n, free)
    return np.flatnonzero(mask), opened.notes


def _tilt(desk: Desk, read: Any, told: Sequence[tuple[Any, Sequence[int]]]) -> Floats:
    """(items,) what wishes and feelings add to the scores, 1 being the way from their mean to the best."""
    total = np.zeros(len(desk.catalog), dtype=np.float32)
    for wish in read.wishes:
        weight = WISH * (1.0 if wish.more else -1.0) * (2.0 if wish.strong else 1.0)
        total += weight * _wished(desk, wish)
    for event, numbers in told:
        if numbers and event.what in ("liked", "disliked"):
            total += (WISH if event.what == "liked" else -WISH) * _alike(desk, numbers)
    return total


def _wished(desk: Desk, wish: Any) -> Floats:
    """(items,) from -1 to 1, how much each item is what a wish speaks of."""
    if wish.items:
        return _alike(desk, _known(desk, wish.items))
    if wish.column:
        everything = np.arange(len(desk.catalog))
        return desk.leaning(counters(desk)[1].numbers.get(wish.column), True, everything)
    if wish.pairs or wish.against:
        carried = _having(desk, wish.pairs)
        if wish.core:
            carried = (1.0 - CORE) * carried + CORE * _having(desk, wish.core)
        return np.asarray(carried - AGAINST * _having(desk, wish.against))
    return _spread(desk.meant(wish.text))


def _having(desk: Desk, pairs: Sequence[tuple[str, str]]) -> Floats:
    """(items,) 1 where an item has any of these values."""
    result = np.zeros(len(desk.catalog), dtype=np.float32)
    for pair in pairs:
        result[desk.shelf.rows.get(pair, np.zeros(0, np.int64))] = 1.0
    return result


def _alike(desk: Desk, numbers: Sequence[int]) -> Floats:
    """(items,) likeness to some items: half by their texts, half by the values they share."""
    if not len(numbers):
        return np.zeros(len(desk.catalog), dtype=np.float32)
    return np.asarray(0.5 * _spread(desk.like(numbers)) + 0.5 * _spread(_sharing(desk, numbers)))


def _sharing(desk: Desk, numbers: Sequence[int]) -> Floats:
    """(items,) the share of values in common with some items, rare values counting more."""
    chosen = np.zeros(len(desk.catalog), dtype=np.float32)
    chosen[list(numbers)] = 1.0 / len(set(numbers))
    shared = np.zeros(len(desk.catalog), dtype=np.float32)
    size = np.zeros(len(desk.catalog), dtype=np.float32)
    own = 0.0
    for rows in desk.shelf.rows.values():
        rare = float(np.log(len(desk.catalog) / len(rows)))
        size[rows] += rare
        held = float(chosen[rows].sum())
        shared[rows] += rare * held
        own += rare * held
    return np.asarray(shared / np.maximum(size + own - shared, 1e-6))


def _spread(values: Floats | None) -> Floats:
    """Values in spreads from their mean, WIDE of them being 1; zeros where they tell nothing."""
    assert values is not None
    spread = float(values.std())
    if spread < 1e-9:
        return np.zeros(len(values), dtype=np.float32)
    return np.asarray(np.clip((values - values.mean()) / (WIDE * spread), -1.0, 1.0), dtype=np.float32)
