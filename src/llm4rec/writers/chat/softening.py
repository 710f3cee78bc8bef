"""What a message in a conversation means beside what its words say alone: a limit, a taste, a story. Finds no items."""

from __future__ import annotations

from collections.abc import Sequence

from llm4rec.core.texts import phrase
from llm4rec.writers.asking.readings import Range, Soft, Values
from llm4rec.writers.chat.dialogue import Kept
from llm4rec.writers.chat.hearing import is_question
from llm4rec.writers.chat.turn import Turn
from llm4rec.writers.chat.wordlists import talk
from llm4rec.writers.remarks.steps import Event, Wish


def as_meant(turn: Turn, pieces: Sequence[tuple[Kept, str]]) -> list[tuple[Kept, str]]:
    """The pieces of a message and their words, as they are to be remembered.

    A question tells nothing of what was liked or seen. Where somebody tells what they once did ("I used to watch those
    of the eighties"), nothing is demanded: limits become wishes. "Only" and "must" make limits hold where nothing is known,
    too, and so do numbers that are compared ("cheaper"). More of something in words alone is a wish like any other, unless it compares ("darker", "more of that").
    """
    found: list[tuple[Kept, str]] = []
    asks, tells = is_question(turn.said), said(turn, "telling")
    insists, compares = said(turn, "insisting"), said(turn, "comparing")
    for piece, words in pieces:
        if isinstance(piece, Event) and asks and piece.what != "passed":
            continue
        if isinstance(piece, Values | Range) and is_demand(piece):
            if tells or (isinstance(piece, Range) and turn.world.lexicon.titles.match(phrase(words))):
                piece = Soft(text=words) if words else piece
            elif insists or (compares and isinstance(piece, Range)):
                piece = piece.model_copy(update={"sure": True})
        elif isinstance(piece, Wish) and _is_plain(piece) and not compares:
            piece = Soft(text=piece.text, wanted=piece.more)
        found.append((piece, words))
    return found


def sure(piece: Kept) -> Kept:
    """A piece that somebody gave as the answer to a question: it holds where nothing is known, too."""
    demand = isinstance(piece, Values | Range) and is_demand(piece)
    return piece.model_copy(update={"sure": True}) if demand else piece


def said(turn: Turn, mark: str) -> bool:
    """Whether a message has a phrase of a list of marks."""
    phrases, words = talk().marks[mark], turn.said.words
    return any(phrases.longest(words, at) is not None for at in range(len(words)))


def is_demand(piece: Values | Range) -> bool:
    """Whether a piece says what is wanted."""
    return piece.wanted if isinstance(piece, Values) else not piece.unwanted


def _is_plain(wish: Wish) -> bool:
    return bool(wish.text) and not (wish.strong or wish.column or wish.items)
