"""Quality while it is served: did what people took next stand in the list before them, and at which place.

Predict, then look (Gama et al. 2013). What was shown is more likely to be taken, so that this judges the loop as a whole
and not the order alone.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from llm4rec.core import NEGATIVE_KINDS, Numbers, Times
from llm4rec.evaluation.logs import Log

HORIZON = 24 * 3_600.0  # seconds for which a list counts as the one that was looked at


@dataclass(frozen=True, eq=False)
class Answered:
    """Things that people took, (events,): when, who, the worth 1 / log2(1 + place) of the place where it stood, else 0."""

    times: Times
    users: Numbers
    worth: Times


def answered(log: Log, feedback: Sequence[Mapping[str, Any]]) -> Answered:
    """Every positive event whose user was shown a list in the day before, judged by the last of these lists.

    The same item taken again behind the same list (a click, then a purchase) counts once.
    """
    times: dict[str, list[float]] = {}
    rows: dict[str, list[int]] = {}
    for at, row in enumerate(log.impressions):
        if row.get("user") is not None:
            times.setdefault(str(row["user"]), []).append(float(row["time"]))
            rows.setdefault(str(row["user"]), []).append(at)
    found: list[tuple[float, int, float]] = []
    known: set[tuple[int, str]] = set()
    for event in feedback:
        user, item, moment = str(event["user"]), str(event["item"]), float(event["time"])
        if event["kind"] in NEGATIVE_KINDS or event.get("value") == 0 or user not in times:
            continue
        place = bisect_left(times[user], moment) - 1
        if place < 0 or moment - times[user][place] > HORIZON:
            continue
        at = rows[user][place]
        if (at, item) not in known:
            known.add((at, item))
            found.append((moment, int(log.users[at]), _worth(log.impressions[at]["slots"], item)))
    table = np.array(found, dtype=np.float64).reshape(len(found), 3)
    return Answered(table[:, 0], table[:, 1].astype(np.int64), table[:, 2])


def _worth(slots: Sequence[Sequence[Any]], item: str) -> float:
    place = next((at for at, slot in enumerate(slots, 1) if str(slot[0]) == item), 0)
    return 1.0 / float(np.log2(1 + place)) if place else 0.0
