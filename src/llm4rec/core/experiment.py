"""Experiments: who gets which variant, always the same one, and two lists drawn into one. Knows no engine and no store."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from llm4rec.core.arrays import Numbers
from llm4rec.core.errors import SettingsError
from llm4rec.core.vocabulary import Id

HOLDOUT = "holdout"
NOTE = "experiment "
"""What the notes of a store on experiments begin with; the name follows."""
NOBODY = -1


@dataclass(frozen=True)
class Experiment:
    """Variants by name with their weights; `holdout` is the share of people who stay out of it.

    `salt` draws anew who gets what: change it to repeat an experiment, never during one. Growing `holdout` moves people
    out and nobody across; so does shrinking it, for who came last.
    """

    name: str
    variants: Mapping[str, float] = field(default_factory=lambda: {"control": 1.0, "treatment": 1.0})
    holdout: float = 0.0
    salt: str = ""

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise SettingsError("an experiment needs a name")
        if HOLDOUT in self.variants or len(self.variants) < 2:
            raise SettingsError(f"experiment {self.name!r}: two variants or more, none called {HOLDOUT!r}")
        for variant, weight in self.variants.items():
            if not (math.isfinite(weight) and weight > 0):
                raise SettingsError(
                    f"experiment {self.name!r}: weight {weight!r} of {variant!r} is not above 0"
                )
        if not 0.0 <= self.holdout < 1.0:
            raise SettingsError(f"experiment {self.name!r}: holdout = {self.holdout!r} is not in [0, 1)")

    @property
    def shares(self) -> dict[str, float]:
        """The share of people each variant gets, the holdout first if there is one."""
        total = sum(self.variants.values())
        left = {name: (1.0 - self.holdout) * weight / total for name, weight in self.variants.items()}
        return {HOLDOUT: self.holdout, **left} if self.holdout else left

    def variant(self, user: Id, tenant: str = "") -> str:
        """The variant of a person, or "holdout"; the same on every machine, whoever else takes part.

        Two hashes (BLAKE2b) of tenant, experiment, salt and user: one for the holdout, one for the variant, so that
        experiments do not lean on each other.
        """
        if self._draw("holdout", user, tenant) < self.holdout:
            return HOLDOUT
        place = self._draw("variant", user, tenant) * sum(self.variants.values())
        for name, weight in self.variants.items():
            place -= weight
            if place < 0:
                return name
        return list(self.variants)[-1]

    def _draw(self, what: str, user: Id, tenant: str) -> float:
        """A number in [0, 1) that looks drawn. Parts are told apart by their lengths, so that none can slip into another."""
        parts = (what, tenant, self.name, self.salt, str(user))
        told = "".join(f"{len(part)}:{part}" for part in parts).encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.blake2b(told, digest_size=7).digest(), "big") / 2.0**56


def team_draft(
    first: Sequence[int] | Numbers, second: Sequence[int] | Numbers, n: int, rng: np.random.Generator
) -> tuple[Numbers, Numbers]:
    """One list of two, and which of them (0 or 1) each item plays for, as captains choose teams (Radlinski et al. 2008).

    Both choose their best item that is left, in rounds; who begins a round is drawn. Items on which both agree at the
    top of the lists play for nobody (`NOBODY`), because a click on them says nothing, and neither does one on what is left
    of one list when the other is used up.
    """
    lists = [[int(i) for i in dict.fromkeys(np.asarray(one).tolist()) if i >= 0] for one in (first, second)]
    agreed = 0
    while agreed < min(n, *map(len, lists)) and lists[0][agreed] == lists[1][agreed]:
        agreed += 1
    items, teams = lists[0][:agreed], [NOBODY] * agreed
    taken = set(items)
    while len(items) < n:
        order = (0, 1) if rng.random() < 0.5 else (1, 0)
        left = [[item for item in one if item not in taken] for one in lists]
        if not left[0] and not left[1]:
            break
        alone = not (left[0] and left[1])
        for team in order:
            best = next((item for item in left[team] if item not in taken), None)
            if best is not None and len(items) < n:
                items.append(best)
                teams.append(NOBODY if alone else team)
                taken.add(best)
    return np.array(items, dtype=np.int64), np.array(teams, dtype=np.int64)
