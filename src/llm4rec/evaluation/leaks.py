"""Does the split give away what it asks for, and do the ids? Warnings in words; knows nothing of models."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Dataset, Holdout, Interactions, Numbers, Times, Vocabulary
from llm4rec.evaluation.places import average_ranks

if TYPE_CHECKING:
    from llm4rec.data.folds import Fold, Split

# Timestamps below this are an order (1, 2, 3 ...), not seconds since 1970; `data` has the same limit.
TELLING = 0.95
FEWEST = 10


@dataclass(frozen=True)
class Findings:
    """`warnings` put figures in doubt; `notes` are what one should know when quoting them."""

    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def find_leaks(dataset: Dataset, split: Split) -> Findings:
    """Everything suspicious about a split of `dataset`, and about the data set itself."""
    warnings, notes = _of_data(dataset), _of_time(dataset)
    for place, fold in enumerate(split.folds, 1):
        where = f"fold {place}: " if len(split.folds) > 1 else ""
        asked = [_Asked(dataset, fold, view) for view in fold.tests.values() if len(view)]
        for check in (_targets_in_history, _targets_in_train, _ties_at_the_cut):
            warnings += [where + line for line in dict.fromkeys(check(one) for one in asked) if line]
        cut = split.facts.get("test_from")
        if isinstance(cut, int | float):
            warnings += [where + line for line in _train_after(fold, float(cut))]
        elif asked:
            notes += [where + line for line in _future(asked[0])]
    return Findings(tuple(dict.fromkeys(warnings)), tuple(dict.fromkeys(notes)))


def _of_data(dataset: Dataset) -> list[str]:
    found = []
    twice = _duplicates(dataset.interactions)
    if twice:
        found.append(
            f"{twice} rows repeat another (same user, item, kind and time): the same event may stand on both"
            " sides of a cut; remove duplicates"
        )
    i = dataset.interactions
    for what, ids, numbers in (
        ("item", dataset.catalog.ids, i.items),
        ("user", dataset.users.ids, i.users),
    ):
        rho = id_order(ids, numbers, i.timestamps)
        if abs(rho) > TELLING:
            found.append(
                f"{what} ids follow the order of first appearance (Spearman {rho:+.2f}): a model that reads ids"
                " sees the future in them; shuffle the ids"
            )
    return found


def _of_time(dataset: Dataset) -> list[str]:
    if len(dataset.interactions) and not dataset.interactions.has_clock:
        return [
            "timestamps are only an order: nothing that depends on real time was measured or can be checked"
        ]
    return []


def _duplicates(rows: Interactions) -> int:
    """How many rows repeat an earlier one."""
    if len(rows) == 0:
        return 0
    order = np.lexsort((rows.kinds, rows.timestamps, rows.items, rows.users))
    same = np.ones(len(rows) - 1, dtype=bool)
    for column in (rows.users, rows.items, rows.timestamps, rows.kinds):
        same &= np.diff(column[order]) == 0
    return int(same.sum())


def id_order(ids: Vocabulary, numbers: Numbers, times: Times) -> float:
    """Spearman correlation of numeric ids with the time at which each first appears; 0 where there is no order."""
    names = ids.ids
    if not ids.numeric and not all(str(name).isdigit() for name in names):
        return 0.0
    first = np.full(len(names), np.inf)
    np.minimum.at(first, numbers, times)
    there = np.isfinite(first)
    # One moment for most of them is no order; a handful is chance.
    if there.sum() < FEWEST or len(np.unique(first[there])) < there.sum() / 2:
        return 0.0
    values = np.array([float(name) for name in names])[there]
    return float(np.corrcoef(average_ranks(values), average_ranks(first[there]))[0, 1])


class _Asked:
    """The questions of one view in the numbers of the whole data set, one row a target."""

    def __init__(self, dataset: Dataset, fold: Fold, holdout: Holdout) -> None:
        self.dataset, self.fold, self.holdout = dataset, fold, holdout
        sizes = [len(t) for t in holdout.targets]
        self.question = np.repeat(np.arange(len(holdout)), sizes)
        self.target = np.concatenate([*holdout.targets, np.zeros(0, dtype=np.int64)]).astype(np.int64)
        self.user = np.array([r.user for r in holdout.requests], dtype=np.int64)[self.question]

    def __len__(self) -> int:
        return len(self.target)

    @cached_property
    def repeats(self) -> NDArray[np.bool_]:
        """Which targets may be taken again, because their request does not rule out the history."""
        return np.array([r.seen == "include" for r in self.holdout.requests], dtype=bool)[self.question]

    @cached_property
    def times(self) -> Times:
        """When each target was really taken, by the whole data set; NaN where that cannot be told.

        The earliest positive event of its user and item is meant, or where things are taken again, the
        earliest that is not older than the history.
        """
        numbers = _renumbered(self.fold, self.dataset)[self.target]
        rows = self.dataset.interactions
        rows = rows.take(rows.positive)
        width = len(self.dataset.catalog)
        keys = rows.users * width + rows.items
        order = np.lexsort((rows.timestamps, keys))
        keys, moments = keys[order], rows.timestamps[order]
        wanted = np.where((self.user >= 0) & (numbers >= 0), self.user * width + numbers, -1)
        begin, end = np.searchsorted(keys, wanted), np.searchsorted(keys, wanted, side="right")
        for place in np.flatnonzero(self.repeats):
            last = self.last[self.question[place]]
            begin[place] += np.count_nonzero(moments[begin[place] : end[place]] < last)
        known = begin < end
        result = np.full(len(self), np.nan)
        result[known] = moments[begin[known]]
        return result

    @cached_property
    def last(self) -> Times:
        """Time of the last event of each question's history; NaN without one. (questions,)"""
        ends = [r.history.timestamps.max(initial=-np.inf) for r in self.holdout.requests]
        found = np.array(ends, dtype=np.float64)
        return np.where(np.isfinite(found), found, np.nan)


def _renumbered(fold: Fold, dataset: Dataset) -> Numbers:
    """The data set's number of each item of the fold, newcomers behind; -1 where it has none."""
    ids = fold.train.catalog.ids.ids + (fold.newcomers.ids.ids if fold.newcomers is not None else ())
    if ids == dataset.catalog.ids.ids:
        return np.arange(len(ids), dtype=np.int64)
    return dataset.catalog.ids.found(ids)


def _targets_in_history(asked: _Asked) -> str:
    seen = [
        r.seen == "exclude" and bool(np.isin(t, r.history.items).any())
        for r, t in zip(asked.holdout.requests, asked.holdout.targets, strict=True)
    ]
    many = sum(seen)
    return f"{many} of {len(seen)} questions ask for an item that is in their history" if many else ""


def _targets_in_train(asked: _Asked) -> str:
    """Targets that the same user has in the training data, at the same time where the time is known."""
    rows = asked.fold.train.interactions
    width = max(len(asked.fold.train.catalog), int(asked.target.max(initial=0)) + 1)
    keys = rows.users * width + rows.items
    wanted = asked.user * width + asked.target
    found = np.isin(wanted, keys) & (asked.user >= 0)
    if (found & asked.repeats).any():
        # Where things are taken repeatedly, only the very event is a leak.
        events = set(zip(keys.tolist(), rows.timestamps.tolist(), strict=True))
        moments = zip(wanted.tolist(), asked.times.tolist(), strict=True)
        same = np.array([moment in events for moment in moments], dtype=bool)
        found &= ~asked.repeats | same
    many = int(found.sum())
    return f"{many} of {len(found)} test interactions are in the training data" if many else ""


def _ties_at_the_cut(asked: _Asked) -> str:
    tied: NDArray[np.bool_] = asked.times == asked.last[asked.question]
    many = len(np.unique(asked.question[tied]))
    if not many:
        return ""
    return (
        f"{many} of {len(asked.holdout)} questions have a target at the very time of the last event of their"
        " history: the order of the file decided which is which; compare only under the same list of targets"
    )


def _train_after(fold: Fold, cut: float) -> list[str]:
    many = int((fold.train.interactions.timestamps >= cut).sum())
    return (
        [f"{many} training rows are not older than the test, which claims a cut for all users"]
        if many
        else []
    )


def _future(asked: _Asked) -> list[str]:
    """How many questions were answered before the newest training event of somebody else."""
    train = asked.fold.train.interactions
    if not train.has_clock:
        return []
    early = len(np.unique(asked.question[asked.times < train.timestamps.max()]))
    if not early:
        return []
    return [
        f"{early} of {len(asked.holdout)} questions are older than the newest training event: this protocol looks"
        " into the future of other users; 'temporal' does not"
    ]
