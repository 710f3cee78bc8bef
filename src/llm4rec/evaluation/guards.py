"""A guard: a figure that must not fall below (or rise above) a bound, judged so that it may be asked every minute.

Says breach, fine or too little data; what follows from a breach (such as going back to the engine before) is for others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pydantic import Field, PositiveInt

from llm4rec.core import Config, Numbers, Times
from llm4rec.core.errors import CannotSayError
from llm4rec.evaluation.ratios import Ratio, ratio
from llm4rec.evaluation.trials.sequential import Look, normal_look

State = Literal["breach", "fine", "too little data"]


class Guard(Config):
    """`metric` must be at least (or at most) `bound`; `relative`: at least this share of what it was before.

    `window` latest answers count, and at least `least` of them are needed. `alpha` is the chance of ever calling a
    breach where the figure stands on the bound.
    """

    metric: str = Field(min_length=1)
    bound: float
    side: Literal["at least", "at most"] = "at least"
    relative: bool = False
    window: PositiveInt = 5_000
    least: PositiveInt = 200
    alpha: float = Field(0.01, gt=0.0, lt=0.5)

    def verdict(
        self,
        values: Times,
        users: Numbers | None = None,
        before: Times | None = None,
        users_before: Numbers | None = None,
    ) -> Verdict:
        """Judge the figure from its values, oldest first, an answer each; users (-1: unknown) make people count once.

        `before` are values under the engine before, which a `relative` guard needs. A breach is called when even the better
        end of an always-valid interval is on the wrong side.
        """
        recent = values[-self.window :]
        who = None if users is None else users[-self.window :]
        if len(recent) < self.least:
            return Verdict("too little data", self, None, f"{len(recent)} of {self.least} answers")
        try:
            found = _mean(recent, who)
            look, bound = self._look(found, before, users_before)
        except CannotSayError as error:
            return Verdict("too little data", self, None, str(error))
        told = f"{self.metric} = {found.value:.4g}, {self.side} {bound:.4g} is asked"
        worse = look.high < 0 if self.side == "at least" else look.low > 0
        return Verdict("breach" if worse else "fine", self, look, told)

    def _look(self, found: Ratio, before: Times | None, users: Numbers | None) -> tuple[Look, float]:
        """The figure less what is asked, and what is asked."""
        bound, error = self.bound, found.error
        if self.relative:
            if before is None or len(before) < self.least:
                raise CannotSayError(
                    f"{0 if before is None else len(before)} of {self.least} answers from before"
                )
            base = _mean(before, users)
            bound, error = self.bound * base.value, float(np.hypot(error, self.bound * base.error))
        effect = max(0.1 * abs(bound), 1e-9)
        return normal_look(found.value - bound, error, effect, 1.0 - 2.0 * self.alpha), bound


@dataclass(frozen=True)
class Verdict:
    """What a guard says, and why; `look` is the figure less its bound."""

    state: State
    guard: Guard
    look: Look | None
    reason: str

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        look = None if self.look is None else self.look.as_json()
        return {"state": self.state, "metric": self.guard.metric, "look": look, "reason": self.reason}


def _mean(values: Times, users: Numbers | None) -> Ratio:
    who = np.full(len(values), -1) if users is None else users
    return ratio(np.asarray(values, dtype=np.float64), np.ones(len(values)), who)
