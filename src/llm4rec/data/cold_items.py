"""The protocol for items that nobody knew while fitting. Knows neither models nor metrics."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from llm4rec.core import Catalog, DataError, Dataset, Holdout, Interactions, Numbers
from llm4rec.data.folds import Ask, Fold, Split
from llm4rec.data.questions import LEAST_EVENTS, asked, from_positive, questions, summed


@dataclass(frozen=True, eq=False)
class _Parted:
    """A data set of warm items only, the cold catalog, and the rows of cold items in the new numbers."""

    warm: Dataset
    newcomers: Catalog
    hidden: Interactions

    @property
    def cold_numbers(self) -> Numbers:
        return len(self.warm.catalog) + np.arange(len(self.newcomers), dtype=np.int64)


def cold_items(ask: Ask) -> Split:
    """Whole items are held out: those that appeared last, or drawn ones; among items with three positive events.

    Views: "" ranks the cold items for users who took some of them, "all" the same among all items; "warm" asks
    for the last warm event of users with three, among all items, and "warm-only" the same among warm items.
    """
    by_chance = ask.arguments[:1] == ("random",)
    if not by_chance:
        ask.need_real_time("choose 'cold-items:random'")
    ask = replace(ask, arguments=ask.arguments[by_chance:])
    parted = _part(ask.dataset, _chosen_items(ask, by_chance, ask.shares((0.2,))[0]))
    fold, counts = _cold_fold(parted, ask.target_time)
    way = "drawn" if by_chance else "that appeared last"
    said = {
        "held_out": f"items {way}, among those with {LEAST_EVENTS} positive events or more",
        "history": "warm events of the user; for warm targets, those before the target",
        "candidates": "cold items; 'all' and 'warm': all items; 'warm-only': warm items",
    }
    return Split(ask.protocol, (fold,), ask.facts(counts, **said))


def _chosen_items(ask: Ask, by_chance: bool, share: float) -> Numbers:
    """The cold items, in the order of their numbers."""
    rows, items = ask.dataset.interactions, len(ask.dataset.catalog)
    able = np.flatnonzero(np.bincount(rows.items[rows.positive], minlength=items) >= LEAST_EVENTS)
    size = round(share * len(able))
    if not 0 < size < items:
        raise DataError(
            f"protocol {ask.protocol!r} finds no items to hold out: {len(able)} items have {LEAST_EVENTS} positive "
            "events. Choose another share, or bring more interactions"
        )
    if by_chance:
        return np.sort(ask.rng.choice(able, size, replace=False))
    appeared = np.full(items, np.inf)
    np.minimum.at(appeared, rows.items, rows.timestamps)
    return np.sort(able[np.argsort(appeared[able], kind="stable")[-size:]])


def _part(dataset: Dataset, cold: Numbers) -> _Parted:
    """Warm items numbered first, cold ones behind; both keep their order."""
    is_cold = np.zeros(len(dataset.catalog), dtype=bool)
    is_cold[cold] = True
    order = np.argsort(is_cold, kind="stable")
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(len(order))
    rows = dataset.interactions
    hidden = is_cold[rows.items]
    rows = replace(rows, items=number[rows.items])
    warm = replace(
        dataset, interactions=rows.take(~hidden), catalog=dataset.catalog.take(order[: -len(cold)])
    )
    return _Parted(warm, dataset.catalog.take(cold), rows.take(hidden))


def _cold_fold(parted: _Parted, target_time: bool) -> tuple[Fold, Counter[str]]:
    warm = parted.warm
    later = from_positive(warm.interactions, len(warm.users), 0)
    train = warm.only(~later)
    cold, counts = questions(warm, parted.hidden, target_time)
    known, more = questions(train, warm.interactions.take(later), target_time)
    views = {
        "": _changed(cold, allowed=parted.cold_numbers),
        "all": cold,
        "warm": known,
        "warm-only": _changed(known, allowed=np.arange(len(warm.catalog), dtype=np.int64)),
    }
    fold = Fold(train, views, newcomers=parted.newcomers)
    sizes = Counter(
        cold_items=len(parted.newcomers),
        warm_items=len(warm.catalog),
        train_rows=int((~later).sum()),
        cold_rows=len(parted.hidden),
        warm_rows_held_out=int(later.sum()),
        warm_questions=len(known),
    )
    return fold, summed(counts, more, sizes, asked(fold))


def _changed(holdout: Holdout, allowed: Numbers) -> Holdout:
    return Holdout([replace(request, allowed=allowed) for request in holdout.requests], holdout.targets)
