"""What is known of a person, and its export and erasure, asked of the live engine. Runs in a thread; draws nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from llm4rec.apps.rest.doors import noted_of
from llm4rec.apps.rest.routes_data import subject_of
from llm4rec.core import UNEDITED, Profile, ProfileEdits

if TYPE_CHECKING:
    from llm4rec.apps.rest.keys import Who
    from llm4rec.engine.live import Live

MOST_EVENTS = 60
Change = Callable[[ProfileEdits], ProfileEdits]
"""What becomes of edits."""


@dataclass(frozen=True)
class Event:
    """One thing they did."""

    when: str
    kind: str
    value: float | None
    title: str


@dataclass(frozen=True)
class Known:
    """Their profile, what they say of it, and their latest events, newest first; `more` is how many there are where not
    all are here."""

    profile: Profile
    edits: ProfileEdits
    events: Sequence[Event]
    more: int


def known_of(live: Live, user: str, language: str) -> Known:
    """What is known of a user; of what they did all, whether it counts or not."""
    edits = live.edits(user)
    desk, (one,) = live.asked([{"user": user, "profile": UNEDITED}])
    past, titles = one.request.history, desk.serving.engine.catalog.titles
    rows = range(len(past) - 1, max(len(past) - MOST_EVENTS, 0) - 1, -1)
    events = [
        Event(
            _when(float(past.timestamps[row])),
            past.kind_names[int(past.kinds[row])],
            None if np.isnan(past.values[row]) else float(past.values[row]),
            titles[int(past.items[row])],
        )
        for row in rows
    ]
    profile = live.interests(user, edits=edits, language=language)
    return Known(profile, edits, events, len(past) if len(past) > MOST_EVENTS else 0)


def edited(live: Live, user: str, change: Change) -> None:
    """Keep the edits of a user, changed as their owner wants; whatever was said elsewhere meanwhile stays said."""
    live.upsert_edits([{"user": user, "edits": change(live.edits(user))}])


def _when(seconds: float) -> str:
    """The day of an event; "" where data have no clock."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d") if seconds > 86_400 else ""
    except (OverflowError, ValueError, OSError):
        return ""


def exported(live: Live, user: str, who: Who) -> dict[str, Any]:
    """All that is kept of them; that it was handed out is put on record."""
    found = live.export(user)
    noted_of(who, live, "user exported", subject_of(live, user))
    return found


def erased(live: Live, user: str, who: Who) -> Any:
    """The proof that they were erased, which is put on record."""
    proof = live.erase(user)
    noted_of(who, live, "user erased", proof.store.subject)
    return proof
