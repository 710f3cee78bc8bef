"""Cleaning that is asked for, step by step, with what each step took away. Never done in silence, never by default."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BeforeValidator, NonNegativeInt

from llm4rec.core import Config, Dataset, Interactions, Numbers, SettingsError, suggest
from llm4rec.data.reading import LoadedDataset
from llm4rec.data.times import iso_seconds

Rows = NDArray[np.bool_]


def _seconds(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    seconds = iso_seconds(pl.Series([value]))[0][0]
    if seconds is None:
        raise ValueError("is neither UTC seconds nor an ISO date such as 2024-05-01")
    return seconds


Moment = Annotated[float, BeforeValidator(_seconds)]


class Cleaning(Config):
    """What to leave out, in this order; nothing by default.

    `kinds` are the kinds to keep. `min_rating` drops ratings below it. `since` (included) and `until` (not
    included) are UTC seconds or ISO dates. `drop_duplicates` keeps the first of rows that are equal in
    everything ("exact") or in user and item ("pair"). `k_core` drops users and items with fewer than k
    interactions until all have k; it alone takes items out of the catalog: those without interactions.
    """

    kinds: tuple[str, ...] = ()
    min_rating: float | None = None
    since: Moment | None = None
    until: Moment | None = None
    drop_duplicates: Literal["no", "exact", "pair"] = "no"
    k_core: NonNegativeInt = 0


@dataclass(frozen=True)
class CleaningStep:
    """What one step left: interactions, users and items that have any, before and after."""

    name: str
    rows: tuple[int, int]
    users: tuple[int, int]
    items: tuple[int, int]

    def __str__(self) -> str:
        changes = (("interactions", self.rows), ("users", self.users), ("items", self.items))
        return f"{self.name}: " + ", ".join(f"{what} {a:,} -> {b:,}" for what, (a, b) in changes)


def clean(dataset: Dataset, cleaning: Cleaning) -> tuple[Dataset, tuple[CleaningStep, ...]]:
    """The data set without what `cleaning` names, and what every step took away.

    Users and items stay as they are, with or without interactions; only `k_core` shortens the catalog and
    the users to those that still have interactions, which renumbers them.
    """
    kept, steps = _kept(dataset.interactions, cleaning)
    return _cut(dataset, kept, steps, cleaning), steps


def clean_loaded(loaded: LoadedDataset, cleaning: Cleaning) -> tuple[LoadedDataset, tuple[CleaningStep, ...]]:
    """As `clean`, with the marks of official splits kept row by row."""
    kept, steps = _kept(loaded.dataset.interactions, cleaning)
    marks = {name: values[kept] for name, values in loaded.marks.items()}
    return replace(loaded, dataset=_cut(loaded.dataset, kept, steps, cleaning), marks=marks), steps


def _cut(dataset: Dataset, kept: Numbers, steps: tuple[CleaningStep, ...], cleaning: Cleaning) -> Dataset:
    """The rows that are kept, and a note a step."""
    left = dataset.only(kept)
    notes = (*dataset.notes, *(f"cleaning: {step}" for step in steps))
    return replace(_without_strangers(left) if cleaning.k_core else left, notes=notes)


def _kept(interactions: Interactions, cleaning: Cleaning) -> tuple[Numbers, tuple[CleaningStep, ...]]:
    """Rows that stay after all steps."""
    kept = np.arange(len(interactions))
    steps = []
    for name, rule in _rules(cleaning):
        before = interactions.take(kept)
        stays = rule(before, cleaning)
        kept = kept[stays]
        steps.append(_step(name, before, before.take(stays)))
    return kept, tuple(steps)


def _rules(cleaning: Cleaning) -> Sequence[tuple[str, Callable[[Interactions, Cleaning], Rows]]]:
    """The steps that are asked for, in the order of the settings."""
    rules = {
        "kinds": _of_kind,
        "min_rating": _well_rated,
        "since": _since,
        "until": _until,
        "drop_duplicates": _first_of_equals,
        "k_core": _core,
    }
    asked = {name: getattr(cleaning, name) for name in rules}
    chosen = [name for name, value in asked.items() if value != Cleaning.model_fields[name].default]
    return [(f"{name} = {_told(asked[name])}", rules[name]) for name in chosen]


def _told(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _step(name: str, before: Interactions, after: Interactions) -> CleaningStep:
    def pair(column: str) -> tuple[int, int]:
        first, second = (np.bincount(getattr(rows, column)) for rows in (before, after))
        return int(np.count_nonzero(first)), int(np.count_nonzero(second))

    return CleaningStep(name, (len(before), len(after)), pair("users"), pair("items"))


def _of_kind(interactions: Interactions, cleaning: Cleaning) -> Rows:
    names = interactions.kind_names
    unknown = next((kind for kind in cleaning.kinds if kind not in names), None)
    if unknown is not None:
        raise SettingsError(
            f"Cleaning: no interaction is a {unknown!r}{suggest(unknown, names)}; kinds are: {', '.join(names)}"
        )
    return np.isin(interactions.kinds, [names.index(kind) for kind in cleaning.kinds])


def _well_rated(interactions: Interactions, cleaning: Cleaning) -> Rows:
    """Ratings below the bound go; other kinds, and ratings without a value, stay."""
    names = interactions.kind_names
    code = names.index("rating") if "rating" in names else -1
    low = interactions.values < np.float32(cleaning.min_rating or 0.0)
    return np.asarray(~(low & (interactions.kinds == code)))


def _since(interactions: Interactions, cleaning: Cleaning) -> Rows:
    return np.asarray(interactions.timestamps >= (cleaning.since or 0.0))


def _until(interactions: Interactions, cleaning: Cleaning) -> Rows:
    return np.asarray(interactions.timestamps < (cleaning.until or 0.0))


def _first_of_equals(interactions: Interactions, cleaning: Cleaning) -> Rows:
    columns: dict[str, NDArray[Any]] = {"user": interactions.users, "item": interactions.items}
    if cleaning.drop_duplicates == "exact":
        columns |= {
            "kind": interactions.kinds,
            "value": interactions.values,
            "time": interactions.timestamps,
        }
        if interactions.texts is not None:
            columns["text"] = pl.Series(interactions.texts.tolist(), dtype=pl.String).hash().to_numpy()
        if interactions.contexts is not None:
            columns |= {f"context {n}": codes for n, codes in enumerate(interactions.contexts.codes.T)}
    # Interactions stand in order of time, so the first of a group is the earliest.
    return pl.DataFrame(columns).select(first=pl.struct(pl.all()).is_first_distinct())["first"].to_numpy()


def _core(interactions: Interactions, cleaning: Cleaning) -> Rows:
    """Users and items with at least k interactions among each other."""
    stays = np.ones(len(interactions), dtype=bool)
    while True:
        enough = stays.copy()
        for numbers in (interactions.users, interactions.items):
            counts = np.bincount(numbers[stays], minlength=int(numbers.max(initial=-1)) + 1)
            enough &= counts[numbers] >= cleaning.k_core
        if (enough == stays).all():
            return stays
        stays = enough


def _without_strangers(dataset: Dataset) -> Dataset:
    """Only the users and items that have interactions, in their order, renumbered."""
    i = dataset.interactions
    users, items = (np.flatnonzero(np.bincount(numbers)) for numbers in (i.users, i.items))
    renumbered = replace(i, users=np.searchsorted(users, i.users), items=np.searchsorted(items, i.items))
    people = dataset.users
    columns = {name: column.take(users) for name, column in people.columns.items()}
    vocabulary = type(people.ids)(people.ids.names(users))
    left = replace(people, ids=vocabulary, columns=columns)
    return replace(dataset, interactions=renumbered, catalog=dataset.catalog.take(items), users=left)
