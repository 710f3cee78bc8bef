"""Questions that an engine has not seen: what people it knows did after it was fitted. Scores nothing."""

from __future__ import annotations

import numpy as np

from llm4rec.core import DataError, Dataset, Holdout, Request


def unseen(known: Dataset, later: Dataset) -> Holdout:
    """One question a person: the history that the engine knows, and the first item of `later` that it has no event of.

    `later` may hold all events, those known included; people and items are matched by id. An event counts if it is positive,
    not older than the person's last known one, and of an item of the engine's catalog. DataError where there is none.
    """
    events = later.interactions
    rows = np.flatnonzero(events.positive)
    users = known.users.ids.found(later.users.ids.ids)
    items = known.catalog.ids.found(later.catalog.ids.ids)
    rows = rows[(users[events.users[rows]] >= 0) & (items[events.items[rows]] >= 0)]
    requests, targets, asked = [], [], set()
    for row in rows.tolist():
        user, item = int(users[events.users[row]]), int(items[events.items[row]])
        if user in asked:
            continue
        history = known.history(user)
        if not history.positive.any() or item in history.items:
            continue
        if events.timestamps[row] < history.timestamps.max():
            continue
        asked.add(user)
        requests.append(Request(history, user=user))
        targets.append(np.array([item], dtype=np.int64))
    if not requests:
        raise DataError(
            f"{later.name} holds nothing that people known to the engine did later; give events that it was not fitted on"
        )
    return Holdout(requests, targets)
