"""What models may see of people: no protected attribute, and so many events of anybody. Knows nothing of models."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from llm4rec.core import Dataset, EventContexts, History, Users
from llm4rec.engine.settings import FitSettings


@dataclass(frozen=True)
class Shield:
    """`words` in the name of an attribute or context make it protected; `events` of each user count, the latest."""

    words: tuple[str, ...]
    events: int

    @classmethod
    def of(cls, settings: FitSettings) -> Shield:
        """As the settings say."""
        return cls(settings.protected, settings.user_events)

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
        ends = dataset.offsets[1:]
        if not len(ends) or int(np.diff(dataset.offsets).max()) <= self.events:
            return dataset
        left = np.repeat(ends, np.diff(dataset.offsets)) - np.arange(len(dataset.interactions))
        return dataset.only(left <= self.events)

    def history(self, history: History) -> History:
        """The part of a history that counted in fitting."""
        return history.take(slice(max(0, len(history) - self.events), None))

    def notes(self, dataset: Dataset) -> tuple[str, ...]:
        """What is held back of this data."""
        contexts = dataset.interactions.contexts
        named = (*dataset.users.columns, *(() if contexts is None else contexts.names))
        hidden = tuple(dict.fromkeys(protected(named, self.words)))
        many = int((np.diff(dataset.offsets) > self.events).sum())
        told = (
            f"protected, seen by no model: {', '.join(hidden)} (fit.protected)" if hidden else "",
            f"{many} users have more than {self.events} events; the latest count (fit.user_events)"
            if many
            else "",
        )
        return tuple(line for line in told if line)


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
