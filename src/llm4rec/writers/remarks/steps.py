"""What remarks were understood to mean: typed steps, each with an id. Knows neither grammar nor catalog.

Remarks go to JSON and back without loss (`model_dump_json`, `model_validate_json`), and steps can be taken back.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field

from llm4rec.core import Config, DataError, Id, SettingsError
from llm4rec.writers.asking.readings import Pair, Range, Values

What = Literal["liked", "disliked", "known", "passed"]


class _Step(Config):
    """`id` is never given twice; `said` is the remark it came from (its place among `Remarks.said`), and `start` and
    `end` are where its words stand in it; both 0 where they stand nowhere."""

    id: int = Field(0, ge=0)
    said: int = Field(0, ge=0)
    start: int = Field(0, ge=0)
    end: int = Field(0, ge=0)


class Event(_Step):
    """Something is told of items: liked, disliked, already known, or passed (not now; says nothing of taste).

    None of them is shown again. `value` is what was given to them in stars, from 0 (the fewest) to 1 (the most).
    """

    kind: Literal["event"] = "event"
    what: What
    items: tuple[Id, ...]
    titles: tuple[str, ...] = ()
    value: float | None = Field(None, ge=0.0, le=1.0)


class Must(_Step):
    """What every item shown must fulfil: values it has or has not, or a range of a number. Hard."""

    kind: Literal["must"] = "must"
    piece: Annotated[Values | Range, Field(discriminator="kind")]


class Wish(_Step):
    """More of something, or less. Soft.

    What it is: words (`text`), of which `pairs` are the values of the catalog that carry it (`core` those that do
    so most) and `against` those that speak against it; a number (`column`); or likeness to `items`. `strong`: as far as that can be, "nothing violent".
    """

    kind: Literal["wish"] = "wish"
    more: bool = True
    strong: bool = False
    text: str = ""
    pairs: tuple[Pair, ...] = ()
    against: tuple[Pair, ...] = ()
    core: tuple[Pair, ...] = ()
    column: str = ""
    items: tuple[Id, ...] = ()
    titles: tuple[str, ...] = ()


Step: TypeAlias = Annotated[Event | Must | Wish, Field(discriminator="kind")]


class Said(Config):
    """One remark: its clean text, its language, and notes for the person who made it."""

    text: str = ""
    language: str = "en"
    notes: tuple[str, ...] = ()


class Remarks(Config):
    """All remarks so far and the steps that still count. `about` are the items spoken of last; `given` ids were dealt."""

    said: tuple[Said, ...] = ()
    steps: tuple[Step, ...] = ()
    about: tuple[Id, ...] = ()
    given: int = Field(0, ge=0)

    @property
    def events(self) -> tuple[Event, ...]:
        """What was told of items, in the order of telling."""
        return tuple(s for s in self.steps if isinstance(s, Event))

    @property
    def musts(self) -> tuple[Must, ...]:
        """What every item must fulfil."""
        return tuple(s for s in self.steps if isinstance(s, Must))

    @property
    def wishes(self) -> tuple[Wish, ...]:
        """What there should be more or less of."""
        return tuple(s for s in self.steps if isinstance(s, Wish))

    @property
    def latest(self) -> tuple[Step, ...]:
        """The steps of the last remark."""
        return tuple(s for s in self.steps if s.said == len(self.said) - 1)

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to say about the last remark."""
        return self.said[-1].notes if self.said else ()

    @property
    def language(self) -> str:
        """The language of the last remark."""
        return self.said[-1].language if self.said else "en"

    def without(self, *ids: int) -> Self:
        """The remarks without the steps of these ids: what a person took back. SettingsError for an id there is not."""
        known = {step.id for step in self.steps}
        for one in ids:
            if one not in known:
                there = ", ".join(map(str, sorted(known))) or "none"
                raise SettingsError(f"no step {one} to take back; there are: {there}")
        return self.model_copy(update={"steps": tuple(s for s in self.steps if s.id not in ids)})

    def words(self, step: Step) -> str:
        """The words that a step came from."""
        return self.said[step.said].text[step.start : step.end]

    def __str__(self) -> str:
        """A readable account of all steps, and of the notes of the last remark, in its language."""
        from llm4rec.writers.remarks.told import account

        return account(self)

    @classmethod
    def read(cls, file: Path) -> Self:
        """Remarks of a JSON file; DataError or SettingsError where it holds something else."""
        try:
            told = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise DataError(f"{file} is not JSON: {error}") from None
        if not isinstance(told, dict):
            raise DataError(f"{file} holds {type(told).__name__}, not an object with said and steps")
        found = cls.of(told, str(file))
        if any(step.said >= len(found.said) for step in found.steps):
            raise DataError(f"{file}: a step belongs to a remark that is not in it")
        return found
