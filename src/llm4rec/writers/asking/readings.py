"""How a request was understood: pieces, each with the words it came from. Knows neither grammar nor catalog.

A reading goes to JSON and back without loss (`model_dump_json`, `model_validate_json`), and pieces can be taken out.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field

from llm4rec.core import Config, Id

Pair: TypeAlias = tuple[str, str]


class _Piece(Config):
    """`start` and `end` are where its words stand in the text of the reading; both 0 where they stand nowhere."""

    start: int = Field(0, ge=0)
    end: int = Field(0, ge=0)


class Values(_Piece):
    """An item must have one of `pairs` (column, value), or, where not `wanted`, none of them. Hard.

    `both` narrows what is meant: an item must also have one of each of these. "No French novels" bars what is French
    and a novel. `sure`: where a conversation keeps items of which the value is not known, this piece does not.
    """

    kind: Literal["values"] = "values"
    pairs: tuple[Pair, ...]
    both: tuple[tuple[Pair, ...], ...] = ()
    wanted: bool = True
    sure: bool = False


class Range(_Piece):
    """A number of an item lies from `low` to `high`; a bound that is `open` does not belong to it. Hard.

    A column of times is compared by its years. `unwanted` turns it round: the number must not lie there.
    `sure` as in Values.
    """

    kind: Literal["range"] = "range"
    column: str
    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False
    unwanted: bool = False
    sure: bool = False


class Items(_Piece):
    """Items that were named: `liked`, disliked, or just not wanted in the answer (`banned`, hard).

    Items that were named are never in the answer themselves: who names them knows them.
    """

    kind: Literal["items"] = "items"
    items: tuple[Id, ...]
    titles: tuple[str, ...] = ()
    role: Literal["liked", "disliked", "banned"] = "liked"


class Lean(_Piece):
    """Rather much (`more`) or rather little of a number. Soft."""

    kind: Literal["lean"] = "lean"
    column: str
    more: bool


class Soft(_Piece):
    """Words for the encoder and the search for words: wished for, or rather not. Soft."""

    kind: Literal["soft"] = "soft"
    text: str
    wanted: bool = True


Piece: TypeAlias = Annotated[Values | Range | Items | Lean | Soft, Field(discriminator="kind")]


class Understood(Config):
    """One request as it was understood: its clean text, language, pieces, and notes for the person who asked."""

    text: str = ""
    language: str = "en"
    pieces: tuple[Piece, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def hard(self) -> tuple[Values | Range, ...]:
        """What an item must fulfil."""
        return tuple(p for p in self.pieces if isinstance(p, Values | Range))

    @property
    def named(self) -> tuple[Items, ...]:
        """Items that were named."""
        return tuple(p for p in self.pieces if isinstance(p, Items))

    @property
    def leans(self) -> tuple[Lean, ...]:
        """Numbers that are rather to be large or small."""
        return tuple(p for p in self.pieces if isinstance(p, Lean))

    def wish(self, wanted: bool = True) -> str:
        """The soft words, wished for or not, as one text."""
        return ", ".join(p.text for p in self.pieces if isinstance(p, Soft) and p.wanted is wanted)

    def without(self, *places: int) -> Self:
        """The reading without the pieces at these places: what a person took away."""
        gone = {place % len(self.pieces) for place in places} if self.pieces else set()
        return self.model_copy(
            update={"pieces": tuple(p for i, p in enumerate(self.pieces) if i not in gone)}
        )

    def replaced(self, place: int, by: Understood) -> Self:
        """The reading with the pieces of another one where a piece stood, and what that one has to say."""
        told = tuple(piece.model_copy(update={"start": 0, "end": 0}) for piece in by.pieces)
        pieces = (*self.pieces[:place], *told, *self.pieces[place + 1 :])
        return self.model_copy(update={"pieces": pieces}).with_notes(*by.notes)

    def with_notes(self, *notes: str) -> Self:
        """The reading with more to say."""
        return self.model_copy(update={"notes": (*self.notes, *(n for n in notes if n not in self.notes))})

    def words(self, piece: Piece) -> str:
        """The words that a piece came from."""
        return self.text[piece.start : piece.end]

    def __str__(self) -> str:
        """A readable account, in the language of the request where that is English or Chinese."""
        from llm4rec.writers.asking.told import account

        return account(self)
