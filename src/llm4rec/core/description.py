"""What is said of an item, with the evidence of every claim and with what was measured. Writes no words itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llm4rec.core.explanation import Evidence
from llm4rec.core.vocabulary import Id

GENERATED = "generated_description"
"""The column of a catalog that holds generated texts: read by encoders as any text, never evidence of anything."""


@dataclass(frozen=True)
class Backed:
    """One thing said, and what it rests on."""

    text: str
    evidence: tuple[Evidence, ...]

    def as_json(self) -> dict[str, Any]:
        """As plain values."""
        return {"text": self.text, "evidence": [piece.as_json() for piece in self.evidence]}


@dataclass(frozen=True)
class Description:
    """A text about one item. Each of `claims` is a sentence of it with its evidence, or what a checker made of one.

    `length` counts words, or characters of Chinese. `readability` is the Flesch reading ease of an English text (higher is
    easier), and the mean characters of a sentence of a Chinese one (lower is easier). `overlap` is the greatest share of
    shingles that it has in common with a text that was described before it, `like` whose text that is. `rephrased` says that a
    language model put the words and a checker let them pass; `degraded` that one was asked and the plain words stand
    all the same. `notes` say what could not be done as asked, and what was left out.
    """

    item: Id
    title: str
    text: str
    claims: tuple[Backed, ...] = ()
    style: str = "plain"
    language: str = "en"
    length: int = 0
    readability: float = 0.0
    overlap: float = 0.0
    like: Id | None = None
    rephrased: bool = False
    degraded: bool = False
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        told = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**told, "claims": [claim.as_json() for claim in self.claims], "notes": list(self.notes)}
