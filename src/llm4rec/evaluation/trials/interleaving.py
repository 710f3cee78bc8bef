"""Interleaved lists judged by clicks: whose items people take when both stand in one list. Draws no lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Numbers
from llm4rec.evaluation.samples import people
from llm4rec.evaluation.trials.sequential import Look, share_look


@dataclass(frozen=True)
class Preference:
    """By how many people each list was preferred; `look` is the share that prefers the second, valid at every look."""

    first: int
    second: int
    ties: int
    look: Look

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        counts = {name: getattr(self, name) for name in ("first", "second", "ties")}
        return {**counts, **self.look.as_json()}


def preferred(teams: Numbers, clicked: NDArray[np.bool_], users: Numbers) -> Preference:
    """Credit from clicks on interleaved lists; teams and clicks (lists, places), users (lists,), -1 for unknown.

    A click speaks for the list its item plays for (`core.experiment.team_draft`); a person prefers the list with more
    clicks over all that they were shown, and counts once. Whoever ties says nothing.
    """
    who = people(users)
    size = int(who.max(initial=-1)) + 1
    lead = ((teams == 1) & clicked).sum(axis=1) - ((teams == 0) & clicked).sum(axis=1)
    total = np.bincount(who, weights=lead, minlength=size)
    first, second = int((total < 0).sum()), int((total > 0).sum())
    return Preference(first, second, size - first - second, share_look(second, first))
