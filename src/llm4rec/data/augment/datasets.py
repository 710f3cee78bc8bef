"""A data set with further users, whose histories are made of those there are. Everything else stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from llm4rec.core import Dataset, EventContexts, Interactions, Numbers, Users, Vocabulary
from llm4rec.core.vocabulary import Id
from llm4rec.data.augment.effect import Effect
from llm4rec.data.augment.sequences import MoreHistories, SequenceWay, augment_histories


def augment_dataset(
    dataset: Dataset, ways: Sequence[SequenceWay], rng: np.random.Generator
) -> tuple[Dataset, tuple[Effect, ...]]:
    """The data with one more user a history made, behind those there are, and what each way did.

    User numbers, item numbers and the catalog stay, so that questions asked of `dataset` can be asked of the result.
    A made user has the attributes of the user it comes from; texts and impressions of events are not carried over,
    so that a review is not counted twice. Augment the training part only: made users are no people, and a table
    over them tells nothing. The notes of the result say what was done.
    """
    histories = [dataset.history(user) for user in range(len(dataset.users))]
    more = augment_histories(histories, ways, rng)
    if len(more.histories) == 0:
        return dataset, more.effects
    users = dataset.users.extended(_copies(dataset.users, more.origins))
    interactions = dataset.interactions.followed_by(_events(more, len(dataset.users)))
    notes = (*dataset.notes, *(f"augmentation: {effect}" for effect in more.effects))
    return replace(dataset, interactions=interactions, users=users, notes=notes), more.effects


def _events(more: MoreHistories, first: int) -> Interactions:
    """All events of the made histories, in order of their users, who are numbered from `first` on."""
    lengths = [len(h) for h in more.histories]
    users = np.repeat(np.arange(first, first + len(lengths)), lengths).astype(np.int64)
    columns = {
        name: np.concatenate([getattr(h, name) for h in more.histories])
        for name in ("items", "kinds", "values", "timestamps")
    }
    contexts = EventContexts.joined([h.contexts for h in more.histories], lengths)
    return Interactions(users=users, kind_names=more.histories[0].kind_names, contexts=contexts, **columns)


def _copies(users: Users, origins: Numbers) -> Users:
    """A user a made history, with the attributes of its origin and an id that nobody has."""
    columns = {name: column.take(origins) for name, column in users.columns.items()}
    return Users(Vocabulary(_new_ids(users.ids, origins)), columns)


def _new_ids(ids: Vocabulary, origins: Numbers) -> list[Id]:
    """Whole numbers above all others, or the id of the origin with a mark that no id has."""
    if ids.numeric:
        above = max(int(name) for name in ids.ids) + 1
        return list(range(above, above + len(origins)))
    mark = "~"
    while any(mark in str(name) for name in ids.ids):
        mark += "~"
    return [f"{ids.ids[int(n)]}{mark}{place}" for place, n in enumerate(origins)]
