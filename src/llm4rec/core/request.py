"""One question to an engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from llm4rec.core.arrays import Floats, Numbers
from llm4rec.core.history import History

SeenRule = Literal["exclude", "include"]


@dataclass(frozen=True, eq=False)
class Request:
    """Who asks (a user number, or -1 and a bare history), and for what.

    `time` is the moment of asking (UTC seconds), or None where it is unknown: a model that uses it is
    time-aware and says so. `context` are the circumstances of asking by the names of the data's context columns
    ({"device": "phone"}); what a model does not know counts as not told. `allowed` limits the answer to these item
    numbers; `excluded` are never shown; `seen` says whether items of the history may come back. `tilt` (items,) is
    what the asker wants more or less of: the engine adds it to the scores, 1 being the way from their mean to the
    best of them. Knobs go from 0 to 1.
    """

    history: History
    user: int = -1
    query: str | None = None
    time: float | None = None
    context: Mapping[str, object] = field(default_factory=dict)
    n: int = 10
    allowed: Numbers | None = None
    excluded: Numbers | None = None
    seen: SeenRule = "exclude"
    tilt: Floats | None = None
    diversity: float = 0.0
    novelty: float = 0.0
    explore: float = 0.0
