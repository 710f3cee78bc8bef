"""Recommendations for all known users as one table. Knows nothing of fitting or files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from llm4rec.core import Floats, KnownUsers, Numbers, Progress, Vocabulary
from llm4rec.engine import path
from llm4rec.engine.fitted import Fitted

if TYPE_CHECKING:
    import polars as pl

Hidden: TypeAlias = Callable[[Numbers], list[tuple[Numbers, Numbers | None]]]
PEOPLE = 20_000  # users at a time: their vectors and lists are all that is held


def table(fitted: Fitted, asked: KnownUsers, hidden: Hidden, progress: Progress) -> pl.DataFrame:
    """Columns user, rank (from 1), item, score, fallback: the n best items of each user, users in the order given.

    `hidden` parts users, (users,), into groups: their places, and the items that they are not shown.

    `fallback` says that nothing is known of the user and what is popular is shown.
    """
    import polars as pl

    parts = []
    for start in progress(range(0, len(asked), PEOPLE), "recommending", -(-len(asked) // PEOPLE)):
        some = asked[start : start + PEOPLE]
        items, scores, declined = _lists(fitted, some, hidden)
        rows, ranks = np.nonzero(items >= 0)
        parts.append((some.users[rows], ranks + 1, items[rows, ranks], scores[rows, ranks], declined[rows]))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)] or [np.zeros(0, np.int64)] * 5
    return pl.DataFrame(
        {
            "user": _names(fitted.dataset.users.ids, columns[0]),
            "rank": pl.Series(columns[1], dtype=pl.Int32),
            "item": _names(fitted.catalog.ids, columns[2]),
            "score": pl.Series(columns[3], dtype=pl.Float32),
            "fallback": pl.Series(columns[4], dtype=pl.Boolean),
        }
    )


def _lists(fitted: Fitted, asked: KnownUsers, hidden: Hidden) -> tuple[Numbers, Floats, np.ndarray]:
    """Items and scores (users, n), and which users were declined, group by group."""
    items = np.full((len(asked), min(asked.n, len(fitted.catalog))), -1, dtype=np.int64)
    scores = np.zeros(items.shape, dtype=np.float32)
    declined = np.zeros(len(asked), dtype=bool)
    for places, excluded in hidden(asked.users):
        some = replace(asked, users=asked.users[places], excluded=excluded)
        found, declined[places], _ = path.ordered(fitted, some, exact=True)
        items[places], scores[places] = found.items, found.scores
    return items, scores, declined


def _names(ids: Vocabulary, numbers: Numbers) -> Any:
    """Outside ids of inside numbers."""
    import polars as pl

    kind = pl.Int64 if ids.numeric else pl.String
    return pl.Series(list(ids.ids), dtype=kind).gather(numbers.astype(np.uint32))
