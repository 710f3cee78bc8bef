"""Items for what is remembered, and the question that would tell most. Reads no words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from llm4rec.core import Id, Recommendations
from llm4rec.writers.asking.readings import Range, Understood, Values
from llm4rec.writers.asking.titles import plain_title
from llm4rec.writers.chat.dialogue import Kept, Option, Question, Remembered, State
from llm4rec.writers.chat.facets import Facet, Left, best_facet, chances, worth_of_list
from llm4rec.writers.chat.facts import fact
from llm4rec.writers.chat.memory import columns_of, is_wanted, remembering
from llm4rec.writers.chat.turn import Act, Turn
from llm4rec.writers.remarks.steps import Event, Wish

ITEMS = "(items)"
"""What stands among the columns asked about where a newcomer was asked about items."""
OFFERED = 6
"""So many items a newcomer is asked about."""


def remember(turn: Turn, pieces: Sequence[tuple[Kept, str]]) -> None:
    """Keep pieces and the words they came from; what they displaced is told.

    Where nothing fulfils both what is new and what was wanted before, the newer word counts.
    """
    turn.state, gone = remembering(turn.state, pieces, turn.world.lexicon.single)
    late = _in_the_way(turn)
    if late is not None:
        turn.state = turn.state.without(late.id)
    gone = gone if late is None else (*gone, late)
    if gone:
        turn.say("replaced", pieces=turn.told([old.piece for old in gone]))


def _in_the_way(turn: Turn) -> Remembered | None:
    """An earlier thing wanted without which something is left: of a column that was spoken of now, else the oldest."""
    shelf, state = turn.world.shelf, turn.state
    if shelf.allowed(state.reading.hard).any():
        return None
    new = {column for kept in state.memory if kept.turn == state.turn for column in columns_of(kept.piece)}
    old = [kept for kept in state.memory if kept.turn < state.turn and is_wanted(kept.piece)]
    old.sort(key=lambda kept: not new & columns_of(kept.piece))
    return next((kept for kept in old if shelf.allowed(state.without(kept.id).reading.hard).any()), None)


def proposed(turn: Turn, lead: str = "") -> Act:
    """Show the best items for what is remembered, or ask where that is worth more; the list may carry a question."""
    if _asks_about_items(turn):
        return "ask"
    ranked = turn.world.ranked(turn.state, turn.manner.n)
    if not _opened(turn, ranked.reading):
        return "nothing"
    numbers = _allowed(turn, ranked.answer.items)
    facet = _worth_asking(turn, numbers)
    if facet is not None and _alone(turn, numbers, facet):
        _ask(turn, facet)
        return "ask"
    _show(turn, ranked.answer, numbers, lead)
    if facet is not None:
        _ask(turn, facet)
    else:
        turn.state = turn.state.with_changes(row=0, question=None)
    return "recommend"


def _opened(turn: Turn, reading: Understood) -> bool:
    """Let go of what no item fulfils, and say so. False where that would be something that is not wanted: then nothing
    is shown, and all stays remembered."""
    before = turn.state
    left = [piece for piece in reading.pieces if piece not in before.pieces]
    kept: list[Remembered] = []
    for old in before.memory:
        if isinstance(old.piece, Event | Wish) or old.piece in reading.pieces:
            kept.append(old)
        elif isinstance(old.piece, Values) and not old.piece.wanted:
            turn.say("nothing_left", memory=turn.memory)
            return False
        else:
            wider = next((p for p in left if _widens(p, old.piece)), None)
            kept += [old.model_copy(update={"piece": wider})] if wider is not None else []
    if len(kept) < len(before.memory) or left:
        turn.say("let_go", notes="; ".join(reading.notes))
    elif reading.notes:
        turn.lines += reading.notes
    turn.state = before.with_changes(memory=tuple(kept))
    return True


def _widens(new: Kept, old: Kept) -> bool:
    return isinstance(new, Range) and isinstance(old, Range) and new.column == old.column


def _allowed(turn: Turn, items: Sequence[Id]) -> list[int]:
    """Numbers of the items, best first, without any that breaks what is remembered: whatever ordered them."""
    mask = turn.world.shelf.allowed(turn.state.reading.hard)
    named = set(turn.numbers(turn.state.named))
    return [number for number in turn.numbers(items) if mask[number] and number not in named]


def _show(turn: Turn, answer: Recommendations, numbers: Sequence[int], lead: str) -> None:
    """The first n items as a numbered list."""
    first = list(numbers[: turn.manner.n])
    score = dict(zip(answer.items, answer.scores, strict=True))
    ids = tuple(turn.world.catalog.ids.names(np.array(first, dtype=np.int64)))
    turn.answer = replace(
        answer,
        items=ids,
        scores=tuple(score[item] for item in ids),
        titles=tuple(turn.world.catalog.titles[number] for number in first),
    )
    if not first:
        turn.say("nothing_left", memory=turn.memory)
        return
    wanted = turn.told(turn.state.kept)
    turn.lines.append(lead or (turn.words("here", wanted=wanted) if wanted else turn.words("plain")))
    for place, number in enumerate(first, 1):
        turn.say("list", place=place, title=_detailed(turn, number))
    _say_what_is_not_known(turn, first)
    turn.state = turn.state.with_changes(shown=ids, focus=ids[0] if len(ids) == 1 else None)


def _say_what_is_not_known(turn: Turn, numbers: Sequence[int]) -> None:
    """Of how many of the items shown the data does not tell whether they are what was asked for."""
    strict = turn.world.shelf.strict
    held = {piece: strict.fulfil(piece)[list(numbers)] for piece in turn.state.reading.hard}
    unknown = [piece for piece, mask in held.items() if not mask.all()]
    if unknown:
        count = int((~np.all([held[piece] for piece in unknown], axis=0)).sum())
        turn.say("not_known", count=count, pieces=turn.told(unknown))


def _detailed(turn: Turn, number: int) -> str:
    """A title with what helps to know the item: who made it, when, of what kind."""
    lexicon, catalog = turn.world.lexicon, turn.world.catalog
    title = turn.title(number)
    columns = [c for c in catalog.columns if c in lexicon.people][:1]
    columns += [c for m, c in lexicon.measures.items() if m == "year"]
    columns += [c for c in ("categories", "genres", "form") if c in catalog.columns][:1]
    found = [fact(catalog, number, [column]) for column in columns]
    told = [f.value for f in found if f is not None and f.value not in title]
    return turn.words("details", title=title, told="; ".join(told)) if told else title


def _worth_asking(turn: Turn, numbers: Sequence[int]) -> Facet | None:
    """The question that tells most of the items left, where it is worth asking and not one too many."""
    state, manner = turn.state, turn.manner
    if state.row >= manner.questions or len(numbers) <= manner.n:
        return None
    closed = {*state.asked, *_settled(state, turn.world.lexicon.single)}
    told = {pair for piece in state.pieces if isinstance(piece, Values) for pair in piece.pairs}
    left = Left(np.array(numbers, dtype=np.int64), frozenset(closed), frozenset(told))
    facet = best_facet(turn.world.lexicon, turn.world.shelf, left, manner.n)
    return facet if facet is not None and facet.bits >= manner.bits else None


def _settled(state: State, single: frozenset[str]) -> set[str]:
    """Columns of which it is said what is wanted."""
    ranges = {piece.column for piece in state.pieces if isinstance(piece, Range)}
    values = {
        c for p in state.pieces if isinstance(p, Values) and p.wanted for c, _ in p.pairs if c in single
    }
    return ranges | values


def _alone(turn: Turn, numbers: Sequence[int], facet: Facet) -> bool:
    """Whether a question is worth more than a list: nothing at all is known yet, and it tells more."""
    if not turn.world.newcomer or turn.state.memory or turn.state.shown:
        return False
    return facet.bits > worth_of_list(chances(len(numbers), turn.manner.n), turn.manner.n)


def _ask(turn: Turn, facet: Facet) -> None:
    state = turn.state
    options = tuple(_worded(turn, option) for option in facet.options)
    told = ", ".join(option.label for option in options)
    turn.question = turn.words("question", column=turn.column(facet.column), options=told)
    turn.lines.append(turn.question)
    turn.state = state.with_changes(
        question=Question(column=facet.column, options=options),
        asked=(*state.asked, facet.column),
        row=state.row + 1,
    )


def _worded(turn: Turn, option: Option) -> Option:
    """The option as it is said: decades have a name of their own in each language."""
    piece = option.piece
    if not isinstance(piece, Range) or piece.column != turn.world.lexicon.measures.get("year"):
        return option
    return option.model_copy(update={"label": turn.words("decade", label=option.label)})


def _asks_about_items(turn: Turn) -> bool:
    """Ask a newcomer of whom nothing is known which of some well-known items they like; whether that was done."""
    state = turn.state
    if not turn.world.newcomer or state.memory or ITEMS in state.asked or state.row >= turn.manner.questions:
        return False
    numbers = list(turn.world.splitting(OFFERED))
    if len(numbers) < 2:
        return False
    catalog = turn.world.catalog
    options = tuple(
        Option(
            label=plain_title(catalog.titles[number]),
            piece=Event(
                what="liked", items=(catalog.ids.ids[number],), titles=(plain_title(catalog.titles[number]),)
            ),
        )
        for number in numbers
    )
    turn.question = turn.words("items_question")
    turn.lines.append(turn.question)
    for place, number in enumerate(numbers, 1):
        turn.say("list", place=place, title=_detailed(turn, number))
    question = Question(options=options)
    turn.state = state.with_changes(question=question, asked=(*state.asked, ITEMS), row=state.row + 1)
    return True
