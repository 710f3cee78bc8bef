"""Recommendations for all known users as one table. Knows nothing of fitting or files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from llm4rec.core import KnownUsers, Numbers, Progress, Vocabulary
from llm4rec.core.request import SeenRule
from llm4rec.engine import path
from llm4rec.engine.fitted import Fitted

if TYPE_CHECKING:
    import polars as pl

PEOPLE = 20_000  # users at a time: their vectors and lists are all that is held


def table(fitted: Fitted, users: Numbers, n: int, seen: SeenRule, progress: Progress) -> pl.DataFrame:
    """Columns user, rank (from 1), item, score, fallback: the n best items of each user, users in the order given.

    `fallback` says that nothing is known of the user and what is popular is shown.
    """
    import polars as pl

    parts = []
    for start in progress(range(0, len(users), PEOPLE), "recommending", -(-len(users) // PEOPLE)):
        some = users[start : start + PEOPLE]
        found, declined, _ = path.ordered(fitted, KnownUsers(fitted.dataset, some, n, seen), exact=True)
        rows, ranks = np.nonzero(found.items >= 0)
        parts.append(
            (some[rows], ranks + 1, found.items[rows, ranks], found.scores[rows, ranks], declined[rows])
        )
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


def _names(ids: Vocabulary, numbers: Numbers) -> Any:
    """Outside ids of inside numbers."""
    import polars as pl

    kind = pl.Int64 if ids.numeric else pl.String
    return pl.Series(list(ids.ids), dtype=kind).gather(numbers.astype(np.uint32))
