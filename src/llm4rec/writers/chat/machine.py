"""The conversation as a state machine: one message in, one act out. Everything it can do is listed in `replied`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from llm4rec.core.texts import Phrase, phrase
from llm4rec.writers.asking.readings import Soft, Understood, Values
from llm4rec.writers.chat.about import asked_about, explained, is_unanswerable, taken
from llm4rec.writers.chat.dialogue import Dialogue, Kept, Option, State
from llm4rec.writers.chat.hearing import is_question, places
from llm4rec.writers.chat.proposing import proposed, remember
from llm4rec.writers.chat.softening import as_meant, sure
from llm4rec.writers.chat.turn import Act, Manner, Reply, Turn
from llm4rec.writers.chat.wordlists import talk
from llm4rec.writers.chat.world import World
from llm4rec.writers.remarks.steps import Event, Must, Wish

Heeded: TypeAlias = tuple[list[tuple[Kept, str]], Sequence[str], list[str]]
"""What is to be kept, with its words; what there is to say; and words that nothing here answers to."""


def replied(world: World, manner: Manner, dialogue: Dialogue, text: str, language: str = "auto") -> Reply:
    """The answer to one message, and the conversation after it. Never fails on what is said."""
    turn = Turn.of(world, manner, dialogue, text, language)
    acts = turn.said.acts
    if "undo" in acts:
        return _undone(turn)
    if "over" in acts:
        turn.state = State(turn=turn.state.turn, language=turn.state.language, next_id=turn.state.next_id)
    turn.state = turn.state.hearing(turn.said.text)
    if "greet" in acts:
        turn.say("hello_newcomer" if world.newcomer and not turn.state.memory else "hello")
    act = _of_acts(turn) if not turn.said.text else _of_text(turn)
    return turn.reply(act)


def _undone(turn: Turn) -> Reply:
    """The conversation one step back; nothing else changes."""
    before = turn.dialogue.undone()
    back = before is not turn.dialogue
    turn.state = before.state.with_changes(language=turn.state.language)
    turn.say("undone" if back else "undone_nothing", memory=turn.memory)
    reply = turn.reply("undo")
    return Reply(reply.text, "undo", reply.answer, Dialogue(state=turn.state, past=before.past))


def _of_acts(turn: Turn) -> Act:
    """A message without anything beside its acts."""
    acts = turn.said.acts
    if not acts:
        turn.say("empty")
        return "unknown"
    question = turn.state.question
    last = acts[-1]
    if last == "memory":
        turn.say("memory", memory=turn.memory)
        return "memory"
    if last in ("thanks", "bye"):
        turn.say(last)
        return "thanks" if last == "thanks" else "bye"
    if last == "why":
        return explained(turn)
    if last == "taken":
        return taken(turn) or "unknown"
    if last == "over":
        turn.say("over")
        return "memory"
    turn.state = turn.state.with_changes(question=None)
    if last == "refuse":
        refused = (turn.state.focus,) if turn.state.focus is not None else turn.state.shown
        turn.state = turn.state.passing(refused).with_changes(focus=None)
        return proposed(turn, turn.words("others"))
    if question is not None and last in ("whatever", "others") and not turn.state.shown:
        turn.say("skipped" if question.column else "none_liked")
    elif last == "others":
        turn.state = turn.state.passing(turn.state.shown)
        return proposed(turn, turn.words("others"))
    return proposed(turn)


def _of_text(turn: Turn) -> Act:
    """A message that says something: an answer to what was asked, a question, a choice, or a wish."""
    acts = turn.said.acts
    if "others" in acts:
        turn.state = turn.state.passing(turn.state.shown)
    if acts[-1:] == ("why",):
        return explained(turn)
    if acts[-1:] == ("taken",) and (done := taken(turn)) is not None:
        return done
    if options := _chosen(turn):
        turn.state = turn.state.with_changes(question=None)
        remember(turn, [(sure(option.piece), turn.said.text) for option in options])
        return proposed(turn)
    if (done := asked_about(turn)) is not None:
        return done
    if (done := _served(turn)) is not None:
        return done
    return _wished(turn)


def _chosen(turn: Turn) -> Sequence[Option]:
    """The options of the question asked last that a message takes: by number, or by name and nothing else."""
    question = turn.state.question
    if question is None or is_question(turn.said):
        return ()
    if question.column == "" or not turn.state.shown:  # a number may mean an option, not an item of a list
        found = [question.options[place] for place in places(turn.said.words, len(question.options))]
        if found or question.column == "":
            return found or _named(turn, question.options)
    whole = phrase(turn.said.text)
    found = [option for option in question.options if phrase(option.label) == whole]
    return found or _unoffered(turn, question.column, whole)


def _unoffered(turn: Turn, column: str, whole: Phrase) -> list[Option]:
    """A value of the column asked about that was not among those offered."""
    pairs = [pair for pair in turn.world.shelf.rows if pair[0] == column and phrase(pair[1]) == whole]
    return [Option(label=pair[1], piece=Values(pairs=(pair,))) for pair in pairs[:1]]


def _named(turn: Turn, options: Sequence[Option]) -> list[Option]:
    """The items among options that a message names."""
    words = phrase(turn.said.text)
    found = []
    for option in options:
        name = phrase(option.label)
        if name and any(words[at : at + len(name)] == name for at in range(len(words))):
            found.append(option)
    return found


def _served(turn: Turn) -> Act | None:
    """The prepared answer to a question of customers, and then items: the same loop as everything else."""
    told = turn.world.told(turn.said.text) if is_question(turn.said) else None
    if told is None:
        return None
    turn.say("served", answer=told.answer, question=told.question)
    turn.evidence.append({"question": told.question, "answer": told.answer, "near": told.near})
    proposed(turn, turn.words("served_items"))
    return "serve"


def _wished(turn: Turn) -> Act:
    """Wishes, limits and remarks: kept, and answered by items; what is of no use here is said."""
    useful, told, unheard = _remarked(turn) or _read(turn)
    useful = as_meant(turn, useful)
    if is_unanswerable(turn, any(not isinstance(piece, Soft | Wish) for piece, _ in useful)):
        turn.say("unknown_what")
        return "unknown"
    turn.lines += [note for note in told if useful or not unheard]
    if unheard:
        turn.say("unheard", words=", ".join(unheard)[:120])
    turn.state = turn.state.with_changes(question=None)
    passed = [
        item
        for piece, _ in useful
        if isinstance(piece, Event) and piece.what == "passed"
        for item in piece.items
    ]
    turn.state = turn.state.passing(passed)
    remember(turn, [pair for pair in useful if not (isinstance(pair[0], Event) and pair[0].what == "passed")])
    return proposed(turn)


def _remarked(turn: Turn) -> Heeded | None:
    """The message as a remark about the list that is shown; None where there is none, or it is no remark."""
    state = turn.state
    if not state.shown:
        return None
    about = [state.focus] if state.focus is not None else []
    read = turn.world.remarked(turn.said.text, state.shown, about)
    if not read.steps:
        return None
    kept: list[Kept] = [step.piece if isinstance(step, Must) else step for step in read.steps]
    return list(zip(kept, map(read.words, read.steps), strict=True)), read.notes, []


def _read(turn: Turn) -> Heeded:
    """The message as a request: what something here can answer to, notes, and the words of what nothing does."""
    reading, failed = _understood(turn)
    turn.degraded += failed
    aside = talk().marks["aside"]
    useful: list[tuple[Kept, str]] = []
    unheard: list[str] = []
    for piece in reading.pieces:
        words = phrase(piece.text, stemmed=False) if isinstance(piece, Soft) else ("",)
        if all((word,) in aside for word in words):
            continue
        if isinstance(piece, Soft) and not turn.world.knows(piece.text):
            unheard.append(piece.text)
        else:
            useful.append((piece, reading.words(piece)))
    return useful, reading.notes, unheard


def _understood(turn: Turn) -> tuple[Understood, tuple[str, ...]]:
    """The message as constraints and wishes; a bare number answers the question asked last."""
    text = turn.said.text
    reading, failed = turn.world.read(text)
    question = turn.state.question
    measured = question is not None and question.column in turn.world.lexicon.numbers
    if question is not None and measured and not reading.hard and any(p.is_number for p in turn.said.parts):
        again, _ = turn.world.read(f"{question.column.replace('_', ' ')} {text}")
        if again.hard:
            return again, failed
    return reading, failed
