"""What a conversation may ask of an engine. Nothing here computes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from llm4rec.core import Catalog, Explanation, Id, Recommendations
from llm4rec.writers.asking.lenient import Lenient
from llm4rec.writers.asking.lexicon import Lexicon
from llm4rec.writers.asking.readings import Understood
from llm4rec.writers.chat.dialogue import State
from llm4rec.writers.remarks.steps import Remarks


@dataclass(frozen=True)
class Ranked:
    """Items for what is remembered, best first, more than are shown; and the reading that they fulfil.

    `reading` is what was asked for, opened where no item fulfilled it: its notes say how.
    """

    reading: Understood
    answer: Recommendations


@dataclass(frozen=True)
class Told:
    """An answer to a question of customers, as its owner wrote it."""

    question: str
    answer: str
    near: float


class World(Protocol):
    """An engine as one conversation sees it: the catalog's words, its order, its reasons."""

    @property
    def catalog(self) -> Catalog: ...
    @property
    def lexicon(self) -> Lexicon: ...
    @property
    def shelf(self) -> Lenient: ...
    @property
    def newcomer(self) -> bool:
        """Whether nothing is known of who speaks."""
        ...

    def read(self, text: str) -> tuple[Understood, tuple[str, ...]]:
        """A text as constraints and wishes, and what went wrong in reading it."""
        ...

    def remarked(self, text: str, shown: Sequence[Id], about: Sequence[Id]) -> Remarks:
        """A text as a remark about the list that is shown; `about` are the items spoken of last."""
        ...

    def ranked(self, state: State, n: int) -> Ranked:
        """The best items for what is remembered; those passed over are left out while there are others."""
        ...

    def explained(self, items: Sequence[Id], liked: Sequence[Id], language: str) -> tuple[Explanation, ...]:
        """Why items are what they are for who speaks, who likes these."""
        ...

    def splitting(self, n: int) -> Sequence[int]:
        """Numbers of n items that many know and that tell tastes apart."""
        ...

    def knows(self, text: str) -> bool:
        """Whether any word of a text stands in the catalog."""
        ...

    def told(self, question: str) -> Told | None:
        """The prepared answer to a question of customers; None where none is near enough."""
        ...
