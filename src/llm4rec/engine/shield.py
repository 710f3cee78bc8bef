"""What models may see of people: no protected attribute, and so many events of anybody. Knows nothing of models."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Dataset, EventContexts, History, Interactions, Numbers, Users
from llm4rec.engine.settings import FitSettings


@dataclass(frozen=True)
class Shield:
    """`words` in the name of an attribute or context make it protected; `events` of each user count, and of each item
    among them `repeats`, the latest. So one account is worth no more than so many rows, whatever it does.
    """

    words: tuple[str, ...]
    events: int
    repeats: int

    @classmethod
    def of(cls, settings: FitSettings) -> Shield:
        """As the settings say."""
        return cls(settings.protected, settings.user_events, settings.user_repeats)

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
        return self._capped(dataset)

    def _capped(self, dataset: Dataset) -> Dataset:
        counts = self._counts(dataset.interactions)
        return dataset if counts.all() else dataset.only(counts)

    def _counts(self, events: Interactions) -> NDArray[np.bool_]:
        """Which events count, (events,); they stand in the order of users and time."""
        few = _from_the_end(events.users * 0, events.users) < self.events
        once = _from_the_end(events.items, events.users) < self.repeats
        return np.asarray(few & once)

    def history(self, history: History) -> History:
        """The part of a history that counted in fitting."""
        return history.take(np.flatnonzero(self._counts(history.interactions())))

    def notes(self, dataset: Dataset) -> tuple[str, ...]:
        """What is held back of this data."""
        contexts = dataset.interactions.contexts
        named = (*dataset.users.columns, *(() if contexts is None else contexts.names))
        hidden = tuple(dict.fromkeys(protected(named, self.words)))
        counts = self._counts(dataset.interactions)
        many = len(np.unique(dataset.interactions.users[~counts]))
        told = (
            f"protected, seen by no model: {', '.join(hidden)} (fit.protected)" if hidden else "",
            f"of {many} users the latest {self.events} events count, and {self.repeats} of an item "
            "(fit.user_events, fit.user_repeats)"
            if many
            else "",
        )
        return tuple(line for line in told if line)


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
