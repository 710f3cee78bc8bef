"""A sentence to a reading, by grammar and a catalog's own words. No language model here."""

from __future__ import annotations

from collections.abc import Sequence

from llm4rec.core.languages import CHINESE, ENGLISH, is_mixed, language_of
from llm4rec.core.texts import MOST, Token, cleaned, tokens
from llm4rec.writers.asking.compose import Composer
from llm4rec.writers.asking.lexicon import Lexicon
from llm4rec.writers.asking.limits import settled
from llm4rec.writers.asking.readings import Piece, Soft, Understood
from llm4rec.writers.asking.scan import Scanner
from llm4rec.writers.asking.told import note

LONG = 18
"""A text of more words that asks for nothing is a description: what it tells is like what is wanted."""
ENDLESS = 320
"""A text of more words is one in any case."""
_FIRST_PERSON = frozenset(["i", "i'd", "i'm", "i've", "i'll", "me", "recommend", "suggest", "推", "荐", "我"])
_OPENING = frozenset(
    [
        *(
            "something",
            "anything",
            "nothing",
            "looking",
            "want",
            "need",
            "please",
            "find",
            "show",
            "give",
            "like",
        ),
        *(
            "similar",
            "unlike",
            "book",
            "books",
            "film",
            "films",
            "movie",
            "movies",
            "novel",
            "novels",
            "stories",
        ),
        *("games", "想", "要", "找", "请", "书", "片", "不", "像"),
    ]
)
OPENED = 6
"""So many first words, and the last two, tell whether a text asks; later ones may be anybody's."""


def understood(text: str, lexicon: Lexicon, this_year: int | None = None) -> Understood:
    """How a request is read. Never fails: what is no constraint is a wish, and what was changed is in the notes.

    `this_year` is what "the last ten years" counts from; without it such words are a wish. The same text gives the
    same reading.
    """
    clean, done = cleaned(text)
    language = language_of(clean)
    parts = unhyphened(tokens(clean))
    reading = Understood(text=clean, language=language)
    notes = [note(language, key, most=MOST, length=len(text)) for key in done]
    if is_description(parts):
        notes.append(note(language, "description"))
        pieces: Sequence[Piece] = (Soft(text=clean, end=len(clean)),)
    else:
        composer = Composer(lexicon, parts, clean, language)
        pieces = composer.read(Scanner(lexicon, parts, this_year).marked())
        notes += composer.notes
        notes += [note(language, key) for key in _about_language(clean, language)]
        if not pieces and not notes[len(done) :]:
            notes.append(note(language, "nothing_asked"))
    return settled(reading.model_copy(update={"pieces": tuple(pieces)}).with_notes(*notes))


def _about_language(text: str, language: str) -> list[str]:
    if language not in (ENGLISH, CHINESE):
        return ["other_language"]
    return ["mixed"] if is_mixed(text) else []


def is_description(parts: Sequence[Token]) -> bool:
    """Whether a text tells of something rather than asks for it: long, and few of its words are those of asking."""
    words = [part.word for part in parts if part.word[0].isalnum()]
    length = sum(0.5 if ord(word[0]) > 0x2E7F else 1.0 for word in words)
    asks = _FIRST_PERSON.intersection(words) or _OPENING.intersection([*words[:OPENED], *words[-2:]])
    return length > ENDLESS or (length > LONG and not asks)


def unhyphened(parts: Sequence[Token]) -> list[Token]:
    """Without hyphens inside words ("sci-fi", "90-minute"); one between two numbers stays; "-free" turns into "not"."""
    kept: list[Token] = []
    for place, part in enumerate(parts):
        before = parts[place - 1] if place else None
        after = parts[place + 1] if place + 1 < len(parts) else None
        joins = (
            before is not None and after is not None and before.end == part.start and part.end == after.start
        )
        if part.word == "-" and joins and before is not None and after is not None:
            if after.word == "free" and kept:
                kept.insert(len(kept) - 1, Token("non", before.start, before.start))
            if not (before.is_number and after.is_number):
                continue
        elif part.word == "free" and before is not None and before.word == "-" and before.end == part.start:
            continue
        kept.append(part)
    return kept
