"""A sentence to a reading, by grammar and a catalog's own words. No language model here."""

from __future__ import annotations

from collections.abc import Sequence

from llm4rec.core.languages import CHINESE, ENGLISH, is_mixed, language_of
from llm4rec.core.texts import Token, cleaned, tokens
from llm4rec.writers.asking.compose import Composer
from llm4rec.writers.asking.lexicon import Lexicon
from llm4rec.writers.asking.limits import settled
from llm4rec.writers.asking.readings import Soft, Understood
from llm4rec.writers.asking.scan import Scanner

LONG = 40
"""A text of more words that asks for nothing is a description: what it tells is like what is wanted."""
_ASKING = frozenset(
    """i want looking find recommend please something anything show suggest without like not prefer no under need give
    similar books films movies 推 荐 想 要 找 请 不""".split()
)
NOTHING = "nothing was asked for in words; what suits best is shown"


def understood(text: str, lexicon: Lexicon, this_year: int | None = None) -> Understood:
    """How a request is read. Never fails: what is no constraint is a wish, and what was changed is in the notes.

    `this_year` is what "the last ten years" counts from; without it such words are a wish. The same text gives the
    same reading.
    """
    clean, notes = cleaned(text)
    parts = [part for part in _unhyphened(tokens(clean))]
    language = language_of(clean)
    if not any(
        part.is_word or part.is_number or len(part.word) == 1 and part.word.isalnum() for part in parts
    ):
        return Understood(text=clean, language=language, notes=(*notes, NOTHING))
    if is_description(parts):
        told = "a long text without a request was taken as a description of what is wanted"
        return Understood(
            text=clean, language=language, pieces=(Soft(text=clean, end=len(clean)),), notes=(*notes, told)
        )
    composer = Composer(lexicon, parts, clean)
    pieces = composer.read(Scanner(lexicon, parts, this_year).marked())
    reading = Understood(
        text=clean, language=language, pieces=tuple(pieces), notes=(*notes, *dict.fromkeys(composer.notes))
    )
    if language not in (ENGLISH, CHINESE):
        reading = reading.with_notes(
            "the grammar knows English and Chinese; the rest was searched for as it stands"
        )
    elif is_mixed(clean):
        reading = reading.with_notes("the request mixes languages; words of both were read")
    return settled(reading)


def is_description(parts: Sequence[Token]) -> bool:
    """Whether a text tells of something rather than asks for it: long, and few of its words are those of asking."""
    words = [part.word for part in parts if part.word[0].isalnum()]
    if len(words) <= LONG:
        return False
    asking = len({"i", "please", "recommend", "looking", "suggest", "推", "荐"} & set(words))
    return asking == 0 or len(words) > 8 * LONG


def _unhyphened(parts: Sequence[Token]) -> list[Token]:
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
