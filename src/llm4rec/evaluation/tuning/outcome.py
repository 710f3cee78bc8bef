"""What came of one trial, as one line of JSON. Knows nothing of searching."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self


@dataclass(frozen=True)
class Outcome:
    """One trial: its number, the values tried, what the metric was, or why there is none.

    `seconds` it took; `at`: seconds of searching until it was done, earlier runs included. `overruled`: values
    searched that the model replaced by its own choice.
    """

    number: int
    values: Mapping[str, Any]
    metric: float | None
    error: str = ""
    seconds: float = 0.0
    at: float = 0.0
    overruled: Mapping[str, Any] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether there is no figure."""
        return self.metric is None

    def line(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, allow_nan=False)

    @classmethod
    def read(cls, line: str) -> Self:
        """What `line` wrote; ValueError, KeyError or TypeError where it is something else."""
        return cls(**json.loads(line))
