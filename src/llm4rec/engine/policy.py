"""What may be shown to whom: settings of safety, and who asks. Judges no text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import Field, NonNegativeInt, PositiveInt

from llm4rec.core import Config, Dataset
from llm4rec.core.harm import HARMS, Harm

TOLD = ("age", "region")
"""Names in the context of a request, and columns of users, that say who asks."""


class SafetySettings(Config):
    """What is done about attacks in texts and about harmful content."""

    texts: bool = Field(
        True,
        description="orders to a language model, hidden characters and stuffed words are taken out of item texts",
    )
    harm: bool = Field(
        True, description="items are judged by their texts, and what a language model writes is checked"
    )
    never: tuple[Harm, ...] = Field(("minors", "self-harm", "hate"), description="shown to nobody")
    adult: tuple[Harm, ...] = Field(
        ("sexual", "violence", "drugs", "weapons", "gambling"),
        description="shown to whom is said to be of `age`",
    )
    age: NonNegativeInt = Field(18, description="years from which one is shown what is for adults")
    regions: dict[str, tuple[Harm, ...]] = Field(
        {}, description="what is shown to nobody in a region, such as {DE = ['gambling']}; '': no region told"
    )
    examples: str = Field(
        "",
        description="a file of texts with a category each (columns text, category) that teach a classifier",
    )
    review_at: PositiveInt = Field(
        3, description="an item that so many users have reported is hidden until it is reviewed"
    )
    reports: str = Field(
        "", description="a file to which reports are written; empty: they are saved with the engine"
    )

    def blocked(self, who: Audience) -> tuple[Harm, ...]:
        """The categories that somebody may not be shown."""
        young = who.age is None or who.age < self.age
        local = self.regions.get(who.region, ())
        return tuple(
            name for name in HARMS if name in self.never or name in local or (young and name in self.adult)
        )


@dataclass(frozen=True)
class Audience:
    """Who asks: years, None where they are not told, and region, empty where it is not."""

    age: float | None = None
    region: str = ""

    @classmethod
    def of(cls, context: Mapping[str, object], dataset: Dataset, user: int = -1) -> Audience:
        """From the context of a request, else from the columns `age` and `region` of a known user."""
        told: dict[str, Any] = {name: context.get(name, _known(dataset, user, name)) for name in TOLD}
        return cls(_years(told["age"]), "" if told["region"] is None else str(told["region"]))


def _known(dataset: Dataset, user: int, name: str) -> object:
    column = dataset.users.columns.get(name)
    return None if column is None or user < 0 else column.values[user]


def _years(value: object) -> float | None:
    """A number, or the first one of a group such as "25-34"; None where it says nothing of a lower limit."""
    if isinstance(value, str):
        found = re.match(r"\s*(\d{1,3})(?!\d)(?!\s*(?:or|and) (?:younger|under))", value)
        return float(found.group(1)) if found else None
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return None
    return float(value) if np.isfinite(value) and value >= 0 else None
