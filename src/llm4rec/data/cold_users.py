"""The protocol for people whom nobody knew while fitting. Knows neither models nor metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from llm4rec.core import DataError, Dataset, History, Holdout, Numbers, Request, is_positive
from llm4rec.data.folds import Ask, Fold, Split
from llm4rec.data.questions import asked, last_positives, summed

LENGTHS = (1, 3, 5, 10)


def cold_users(ask: Ask) -> Split:
    """Users are held out as a whole, drawn among those with two positive events; a request is a bare history.

    The target is the last positive event. Views: "" has the whole history before it, "first-k" its first and
    "latest-k" its latest k positive events (negative ones between come along). What the whole history holds is
    excluded in every view, so that all views choose among the same items.
    """
    size_of = ask.shares((0.2,))[0]
    rows, users = ask.dataset.interactions, len(ask.dataset.users)
    places, after = last_positives(rows, users)
    last = places[after == 0]
    able = last[np.bincount(rows.users[places], minlength=users)[rows.users[last]] >= 2]
    size = round(size_of * len(able))
    if not 0 < size < len(np.unique(rows.users)):
        raise DataError(
            f"protocol {ask.protocol!r} finds no users to hold out: {len(able)} users have two positive events. "
            "Choose another share, or bring more interactions"
        )
    drawn = np.sort(ask.rng.choice(able, size, replace=False))
    train = ask.dataset.only(~np.isin(rows.users, rows.users[drawn]))
    fold, counts = _strangers(ask, train, drawn)
    said = {
        "held_out": "users, drawn",
        "history": "the user's events before the target; the views have parts of it",
        "candidates": "all items of the catalog but those of the whole history",
    }
    return Split(ask.protocol, (fold,), ask.facts(counts, **said))


def _strangers(ask: Ask, train: Dataset, drawn: Numbers) -> tuple[Fold, Counter[str]]:
    """The views of the held-out users whose targets stand in rows `drawn`."""
    rows, offsets = ask.dataset.interactions, ask.dataset.offsets
    base, targets = [], []
    for row in drawn.tolist():
        user, item = int(rows.users[row]), rows.items[row : row + 1]
        history = ask.dataset.history(user).take(slice(0, row - int(offsets[user])))
        if item[0] not in history.items:
            time = float(rows.timestamps[row]) if ask.target_time else None
            seen = np.unique(history.items)
            base.append(Request(history, time=time, context=rows.context(row), excluded=seen))
            targets.append(item)
    views = {
        name: Holdout([replace(request, history=cut(request.history)) for request in base], targets)
        for name, cut in _cuts().items()
    }
    fold = Fold(train, views)
    dropped = len(drawn) - len(base)
    sizes = Counter(
        cold_users=len(drawn),
        train_rows=len(train.interactions),
        targets_already_in_history=dropped,
        dropped_seen_targets=dropped,
    )
    return fold, summed(sizes, asked(fold))


def _cuts() -> Mapping[str, Callable[[History], History]]:
    whole: dict[str, Callable[[History], History]] = {"": lambda history: history}
    first = {f"first-{k}": lambda history, k=k: _first(history, k) for k in LENGTHS}
    latest = {f"latest-{k}": lambda history, k=k: _latest(history, k) for k in LENGTHS}
    return whole | first | latest


def _positives(history: History) -> Numbers:
    return np.flatnonzero(is_positive(history.kinds, history.values, history.kind_names))


def _first(history: History, k: int) -> History:
    """Up to the k-th positive event."""
    places = _positives(history)
    return history if len(places) <= k else history.take(slice(0, int(places[k - 1]) + 1))


def _latest(history: History, k: int) -> History:
    """From the k-th last positive event on."""
    places = _positives(history)
    return history if len(places) <= k else history.take(slice(int(places[-k]), None))
