"""How held-out rows become questions with known answers. Chooses no rows: the protocols do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Dataset, Holdout, Interactions, Numbers, Request
from llm4rec.data.folds import TEST, TRAIN, VALID, Fold, Pairs, Parts

# With fewer positive events a user is not asked (one to fit on, one to choose by, one to ask) and an item is not held out.
LEAST_EVENTS = 3


def questions(known: Dataset, held: Interactions, target_time: bool = False) -> tuple[Holdout, Counter[str]]:
    """One request a user with a history from `known`; targets are the positive rows of `held`.

    `held` is ordered by user. An item already in the history is no target, because it would not be shown;
    a user left without targets is not asked. A question is asked in the context of its first target. The counts say how often either happened.
    """
    positive = held.take(held.positive)
    seen_before = _in_history(known.interactions, positive)
    kept = positive.take(~seen_before & _first_time(positive))
    users, starts = np.unique(kept.users, return_index=True)
    ends = np.append(starts[1:], len(kept))
    targets = [kept.items[start:end] for start, end in zip(starts, ends, strict=False)]
    times = kept.timestamps[starts].tolist() if target_time else [None] * len(users)
    requests = [
        Request(known.history(user), user=user, time=time, context=kept.context(start))
        for user, time, start in zip(users.tolist(), times, starts.tolist(), strict=True)
    ]
    counts = Counter(
        targets_already_in_history=int(seen_before.sum()),
        dropped_seen_targets=len(np.unique(positive.users)) - len(users),
    )
    return Holdout(requests, targets), counts


def _keys(rows: Interactions, width: int) -> Numbers:
    return rows.users * width + rows.items


def _in_history(known: Interactions, rows: Interactions) -> NDArray[np.bool_]:
    """Which rows name an item that their user already has in `known`."""
    width = 1 + max(int(known.items.max(initial=0)), int(rows.items.max(initial=0)))
    return np.isin(_keys(rows, width), _keys(known, width))


def _first_time(rows: Interactions) -> NDArray[np.bool_]:
    """Which rows are the first of their user and item."""
    first = np.zeros(len(rows), dtype=bool)
    first[np.unique(_keys(rows, 1 + int(rows.items.max(initial=0))), return_index=True)[1]] = True
    return first


def pairs(known: Dataset, held: Interactions, target_time: bool = False) -> Pairs | None:
    """The rows of `held` that have a value to predict, with histories from `known`; None without such rows.

    Ratings where there are any, otherwise impressions and clicks with a value (1 clicked, 0 not).
    """
    rows = held.take(_valued(held))
    if len(rows) == 0:
        return None
    by_user = {user: Request(known.history(user), user=user) for user in np.unique(rows.users).tolist()}
    requests = [by_user[user] for user in rows.users.tolist()]
    if target_time:
        requests = [replace(r, time=t) for r, t in zip(requests, rows.timestamps.tolist(), strict=True)]
    if rows.contexts is not None:
        requests = [replace(r, context=rows.context(row)) for row, r in enumerate(requests)]
    return Pairs(requests, rows.items, rows.values, _groups(rows))


def _valued(rows: Interactions) -> NDArray[np.bool_]:
    names = np.array(rows.kind_names, dtype=object)[rows.kinds]
    known = np.isfinite(rows.values)
    rated = known & (names == "rating")
    return np.asarray(rated if rated.any() else known & np.isin(names, ["impression", "click"]), dtype=bool)


def _groups(rows: Interactions) -> Numbers:
    """A number a row: the impression it answers, or its user where that is not recorded."""
    if rows.impressions is None:
        return rows.users
    shown = [
        f"user {user}" if given is None else str(given)
        for user, given in zip(rows.users.tolist(), rows.impressions.tolist(), strict=True)
    ]
    return np.unique(np.array(shown, dtype=object), return_inverse=True)[1].astype(np.int64)


def fold_of(dataset: Dataset, parts: Parts, target_time: bool = False) -> tuple[Fold, Counter[str]]:
    """The fold in which each row belongs to the part named (TRAIN, VALID or TEST), and its counts."""
    rows = dataset.interactions
    train, known = dataset.only(parts == TRAIN), dataset.only(parts != TEST)
    held = rows.take(parts == TEST)
    test, counts = questions(known, held, target_time)
    has_validation = bool((parts == VALID).any())
    fold = Fold(
        train,
        {"": test},
        questions(train, rows.take(parts == VALID), target_time)[0] if has_validation else None,
        known if has_validation else None,
        pairs=pairs(known, held, target_time),
    )
    counts["users_only_in_train"] = len(np.unique(rows.users)) - len(np.unique(held.users))
    for name, part in (("train_rows", TRAIN), ("validation_rows", VALID), ("test_rows", TEST)):
        counts[name] = int((parts == part).sum())
    return fold, summed(counts, asked(fold))


def summed(*counts: Mapping[str, int]) -> Counter[str]:
    """Counts added by name; zeros stay, because "none were dropped" is a fact too."""
    total: Counter[str] = Counter()
    for more in counts:
        total.update(more)
    return total


def asked(fold: Fold) -> Counter[str]:
    """How many questions and targets the main view has, and how many are beyond what was fitted on."""
    test = fold.tests[""]
    targets = np.concatenate([*test.targets, np.zeros(0, dtype=np.int64)])
    return Counter(
        questions=len(test),
        target_items=len(targets),
        questions_without_history=sum(len(r.history) == 0 for r in test.requests),
        targets_unknown_in_train=int((~np.isin(targets, fold.train.interactions.items)).sum()),
    )


def last_positives(rows: Interactions, users: int) -> tuple[Numbers, Numbers]:
    """Row numbers of positive events, and how many of the same user come after each: 0 for the last."""
    places = np.flatnonzero(rows.positive).astype(np.int64)
    owner = rows.users[places]
    ends = np.cumsum(np.bincount(owner, minlength=users))
    return places, ends[owner] - 1 - np.arange(len(places))


def from_positive(rows: Interactions, users: int, later: int) -> NDArray[np.bool_]:
    """Rows from the positive event on that `later` others follow, for users with three positive events.

    Negative events go with the positive event that they follow, so that no history reaches past its target.
    """
    places, after = last_positives(rows, users)
    owner = rows.users[places]
    chosen = (after == later) & (np.bincount(owner, minlength=users) >= LEAST_EVENTS)[owner]
    begin = np.full(users, len(rows), dtype=np.int64)
    begin[owner[chosen]] = places[chosen]
    return np.asarray(np.arange(len(rows)) >= begin[rows.users])
