"""One turn of a conversation while it is made: what was said, what stands, what will be answered. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import Field

from llm4rec.core import Config, Id, Recommendations
from llm4rec.core.languages import CHINESE, ENGLISH, language_of
from llm4rec.core.texts import cleaned
from llm4rec.writers.asking.told import phrases
from llm4rec.writers.chat.dialogue import Dialogue, Kept, State, told
from llm4rec.writers.chat.hearing import Heard, heard
from llm4rec.writers.chat.wordlists import say
from llm4rec.writers.chat.world import World
from llm4rec.writers.language import language as spoken

Act = Literal[
    "recommend", "ask", "answer", "explain", "unknown", "greet", "thanks", "bye", "undo", "memory", "serve",
    "taken", "nothing",
]  # fmt: skip


class Manner(Config):
    """How a conversation is led: `n` items a list, at most `questions` in a row, each worth at least `bits`."""

    n: int = Field(5, ge=1)
    questions: int = Field(2, ge=0)
    bits: float = Field(1.0, ge=0.0)


@dataclass(frozen=True)
class Reply:
    """What is answered: the words, the kind of act, the items shown (none in most acts), and the conversation after it.

    `question` is what was asked, "" where nothing was. `evidence` are the facts and reasons behind the words, as plain
    values. `degraded` says what could not be done as asked.
    """

    text: str
    act: Act
    answer: Recommendations
    dialogue: Dialogue
    question: str = ""
    evidence: tuple[Mapping[str, Any], ...] = ()
    degraded: tuple[str, ...] = ()


@dataclass(eq=False)
class Turn:
    """What one message makes of a conversation; filled in step by step."""

    world: World
    manner: Manner
    dialogue: Dialogue
    said: Heard
    state: State
    lines: list[str] = field(default_factory=list)
    evidence: list[Mapping[str, Any]] = field(default_factory=list)
    degraded: list[str] = field(default_factory=list)
    answer: Recommendations = field(default_factory=lambda: Recommendations((), ()))
    question: str = ""

    @classmethod
    def of(cls, world: World, manner: Manner, dialogue: Dialogue, text: str, language: str) -> Turn:
        """The turn that a message begins; `language` "auto" is that of the message."""
        clean, notes = cleaned(text)
        before = dialogue.state
        tongue = language if language != "auto" else _language(clean, before.language)
        state = before.with_changes(turn=before.turn + 1, language=tongue)
        turn = cls(world, manner, dialogue, heard(clean), state)
        reading_notes = phrases(tongue)
        turn.lines += [reading_notes[key].format(most=len(clean), length=len(text)) for key in notes]
        return turn

    def say(self, key: str, **values: object) -> None:
        """One more sentence of the answer."""
        self.lines.append(self.words(key, **values))

    def words(self, key: str, **values: object) -> str:
        """One sentence in the language of the conversation."""
        return say(self.state.language, key, **values)

    def told(self, kept: Sequence[Kept]) -> str:
        """Pieces and steps in words."""
        return "; ".join(told(piece, self.state.language) for piece in kept)

    @property
    def memory(self) -> str:
        """All that is remembered, in words."""
        return self.told(self.state.kept) or self.words("memory_nothing")

    def numbers(self, items: Sequence[Id]) -> list[int]:
        """Numbers of the items that there are."""
        numbers: list[int] = self.world.catalog.ids.known(items).tolist()
        return numbers

    def title(self, number: int) -> str:
        """A title as it is shown."""
        return cleaned(self.world.catalog.titles[number], 200)[0]

    def column(self, name: str) -> str:
        """A column's name in words."""
        return spoken(self.state.language).column(name)

    def reply(self, act: Act) -> Reply:
        """The answer as it stands."""
        return Reply(
            text="\n".join(self.lines),
            act=act,
            answer=self.answer,
            dialogue=self.dialogue.followed_by(self.state),
            question=self.question,
            evidence=tuple(self.evidence),
            degraded=tuple(dict.fromkeys((*self.degraded, *self.answer.degraded))),
        )


def _language(text: str, before: str) -> str:
    """The language to answer in: that of the message where it has letters and is spoken here."""
    if not any(letter.isalpha() for letter in text):
        return before
    found = language_of(text)
    return found if found in (ENGLISH, CHINESE) else before
