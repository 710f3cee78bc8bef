"""Notes of the engine in the visitor's language, by a table of patterns. What stands in no pattern stays as it was said."""

from __future__ import annotations

import re
import string
import tomllib
from functools import cache
from importlib.resources import files

from llm4rec.apps.web.words import Words

ENGLISH = "en"  # what the engine speaks


@cache
def table() -> tuple[dict[str, str], ...]:
    """Every note as the engine says it and in each other language, with the same holes."""
    told = tomllib.loads((files(__package__) / "words" / "notes.toml").read_text(encoding="utf-8"))
    return tuple(told["note"])


def worded(note: str, words: Words) -> str:
    """A note in the language of `words`; what fills its holes is a note itself, or a name and stays."""
    if words.language == ENGLISH:
        return note
    for pattern, text in _patterns(words.language):
        found = pattern.fullmatch(note)
        if found is not None:
            return text.format(**{name: worded(part, words) for name, part in found.groupdict().items()})
    return note


@cache
def _patterns(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Those with fewer holes first: they say more of a note."""
    ordered = sorted(table(), key=lambda one: one[ENGLISH].count("{"))
    return tuple((_pattern(one[ENGLISH]), one[language]) for one in ordered)


def _pattern(note: str) -> re.Pattern[str]:
    parts = string.Formatter().parse(note)
    told = (re.escape(text) + (f"(?P<{hole}>.*?)" if hole else "") for text, hole, _, _ in parts)
    return re.compile("".join(told), re.DOTALL)
