"""Questions about an item, answered from its own data only: a field quoted, a reason given, or not known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from llm4rec.writers.asking.lexicon import Lexicon
from llm4rec.writers.chat.facts import (
    Fact,
    column_named,
    columns_of,
    fact,
    has,
    sentence_with,
    values_said,
)
from llm4rec.writers.chat.hearing import (
    field_asked,
    is_question,
    is_seeking,
    is_whether,
    places,
    says_it,
    title_said,
)
from llm4rec.writers.chat.proposing import remember
from llm4rec.writers.chat.turn import Act, Turn
from llm4rec.writers.chat.wordlists import talk
from llm4rec.writers.remarks.steps import Event

EXPLAINED = 3
"""So many items of a list are explained at once."""


def asked_about(turn: Turn) -> Act | None:
    """Answer a question about an item; None where the message is no such question."""
    if not is_question(turn.said) or is_seeking(turn.said):
        return None
    columns, rest = _field(turn)
    if rest is None:
        return _whether(turn) if is_whether(turn.said) else None
    numbers, unnamed = _target(turn, rest)
    if not numbers and unnamed and values_said(rest, turn.world.lexicon):
        return None
    if not numbers and turn.world.told(turn.said.text) is not None:
        return None  # "how long does delivery take?" is prepared for, and asks for no length of an item
    if not numbers:
        return _unnamed(turn, unnamed)
    number = numbers[0]
    _spoken_of(turn, number)
    found = fact(turn.world.catalog, number, columns)
    if found is None:
        turn.say("unknown_field", title=turn.title(number))
        return "unknown"
    _quote(turn, "fact", found)
    return "answer"


def _field(turn: Turn) -> tuple[list[str], list[str] | None]:
    """The columns that a question asks for, and the words beside the asking; None where it asks for none."""
    catalog, said = turn.world.catalog, turn.said
    asked = field_asked(said)
    if asked is not None:
        return columns_of(asked[0], turn.world.lexicon, catalog), asked[1]
    named = column_named(said.words, catalog)
    if not named:
        return [], None
    own = set(named.replace("_", " ").casefold().split()) | set(named)
    return [named], [word for word in said.words if word not in own]


def _target(turn: Turn, rest: Sequence[str]) -> tuple[list[int], str]:
    """The items that a message speaks of, and words that name none: a title, a place in the list, or what was spoken of."""
    shown = turn.numbers(turn.state.shown)
    if pointed := places(turn.said.words, len(shown)):
        return [shown[place] for place in pointed], ""
    named, unnamed = title_said(_without_pointing(rest), turn.world.lexicon, shown)
    if named:
        return named, ""
    if unnamed and not says_it(rest):
        return [], unnamed
    focus = turn.numbers([turn.state.focus] if turn.state.focus is not None else [])
    return focus or (shown if len(shown) == 1 else []), ""


def _without_pointing(words: Sequence[str]) -> list[str]:
    it = talk().marks["it"]
    kept: list[str] = []
    at = 0
    while at < len(words):
        found = it.longest(words, at)
        if found is None:
            kept.append(words[at])
        at = at + 1 if found is None else found[0]
    return kept


def _unnamed(turn: Turn, name: str) -> Act:
    """No item is meant that there is: say so, with the nearest title."""
    if not name:
        turn.say("which")
        return "unknown"
    turn.say("untitled", name=name[:80])
    near = turn.world.lexicon.titles.nearest(tuple(name.split()))
    if near:
        turn.say("nearest", title=near)
    return "unknown"


def _whether(turn: Turn) -> Act | None:
    """ "Is it a comedy?", "does it have ghosts?": by values, by numbers, or by a sentence of its texts."""
    lexicon, catalog = turn.world.lexicon, turn.world.catalog
    words = turn.said.words
    shown = turn.numbers(turn.state.shown)
    numbers, _ = _target(turn, words if not shown else _pointing(turn, words))
    if not numbers:
        return None
    number = numbers[0]
    _spoken_of(turn, number)
    pairs = values_said(words, lexicon)
    if pairs:
        true, held = has(catalog, number, pairs)
        if held is not None:
            _quote(turn, "is_so" if true else "is_not", held)
            return "answer"
    measured = _measured(words, lexicon)
    held = fact(catalog, number, [measured]) if measured else None
    if held is not None:
        _quote(turn, "fact", held)
        return "answer"
    own = {word for word in words if not _is_empty(word)}
    found = sentence_with(catalog, number, sorted(own))
    if found is None:
        turn.say("unsaid", title=turn.title(number))
        return "unknown"
    turn.say("mentions", quote=found.value, title=found.title, column=turn.column(found.column))
    turn.evidence.append(asdict(found))
    return "answer"


def _pointing(turn: Turn, words: Sequence[str]) -> list[str]:
    """Words of a title that is shown or named, else only what points."""
    named, _ = title_said(words, turn.world.lexicon, turn.numbers(turn.state.shown))
    return list(words) if named else [word for word in words if says_it([word])]


def _is_empty(word: str) -> bool:
    marks = talk().marks
    return not word[0].isalnum() or any((word,) in marks[mark] for mark in ("empty", "whether", "it"))


def _measured(words: Sequence[str], lexicon: Lexicon) -> str:
    """The column of a number that words praise or compare: "is it long?"."""
    for measure in lexicon.words.measures:
        if measure.name in lexicon.measures and any(
            phrases.longest(words, at) is not None
            for phrases in (measure.leans, measure.compares)
            for at in range(len(words))
        ):
            return lexicon.measures[measure.name]
    return ""


def explained(turn: Turn) -> Act:
    """Why an item, or those shown, were shown: what they fulfil, and what the engine gives as reasons."""
    rest = turn.said.words
    numbers, _ = _target(turn, rest)
    shown = turn.numbers(turn.state.shown)
    numbers = [number for number in numbers if number in shown] or numbers or shown[:EXPLAINED]
    if not numbers:
        turn.say("which")
        return "unknown"
    if len(numbers) == 1:
        _spoken_of(turn, numbers[0])
    ids = tuple(turn.world.catalog.ids.ids[number] for number in numbers)
    liked = turn.state.liked
    for number, told in zip(numbers, turn.world.explained(ids, liked, turn.state.language), strict=True):
        met = [p for p in turn.state.reading.hard if turn.world.shelf.strict.fulfil(p)[number]]
        fits = turn.words("fits", pieces=turn.told(met)) if met else ""
        turn.say(
            "why", title=turn.title(number), reasons=" ".join(part for part in (fits, told.text) if part)
        )
        turn.evidence.append(told.as_json())
        turn.degraded += told.notes
    return "explain"


def taken(turn: Turn) -> Act | None:
    """Somebody chooses an item: it is remembered as liked. None where the message goes on about something else."""
    numbers, unnamed = _target(turn, turn.said.words)
    if unnamed:
        return None
    if not numbers:
        turn.say("taken_which" if turn.state.shown else "which")
        return "unknown"
    catalog = turn.world.catalog
    titles = tuple(turn.title(number) for number in numbers)
    ids = tuple(catalog.ids.ids[number] for number in numbers)
    remember(turn, [(Event(what="liked", items=ids, titles=titles), turn.said.text)])
    _spoken_of(turn, numbers[0])
    turn.say("taken", titles=", ".join(titles))
    return "taken"


def is_unanswerable(turn: Turn, hard: bool) -> bool:
    """Whether a message asks something that no data here speaks of: a question that neither looks for items nor limits."""
    return not hard and is_question(turn.said) and not is_seeking(turn.said)


def _spoken_of(turn: Turn, number: int) -> None:
    turn.state = turn.state.with_changes(focus=turn.world.catalog.ids.ids[number])


def _quote(turn: Turn, key: str, found: Fact) -> None:
    turn.say(
        key,
        title=turn.title(turn.numbers([found.item])[0]),
        value=found.value,
        column=turn.column(found.column),
    )
    turn.evidence.append(asdict(found))
