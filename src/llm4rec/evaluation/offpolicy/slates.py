"""What was shown, what came of it, and the chances with which policies show it. Knows no store and no engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import DataError, Numbers, SettingsError, Times, suggest
from llm4rec.core.plackett import following_chances, place_chances, taken

Form = Literal["position", "cascade", "slate"]
FORMS: dict[Form, str] = {
    "position": "what comes of a place depends on its item alone",
    "cascade": "what comes of a place depends on it and on the places before",
    "slate": "what comes of a place depends on the whole slate",
}
"""What the reward of a place depends on; the less it does, the surer the estimate, and wrong where it is not so."""


@dataclass(frozen=True, eq=False)
class Slates:
    """Answers that went out, a row each: what came of every place, (slates, places), and whose they were (-1: unknown).

    `filled` says which places held an item. `columns` (slates, places) say which of the candidates stood there; the
    candidates themselves are `items` (slates, candidates), -1 padded, with `features` (slates, candidates, width), which
    only estimates with a reward model need.
    """

    rewards: Times
    filled: NDArray[np.bool_]
    users: Numbers
    columns: Numbers | None = None
    items: Numbers | None = None
    features: Times | None = None

    def __post_init__(self) -> None:
        if self.rewards.shape != self.filled.shape or len(self.users) != len(self.rewards):
            raise DataError(
                f"rewards {self.rewards.shape}, filled {self.filled.shape} and users {self.users.shape} do not match"
            )
        if not np.isfinite(self.rewards[self.filled]).all():
            raise DataError("a reward is missing or infinite; write 0 where nothing came of a place")

    def __len__(self) -> int:
        return len(self.rewards)

    @property
    def places(self) -> int:
        """Places a slate."""
        return int(self.rewards.shape[1])

    def first(self, places: int) -> Slates:
        """The first so many places of each slate."""
        columns = None if self.columns is None else self.columns[:, :places]
        return Slates(
            self.rewards[:, :places], self.filled[:, :places], self.users, columns, self.items, self.features
        )


@dataclass(frozen=True, eq=False)
class Chances:
    """How likely a policy is to show what was shown: `shown` (slates, places), NaN where that was not logged.

    In the form "position" it is the chance that the item stands at that place at all, in the others the chance given the
    places before it. `over` (slates, places, candidates), of the same kind, tells it of every candidate: it is what
    estimates with a reward model need.
    """

    form: Form
    shown: Times
    over: Times | None = None

    def first(self, places: int) -> Chances:
        """Those of the first so many places."""
        return Chances(
            self.form, self.shown[:, :places], None if self.over is None else self.over[:, :places]
        )


def plackett_luce(logits: NDArray[np.floating], columns: Numbers, form: str) -> Chances:
    """The chances of a policy that draws by Plackett-Luce, exactly; logits (slates, candidates), -inf for no candidate."""
    checked = checked_form(form)
    if checked == "position":
        over = place_chances(logits, columns.shape[1])
    else:
        over = following_chances(logits, columns)
    return Chances(checked, taken(over, columns), over)


def checked_form(form: str) -> Form:
    """The form of that name, or SettingsError."""
    if form not in FORMS:
        raise SettingsError(f"no slate form {form!r}{suggest(form, FORMS)}; there are: {', '.join(FORMS)}")
    return form
