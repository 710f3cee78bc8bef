"""Checks what a description claims: sentences of the item's text word for word, all else by the grammar of claims."""

from __future__ import annotations

from collections.abc import Sequence

from llm4rec.core import Evidence
from llm4rec.core.texts import Token, tokens
from llm4rec.writers.explain.claims import Checker, Claim

WEIGHTLESS = frozenset(("a", "an", "the", ",", ";"))
"""What may come or go within a sentence of the text. All other words say something: their order, too."""
END = frozenset(".!?。！？…")
CLOSING = END | frozenset('"”’)')


class Grounds:
    """Checks texts about one item against what may be said of it, in one language."""

    def __init__(self, title: str, evidence: Sequence[Evidence], code: str = "en") -> None:
        told = [(_words(piece.value), piece) for piece in evidence if piece.kind == "text"]
        self.sources = sorted(told, key=lambda source: len(source[0]), reverse=True)
        self.grammar = Checker(title, [piece for piece in evidence if piece.kind != "text"], code)

    def claims(self, text: str) -> list[Claim]:
        """The claims of a text in order, and which of them have evidence."""
        marks = tokens(text)
        found: list[Claim] = []
        at = waiting = 0
        while at < len(marks):
            end, piece = self._told(text, marks, at) if _begins(marks, at) else (at, None)
            if end == at:
                at += 1
                continue
            found += self._by_grammar(text, marks, waiting, at)
            found.append(Claim(text[marks[at].start : marks[end - 1].end], True, piece))
            at = waiting = end
        return found + self._by_grammar(text, marks, waiting, at)

    def accepts(self, text: str) -> bool:
        """Whether a text claims something, and nothing that the evidence does not say."""
        found = self.claims(text)
        return bool(found) and all(claim.supported for claim in found)

    def _by_grammar(self, text: str, marks: Sequence[Token], start: int, end: int) -> list[Claim]:
        if start == end:
            return []
        return self.grammar.claims(text[marks[start].start : marks[end - 1].end])

    def _told(self, text: str, marks: Sequence[Token], at: int) -> tuple[int, Evidence | None]:
        """Where a sentence of the item's text that begins at a place ends, mark included, and which; `at` where none does."""
        for source, piece in self.sources:
            place = _matched(text, marks, at, source)
            end = place
            while end < len(marks) and marks[end].word in CLOSING:
                end += 1
            if place > at and (end == len(marks) or any(mark.word in END for mark in marks[place:end])):
                return end, piece
        return at, None


def _matched(text: str, marks: Sequence[Token], at: int, source: Sequence[str]) -> int:
    """Where the words of a source end that begin at a place; `at` where they are not all there."""
    place, matched = at, 0
    while place < len(marks):
        word = _exact(text, marks[place], first=not matched)
        if matched < len(source) and word == source[matched]:
            matched += 1
        elif word not in WEIGHTLESS:
            break
        place += 1
    return place if matched == len(source) else at


def _begins(marks: Sequence[Token], at: int) -> bool:
    """Whether a sentence can begin here: behind the marks that end one."""
    while at > 0 and marks[at - 1].word in CLOSING - END:
        at -= 1
    return at == 0 or marks[at - 1].word in END


def _words(text: str) -> list[str]:
    """The words and marks of a sentence that say something, without the mark that ends it."""
    found: list[str] = []
    for mark in tokens(text):
        word = _exact(text, mark, first=not found)
        if word not in WEIGHTLESS:
            found.append(word)
    while found and found[-1] in CLOSING:
        found.pop()
    return found


def _exact(text: str, mark: Token, first: bool) -> str:
    """A word as it is written; small at the beginning of a sentence, and where it is weightless."""
    written = text[mark.start : mark.end]
    return mark.word if first or mark.word in WEIGHTLESS else written
