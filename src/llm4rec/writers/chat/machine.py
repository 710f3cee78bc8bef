"""The conversation as a state machine: one message in, one act out. Everything it can do is listed in `replied`."""

from __future__ import annotations

from collections.abc import Sequence

from llm4rec.core.texts import phrase
from llm4rec.writers.asking.readings import Piece, Soft, Understood
from llm4rec.writers.chat.about import asked_about, explained, is_unanswerable, taken
from llm4rec.writers.chat.dialogue import Dialogue, Option, State
from llm4rec.writers.chat.hearing import is_question, places
from llm4rec.writers.chat.proposing import proposed, remember
from llm4rec.writers.chat.turn import Act, Manner, Reply, Turn
from llm4rec.writers.chat.wordlists import talk
from llm4rec.writers.chat.world import World


def replied(world: World, manner: Manner, dialogue: Dialogue, text: str, language: str = "auto") -> Reply:
    """The answer to one message, and the conversation after it. Never fails on what is said."""
    turn = Turn.of(world, manner, dialogue, text, language)
    acts = turn.said.acts
    if "undo" in acts:
        return _undone(turn)
    if "over" in acts:
        turn.state = State(turn=turn.state.turn, language=turn.state.language, next_id=turn.state.next_id)
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
        remember(turn, [(option.piece, turn.said.text) for option in options])
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
    found = [question.options[place] for place in places(turn.said.words, len(question.options))]
    if found or question.column == "":
        return found or _named(turn, question.options)
    whole = phrase(turn.said.text)
    return [option for option in question.options if phrase(option.label) == whole]


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
    """Wishes and limits: kept, and answered by items; what is of no use here is said."""
    reading, failed = _read(turn)
    turn.degraded += failed
    useful, unheard = _useful(turn, reading)
    limits = any(not isinstance(piece, Soft) for piece in useful)
    if is_unanswerable(turn, limits):
        turn.say("unknown_what")
        return "unknown"
    turn.lines += [note for note in reading.notes if useful or not unheard]
    turn.state = turn.state.with_changes(question=None)
    if unheard:
        turn.say("unheard", words=", ".join(unheard)[:120])
    remember(turn, [(piece, reading.words(piece)) for piece in useful])
    return proposed(turn)


def _read(turn: Turn) -> tuple[Understood, tuple[str, ...]]:
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


def _useful(turn: Turn, reading: Understood) -> tuple[list[Piece], list[str]]:
    """The pieces that something here can answer to, and the words of those that nothing does."""
    useful: list[Piece] = []
    unheard: list[str] = []
    aside = talk().marks["aside"]
    for piece in reading.pieces:
        if isinstance(piece, Soft) and all((word,) in aside for word in phrase(piece.text, stemmed=False)):
            continue
        if isinstance(piece, Soft) and not turn.world.knows(piece.text):
            unheard.append(piece.text)
        else:
            useful.append(piece)
    return useful, unheard
