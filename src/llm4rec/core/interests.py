"""What somebody likes, as far as their own events show it, and what its owner changes of that. Computes nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from llm4rec.core.arrays import Floats
from llm4rec.core.config import Config
from llm4rec.core.errors import DataError
from llm4rec.core.vocabulary import Id

Wish = Annotated[float, Field(ge=-1.0, le=1.0)]
Name = Annotated[str, Field(max_length=500)]
Wishes = Annotated[dict[Name, Wish], Field(max_length=200)]


@dataclass(frozen=True)
class Proof:
    """One event that an interest rests on: its item, what was done, how much it says, and its row of the interactions
    (-1 for a bare history)."""

    item: Id
    title: str
    kind: str
    weight: float
    row: int = -1

    def as_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "item": self.item,
            "title": self.title,
            "kind": self.kind,
            "weight": self.weight,
            "row": self.row,
        }


@dataclass(frozen=True)
class Liking:
    """One topic or keyword: its share of all that is known (below zero: disliked), how sure that is (0 to 1), and the
    events that prove it, weightiest first. `edited`: its owner said so."""

    kind: Literal["topic", "keyword"]
    name: str
    weight: float
    sure: float
    proof: tuple[Proof, ...] = ()
    edited: bool = False

    def as_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "kind": self.kind,
            "name": self.name,
            "weight": self.weight,
            "sure": self.sure,
            "edited": self.edited,
            "proof": [p.as_json() for p in self.proof],
        }


@dataclass(frozen=True, eq=False)
class Profile:
    """What somebody likes and dislikes, strongest first; `sure` is how much there is to go by, from 0 to 1.

    `vector` is sum_i w_i LM(x_i) over the events, of length one (empty where nothing is read); `text` says it in words.
    """

    topics: tuple[Liking, ...] = ()
    keywords: tuple[Liking, ...] = ()
    disliked: tuple[Liking, ...] = ()
    sure: float = 0.0
    events: int = 0
    text: str = ""
    language: str = "en"
    vector: Floats | None = None

    def as_json(self) -> dict[str, Any]:
        """As plain values, without the vector."""
        return {
            "text": self.text,
            "language": self.language,
            "events": self.events,
            "sure": self.sure,
            "topics": [entry.as_json() for entry in self.topics],
            "keywords": [entry.as_json() for entry in self.keywords],
            "disliked": [entry.as_json() for entry in self.disliked],
        }


class ProfileEdits(Config):
    """What the owner of a profile says about it. Goes before what events show.

    `topics` and `keywords` by name: from 1 (more of it) to -1 (less of it). `removed`: names of topics and keywords whose
    events no longer count. `erased`: nothing of the past counts. At most 200 names of each, of 500 characters.
    """

    topics: Wishes = Field({})
    keywords: Wishes = Field({})
    removed: Annotated[tuple[Name, ...], Field(max_length=200)] = ()
    erased: bool = False

    @property
    def empty(self) -> bool:
        """Whether nothing is said."""
        return not (self.topics or self.keywords or self.removed or self.erased)

    def as_json(self) -> dict[str, Any]:
        """What is said, as plain values."""
        return self.model_dump(mode="json", exclude_defaults=True)

    @classmethod
    def read(cls, file: Path) -> Self:
        """Edits of a JSON file; DataError or SettingsError where it holds something else."""
        try:
            told = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise DataError(f"{file} is not JSON: {error}") from None
        if not isinstance(told, dict):
            raise DataError(
                f"{file} holds {type(told).__name__}, not an object with topics, keywords, removed, erased"
            )
        return cls.of(told, str(file))


UNEDITED = ProfileEdits()
"""Edits that say nothing."""
