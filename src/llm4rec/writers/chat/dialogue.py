"""What a conversation keeps between two turns: immutable, JSON in and out. Reads no words and knows no catalog."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field

from llm4rec.core import Config, DataError, Id, SettingsError
from llm4rec.writers.asking.readings import Items, Lean, Piece, Range, Soft, Understood, Values
from llm4rec.writers.remarks.steps import Event, Wish

Kept: TypeAlias = Annotated[Values | Range | Items | Lean | Soft | Event | Wish, Field(discriminator="kind")]
"""What can be remembered: pieces of requests, and of remarks what they tell of items and wish for."""

KEPT = 20
"""So many earlier states are kept, to be returned to."""
SPOKEN = 8
"""So many of the last messages tell what a conversation is about."""
LONGEST = 300
"""So many characters of a message are kept."""
MOST_PASSED = 2000
"""So many items that were shown and passed over are kept, the latest."""


class Remembered(Config):
    """One thing that was said: what it means, the words it came from, and the turn it was said in.

    Its `id` stays as long as the conversation does, so that a person can have it removed.
    """

    id: int = Field(ge=1)
    piece: Kept
    words: str = ""
    turn: int = Field(0, ge=0)


class Option(Config):
    """One answer that a question offers, and what taking it means."""

    label: str
    piece: Kept


class Question(Config):
    """What was asked last: about a `column`, or, where that is empty, which of some items are liked."""

    column: str = ""
    options: tuple[Option, ...] = ()


class Line(Config):
    """What was said in a turn."""

    turn: int = Field(ge=0)
    text: str


class State(Config):
    """One moment of a conversation.

    `shown` is the list that stands before the person, `passed` what was shown earlier and not taken, `focus` the item
    spoken of, `asked` the columns that were asked about, `row` how many questions in a row were asked, `said` the last messages.
    """

    turn: int = Field(0, ge=0)
    language: str = "en"
    memory: tuple[Remembered, ...] = ()
    next_id: int = Field(1, ge=1)
    shown: tuple[Id, ...] = ()
    passed: tuple[Id, ...] = ()
    focus: Id | None = None
    question: Question | None = None
    asked: tuple[str, ...] = ()
    row: int = Field(0, ge=0)
    said: tuple[Line, ...] = ()

    @property
    def kept(self) -> tuple[Kept, ...]:
        """All that is remembered."""
        return tuple(kept.piece for kept in self.memory)

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """What is remembered as pieces of a request."""
        return tuple(piece for piece in self.kept if not isinstance(piece, Event | Wish))

    @property
    def steps(self) -> tuple[Event | Wish, ...]:
        """What is remembered as steps of remarks."""
        return tuple(piece for piece in self.kept if isinstance(piece, Event | Wish))

    @property
    def spoken(self) -> tuple[str, ...]:
        """What the last messages were about, oldest first, a text a message: its own words, or, where it also says what is
        not wanted, what is remembered of it as wanted."""
        unwanted = {kept.turn for kept in self.memory if is_unwanted(kept.piece)}
        texts = {line.turn: line.text for line in self.said if line.turn not in unwanted}
        for kept in self.memory:
            if kept.turn not in texts or kept.turn in unwanted:
                before = texts.get(kept.turn, "")
                texts[kept.turn] = " ".join(part for part in (before, wanted_words(kept.piece)) if part)
        return tuple(text for _, text in sorted(texts.items()) if text)[-SPOKEN:]

    @property
    def reading(self) -> Understood:
        """The pieces as one request."""
        return Understood(language=self.language, pieces=self.pieces)

    @property
    def named(self) -> tuple[Id, ...]:
        """Items that were named in any role, or of which something was told: they are not shown again."""
        return (*self.of_items("liked", "disliked", "banned"), *(i for s in self.events for i in s.items))

    @property
    def events(self) -> tuple[Event, ...]:
        """What was told of items."""
        return tuple(step for step in self.steps if isinstance(step, Event))

    @property
    def liked(self) -> tuple[Id, ...]:
        """Items that were liked, in the order of naming."""
        told = (item for event in self.events if event.what == "liked" for item in event.items)
        return tuple(dict.fromkeys((*self.of_items("liked"), *told)))

    def of_items(self, *roles: str) -> tuple[Id, ...]:
        """Items that a request named in a role, in the order of naming."""
        named = [p for p in self.pieces if isinstance(p, Items) and p.role in roles]
        return tuple(dict.fromkeys(item for piece in named for item in piece.items))

    def with_changes(self, **changes: Any) -> Self:
        """The state with some fields changed."""
        return self.model_copy(update=changes)

    def without(self, *ids: int) -> Self:
        """The state without some of what is remembered; SettingsError names an id that there is not."""
        known = {kept.id for kept in self.memory}
        for wrong in set(ids) - known:
            raise SettingsError(f"nothing is remembered under {wrong}; there are: {sorted(known) or 'none'}")
        gone = {kept.turn for kept in self.memory if kept.id in ids}
        return self.with_changes(
            memory=tuple(kept for kept in self.memory if kept.id not in ids),
            said=tuple(line for line in self.said if line.turn not in gone),
        )

    def hearing(self, text: str) -> Self:
        """The state with a message that was said now."""
        if not any(letter.isalpha() for letter in text):
            return self
        return self.with_changes(said=(*self.said, Line(turn=self.turn, text=text[:LONGEST]))[-SPOKEN:])

    def passing(self, items: Sequence[Id]) -> Self:
        """The state with items passed over: they come back only when nothing else is left."""
        kept = tuple(dict.fromkeys((*self.passed, *items)))
        return self.with_changes(passed=kept[-MOST_PASSED:])


def is_unwanted(piece: Kept) -> bool:
    """Whether a piece says what is not wanted."""
    if isinstance(piece, Values | Soft):
        return not piece.wanted
    if isinstance(piece, Range):
        return piece.unwanted
    if isinstance(piece, Items):
        return piece.role != "liked"
    return (
        not piece.more if isinstance(piece, Wish) else isinstance(piece, Event) and piece.what == "disliked"
    )


def wanted_words(piece: Kept) -> str:
    """What a piece wishes for in words; "" where it does not."""
    if isinstance(piece, Values) and piece.wanted:
        return " ".join(value for _, value in piece.pairs)
    if isinstance(piece, Soft) and piece.wanted:
        return piece.text
    return piece.text if isinstance(piece, Wish) and piece.more else ""


class Dialogue(Config):
    """A conversation: where it stands, and where it stood before. A service keeps it as JSON."""

    format: Literal[1] = 1
    state: State = State()
    past: tuple[State, ...] = ()

    @property
    def memory(self) -> tuple[Remembered, ...]:
        """All that is remembered, oldest first."""
        return self.state.memory

    def followed_by(self, state: State) -> Dialogue:
        """The conversation one step on."""
        return Dialogue(state=state, past=(*self.past, self.state)[-KEPT:])

    def undone(self) -> Dialogue:
        """The conversation as it was before the last step that changed what is remembered, or else before the last step;
        itself where there is none."""
        if not self.past:
            return self
        changed = [place for place, state in enumerate(self.past) if state.memory != self.state.memory]
        place = changed[-1] if changed else len(self.past) - 1
        return Dialogue(state=self.past[place], past=self.past[:place])

    def without(self, *ids: int) -> Dialogue:
        """The conversation without some of what is remembered; can be undone."""
        return self.followed_by(self.state.without(*ids))

    def __str__(self) -> str:
        """What is remembered, a line each, under its id."""
        return "\n".join(f"{kept.id}. {told(kept.piece, self.state.language)}" for kept in self.memory)

    def to_json(self) -> str:
        """As text; `read` gives the same conversation back."""
        return self.model_dump_json()

    @classmethod
    def read(cls, text: str | bytes) -> Dialogue:
        """A conversation from JSON; DataError where it is something else."""
        try:
            told = json.loads(text)
        except ValueError as error:
            raise DataError(f"the conversation is not JSON: {error}") from None
        if not isinstance(told, dict):
            raise DataError(f"the conversation is {type(told).__name__}, not an object as `to_json` writes")
        return cls.of(told, "the conversation")


def told(kept: Kept, language: str) -> str:
    """One thing that is remembered, in words."""
    from llm4rec.writers.asking.told import line, phrases
    from llm4rec.writers.remarks.told import line as step_line

    if isinstance(kept, Event | Wish):
        return step_line(kept, language)
    return line(kept, phrases(language))
