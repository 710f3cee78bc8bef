"""Values that a remark only mentions: never a demand, but a wish in the direction of the words around. Reads no titles."""

from __future__ import annotations

from collections.abc import Sequence

from llm4rec.core.texts import Token
from llm4rec.writers.asking.readings import Pair, Soft, Values
from llm4rec.writers.asking.scan import Mark
from llm4rec.writers.remarks.clauses import Setting
from llm4rec.writers.remarks.compose import Listener
from llm4rec.writers.remarks.feelings import feeling_of, is_felt
from llm4rec.writers.remarks.polarity import KIND, Direction
from llm4rec.writers.remarks.steps import Step, Wish
from llm4rec.writers.remarks.wordlists import wordlists

TOLD = frozenset(
    {"value", "name", "title", "range", "relative", "lean", "compare", "aspect", "trait", "stars"}
    | {"known", "others", "undo", "restart", "more", "less"}
)
"""Marks that say something themselves: what is said of a value goes no further."""
TURNS = frozenset({"not", "hate"})
"""Behind a value these refuse it, or something else: "musicals? no"."""


class Bare(Listener):
    """Makes wishes of values in clauses of which some words were not understood."""

    def __init__(self, setting: Setting, parts: Sequence[Token], text: str, language: str) -> None:
        super().__init__(setting, parts, text, language)
        self.heard_so: dict[str, Direction | None] = {}

    def _steps_of(self, piece: object) -> list[Step]:
        """A demand stays one only where the grammar read it, or nothing beside it is unread."""
        if not isinstance(piece, Values | Soft) or not piece.wanted:
            return super()._steps_of(piece)
        inside = [m for m in self.marks if m.tag in ("value", "name") and self._within(m, piece)]
        first, last = self._around(piece)
        if not inside or self._demanded(piece, first) or not self._unread(piece, first, last):
            return super()._steps_of(piece)
        direction = self._direction(inside, first, last)
        if isinstance(piece, Soft) and direction not in ("less", "known"):
            if direction is None:
                self._tell("unsure", words=self.text[piece.start : piece.end])
            return super()._steps_of(piece)
        if direction == "neither":
            self._tell("neither", words=self.text[slice(*self._span(first, last))])
            return []
        pairs: dict[Pair, None] = {pair: None for mark in inside for pair in mark.value}
        start, end = self._span(inside[0].start, inside[-1].end)
        if direction is None:
            self._tell("unsure", words=self.text[start:end])
        more = direction in ("more", None)
        return [Wish(more=more, text=self.text[start:end], pairs=tuple(pairs), start=start, end=end)]

    def _within(self, mark: Mark, piece: Values | Soft) -> bool:
        start, end = self._span(mark.start, mark.end)
        return piece.start <= start and end <= piece.end

    def _around(self, piece: Values | Soft) -> tuple[int, int]:
        """The tokens that speak of a piece: from what is told before it, or "but", to what is told behind it."""
        first, last = 0, len(self.parts)
        for mark in self.marks:
            start, end = self._span(mark.start, mark.end)
            if mark.tag in TOLD or self._words(mark) in wordlists().contrast:
                if end <= piece.start:
                    first = mark.end
                elif start >= piece.end:
                    last = mark.start
                    break
        while first < last and not self.parts[first].word[0].isalnum():
            first += 1
        return first, last

    def _demanded(self, piece: Values | Soft, first: int) -> bool:
        """Whether "I want", "only", "I asked for" stand right before it."""
        before = [m for m in self.marks if m.start >= first and self._span(m.start, m.end)[1] <= piece.start]
        said = [m for m in before if m.tag in ("positive", *TURNS)]
        return bool(said) and said[-1].tag == "positive" and self._words(said[-1]) not in wordlists().faint

    def _unread(self, piece: Values | Soft, first: int, last: int) -> bool:
        """Whether words around a piece, or in it, were not understood."""
        for mark in self.marks:
            if not first <= mark.start < last:
                continue
            words = self._words(mark)
            if mark.tag in TURNS and self._span(mark.start, mark.end)[0] >= piece.end:
                return True
            plain = mark.tag == "word" and words[0][0].isalpha() and is_felt(words, 0) == 0
            if plain and wordlists().empty.longest(words, 0) is None:
                return True
        return False

    def _direction(self, inside: list[Mark], first: int, last: int) -> Direction | None:
        """By the reader of phrases where there is one for this language, else by the words of feeling around."""
        polarity = self.setting.polarity
        start, end = self._span(first, last)
        if polarity is not None and self.language == "en":
            one, two = self._span(inside[0].start, inside[-1].end)
            phrase = f"{self.text[start:one]}{KIND}{self.text[two:end]}"
            if phrase not in self.heard_so:
                self.heard_so[phrase] = polarity(phrase)
            found = self.heard_so[phrase]
            if found is not None:
                return found
        feeling = feeling_of([part.word for part in self.parts[first:last]])
        return None if not feeling else "more" if feeling > 0 else "less"
