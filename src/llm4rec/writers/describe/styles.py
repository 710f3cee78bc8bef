"""The styles of descriptions: how long, how many of each kind of sentence, how easy. Writes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from llm4rec.core import SettingsError, suggest
from llm4rec.core.languages import CHINESE

CHARACTERS = 2  # Chinese characters that a word counts as


@dataclass(frozen=True)
class Style:
    """Limits of a text: `words` in all, sentences of the item's own text, facts, quotes and siblings at most.

    Sentences of the text have at most `sentence_words`; where `ease` is set, harder English sentences are left out.
    """

    name: str
    words: int
    sentences: int
    facts: int
    quotes: int
    siblings: int
    sentence_words: int = 40
    ease: float | None = None

    def room(self, code: str) -> int:
        """`words` in the unit of a language."""
        return self.words * (CHARACTERS if code == CHINESE else 1)

    def longest(self, code: str) -> int:
        """`sentence_words` in the unit of a language."""
        return self.sentence_words * (CHARACTERS if code == CHINESE else 1)


STYLES = {
    style.name: style
    for style in (
        Style("short", words=35, sentences=1, facts=2, quotes=0, siblings=0, sentence_words=25),
        Style("plain", words=90, sentences=3, facts=5, quotes=1, siblings=2),
        Style("long", words=200, sentences=8, facts=12, quotes=3, siblings=3),
        Style("simple", words=60, sentences=3, facts=4, quotes=0, siblings=0, sentence_words=15, ease=60.0),
        Style("facts", words=90, sentences=0, facts=12, quotes=0, siblings=2),
    )
}


def style_of(name: str) -> Style:
    """The style of a name; SettingsError names those there are."""
    if name not in STYLES:
        raise SettingsError(f"no style {name!r}{suggest(name, STYLES)}; there are: {', '.join(STYLES)}")
    return STYLES[name]
