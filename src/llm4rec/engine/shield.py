"""What models may see of people: no protected attribute, so many events of anybody, no echoes. Knows nothing of models."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Dataset, EventContexts, History, Interactions, Numbers, Users
from llm4rec.engine.coordinated import echoes
from llm4rec.engine.settings import FitSettings

REPEATS = 10  # events of one item and user at most
USUAL = 0.98  # of people whose repeats are taken for usual
NAMED = 5  # things that a note names


@dataclass(frozen=True)
class Shield:
    """`words` in the name of an attribute or context make it protected; `events` of each user count, and of each item
    among them `repeats`, the latest (None: as the data have it, `usual_repeats`). So one account is worth no more than so
    many rows, whatever it does. With `coordinated`, accounts that echo each other about a thing count once for it.
    """

    words: tuple[str, ...]
    events: int
    repeats: int | None
    coordinated: bool = False

    @classmethod
    def of(cls, settings: FitSettings) -> Shield:
        """As the settings say."""
        repeats = None if settings.user_repeats == "auto" else settings.user_repeats
        return cls(settings.protected, settings.user_events, repeats, settings.coordinated)

    def data(self, dataset: Dataset) -> Dataset:
        """What models are fitted on; the very data set where there is nothing to hold back."""
        hidden = protected(dataset.users.columns, self.words)
        if hidden:
            columns = {name: c for name, c in dataset.users.columns.items() if name not in hidden}
            dataset = replace(dataset, users=Users(dataset.users.ids, columns))
        contexts = dataset.interactions.contexts
        if contexts is not None and protected(contexts.names, self.words):
            told = without(contexts, protected(contexts.names, self.words))
            dataset = replace(dataset, interactions=replace(dataset.interactions, contexts=told))
        counts = self._counts(dataset.interactions)
        return dataset if counts.all() else dataset.only(counts)

    def _counts(self, events: Interactions) -> NDArray[np.bool_]:
        """Which events count, (events,); they stand in the order of users and time."""
        return self._capped(events) & ~self._echoes(events)

    def _capped(self, events: Interactions) -> NDArray[np.bool_]:
        few = _from_the_end(events.users * 0, events.users) < self.events
        once = _from_the_end(events.items, events.users) < self._most(events)
        return np.asarray(few & once)

    def _echoes(self, events: Interactions) -> NDArray[np.bool_]:
        return echoes(events) if self.coordinated else np.zeros(len(events), dtype=bool)

    def _most(self, events: Interactions) -> int:
        return usual_repeats(events) if self.repeats is None else self.repeats

    def history(self, dataset: Dataset, user: int) -> History | None:
        """The part of a user's history that counted in fitting; None where without them other people's events count
        differently, so that taking this part away is not the same as never having seen it.
        """
        events = dataset.interactions
        own = events.users == user
        counts = self._counts(events)
        if not np.array_equal(counts[~own], self._counts(events.take(~own))):
            return None
        return dataset.history(user).take(np.flatnonzero(counts[own]))

    def notes(self, dataset: Dataset) -> tuple[str, ...]:
        """What is held back of this data."""
        contexts, events = dataset.interactions.contexts, dataset.interactions
        named = (*dataset.users.columns, *(() if contexts is None else contexts.names))
        hidden = tuple(dict.fromkeys(protected(named, self.words)))
        many = len(np.unique(events.users[~self._capped(events)]))
        told = (
            f"protected, seen by no model: {', '.join(hidden)} (fit.protected)" if hidden else "",
            f"of {many} users the latest {self.events} events count, and {self._most(events)} of an item "
            "(fit.user_events, fit.user_repeats)"
            if many
            else "",
            self._suspects(dataset),
        )
        return tuple(line for line in told if line)

    def _suspects(self, dataset: Dataset) -> str:
        """Whom and what the echoes are about, in words."""
        events = dataset.interactions.take(self._echoes(dataset.interactions))
        if not len(events):
            return ""
        people, things = len(np.unique(events.users)), np.unique(events.items)
        names = ", ".join(str(dataset.catalog.ids.ids[item]) for item in things[:NAMED])
        more = " …" if len(things) > NAMED else ""
        return (
            f"{people} accounts look coordinated with others, and each group counts as one account for what they "
            f"seem to push (fit.coordinated): {names}{more}"
        )


def usual_repeats(events: Interactions) -> int:
    """How often 98 of 100 people take one thing at most: more of it counts no more; never above `REPEATS`.

    One person in a hundred cannot move it far, whatever they do.
    """
    if not len(events):
        return REPEATS
    people, user = np.unique(events.users, return_inverse=True)
    most = np.zeros(len(people), dtype=np.int64)
    np.maximum.at(most, user, _from_the_end(events.items, events.users) + 1)
    return min(REPEATS, int(np.quantile(most, USUAL, method="inverted_cdf")))


def _from_the_end(items: Numbers, users: Numbers) -> Numbers:
    """How many later events of the same user and item there are, (events,)."""
    order = np.lexsort((np.arange(len(users)), items, users))
    new = (np.diff(users[order], prepend=-1) != 0) | (np.diff(items[order], prepend=-1) != 0)
    starts = np.flatnonzero(new)
    sizes = np.diff(np.append(starts, len(order)))
    result = np.empty(len(order), dtype=np.int64)
    result[order] = np.repeat(starts + sizes, sizes) - 1 - np.arange(len(order))
    return result


def protected(names: Iterable[str], words: Sequence[str]) -> tuple[str, ...]:
    """Those names that have one of the words in them, between anything but letters ("user_age", "ageGroup", not "page")."""
    known = {word.lower() for word in words}
    return tuple(name for name in names if not known.isdisjoint(_parts(name)))


def _parts(name: str) -> set[str]:
    parts = [part.lower() for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\W\d_a-zA-Z]+", name)]
    return {*parts, "".join(parts)}


def without(contexts: EventContexts, names: Sequence[str]) -> EventContexts | None:
    """The contexts without some columns; None where none is left."""
    kept = [place for place, name in enumerate(contexts.names) if name not in names]
    if not kept:
        return None
    return EventContexts(
        tuple(contexts.names[p] for p in kept),
        tuple(contexts.values[p] for p in kept),
        contexts.codes[:, kept],
    )
