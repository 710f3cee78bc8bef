"""What was shown: how much of the catalog, how unevenly, how much of it new; answers that fell short, and why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from llm4rec.core import Numbers
from llm4rec.evaluation.beyond import gini
from llm4rec.evaluation.logs import Log
from llm4rec.evaluation.watching.figures import Figure, figure

TOP = 0.01
REASONS = 12  # that are told apart; the rarer ones are one
OTHERS = "others"
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
NUMBERS = re.compile(r"\d[\d,.]*")


@dataclass(frozen=True)
class Spread:
    """How showings were shared out over the catalog: `shown` of `items`; `gini` 0 all alike, towards 1 all on one.

    `top_share` is what the `top` most shown items (1 % of the catalog) got of all `places`.
    """

    items: int
    shown: int
    places: int
    gini: float | None
    top: int
    top_share: float | None

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def spread(log: Log, numbers: Mapping[str, int], items: int) -> Spread:
    """Over a catalog of so many items, whose numbers are given by id; items that left it count for nothing."""
    counts = np.bincount(places_of(log, numbers)[1], minlength=items).astype(np.float64)[:items]
    total, top = counts.sum(), max(1, round(TOP * items))
    if not total:
        return Spread(items, 0, 0, None, top, None)
    share = float(np.sort(counts)[::-1][:top].sum() / total)
    even = float(gini(counts[None])[0])
    return Spread(items, int((counts > 0).sum()), int(total), even, top, share)


def places_of(log: Log, numbers: Mapping[str, int]) -> tuple[Numbers, Numbers]:
    """(impression, item number) of every place whose item is in the catalog."""
    pairs = [
        (at, numbers[str(slot[0])])
        for at, row in enumerate(log.impressions)
        for slot in row["slots"]
        if str(slot[0]) in numbers
    ]
    both = np.array(pairs, dtype=np.int64).reshape(len(pairs), 2)
    return both[:, 0], both[:, 1]


def cold_share(log: Log, numbers: Mapping[str, int], cold: Any) -> Figure:
    """The share of shown places that went to cold items; `cold` (items,) is true of those."""
    rows, items = places_of(log, numbers)
    size = len(log)
    below = np.bincount(rows, minlength=size).astype(np.float64)
    above = np.bincount(rows, weights=cold[items].astype(np.float64), minlength=size).astype(np.float64)
    return figure(above, below, log.users)


def degraded(log: Log) -> tuple[Figure, dict[str, int]]:
    """The share of answers that fell short of what was asked, and how many by reason, the most frequent first."""
    told: Sequence[Sequence[str]] = [row.get("degraded") or () for row in log.impressions]
    short = np.array([bool(one) for one in told], dtype=np.float64)
    counts = Counter(reason for one in told for reason in {reason_of(text) for text in one})
    kept = dict(counts.most_common(REASONS))
    rest = sum(counts.values()) - sum(kept.values())
    return figure(short, np.ones(len(short)), log.users), kept | ({OTHERS: rest} if rest else {})


def reason_of(text: str) -> str:
    """What went wrong without what it was about: names in quotes and numbers give way, so no id of a person is told."""
    return NUMBERS.sub("N", QUOTED.sub("…", text))[:120]
