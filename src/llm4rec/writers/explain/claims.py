"""Checks what a text claims against evidence: each claim must rest on one piece of it. Writes nothing.

A text is split into atomic claims; names, numbers and quotes must be those of the evidence, exactly and in its order; every
other word must be one that the language allows for that kind of evidence, or say nothing by itself. What is not surely
true is not supported. Counting atomic claims is from
FActScore (Min et al., EMNLP 2023); the judge here is a grammar, not a language model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llm4rec.core import Evidence
from llm4rec.writers.explain.tokens import Token, sentences
from llm4rec.writers.language import Language, language

Form = Mapping[str, Any]
VALUED = frozenset(("attribute", "context", "field", "sibling"))  # kinds whose `value` is a name


@dataclass(frozen=True)
class Claim:
    """One thing said, whether the evidence says so too, and which piece of it does."""

    text: str
    supported: bool
    behind: Evidence | None = None


class Checker:
    """Checks texts about one item against its evidence, in one language."""

    def __init__(self, title: str, evidence: Sequence[Evidence], code: str = "en") -> None:
        self.title = title
        self.evidence = tuple(evidence)
        spoken: Language = language(code)
        self.rules = spoken.table["claims"]
        self.function = frozenset(self.rules["function"].split())
        self.negations = frozenset(self.rules["negations"].split())
        self.joining = frozenset(self.rules["also"].split())
        self.titles = frozenset({title}.union(*(e.titles for e in evidence)))
        self.told = frozenset(t for e in evidence if e.kind == "history" for t in e.titles)
        self.columns: Mapping[str, str] = {
            e.name: spoken.column(e.name) for e in evidence if e.kind in VALUED
        }

    def claims(self, text: str) -> list[Claim]:
        """The atomic claims of a text; a text that claims nothing has none."""
        found: list[Claim] = []
        for tokens in sentences(text, self._names(), self._words(), self.rules["numbers"]):
            atoms = self._atoms(tokens)
            for claim in atoms:
                behind = self._behind(claim)
                found.append(Claim(" ".join(t.text for t in claim), behind is not None, behind))
        return found

    def accepts(self, text: str) -> bool:
        """Whether a text claims something, and nothing that the evidence does not say."""
        found = self.claims(text)
        return bool(found) and all(claim.supported for claim in found)

    def _names(self) -> list[str]:
        names = set(self.titles) | {e.value for e in self.evidence if e.kind in VALUED and e.value}
        # A name in small letters that is also a word of the grammar stays a word.
        return [n for n in names if n not in self.function and n not in self.negations]

    def _words(self) -> list[str]:
        """Every word that the grammar knows: what Chinese is cut into."""
        found = set(self.function) | self.negations | self.joining
        for forms in self.rules.values():
            if isinstance(forms, list):
                for form in forms:
                    for key in ("words", "heads", "needs", "must", "never"):
                        found |= set(str(form.get(key, "")).split())
        for table in ("verbs", "columns", "fields"):
            found |= {w for words in self.rules[table].values() for w in words.split()}
        found |= set(self.columns.values()).union(*(e.words for e in self.evidence))
        return list(found | set(self.rules["numbers"]))

    def _atoms(self, tokens: Sequence[Token]) -> list[list[Token]]:
        """A sentence as one claim where it is one; else cut where two claims are joined; lists of names one by one."""
        single = self._spread(tokens)
        if all(self._supported(claim) for claim in single):
            return single
        for place, token in enumerate(tokens):
            joins = token.kind in ("word", "mark") and token.text in self.joining
            left, right = list(tokens[:place]), list(tokens[place + 1 :])
            if not joins or not _says(left) or not _says(right):
                continue
            first = self._spread(left)
            if all(self._supported(claim) for claim in first):
                found = [*first, *self._atoms(right)]
                if all(self._supported(claim) for claim in found):
                    return found
        return [list(tokens)]

    def _spread(self, tokens: Sequence[Token]) -> list[list[Token]]:
        """A list of history items as one claim each: "you rated A and B" is two."""
        runs = self._runs(tokens)
        if len(runs) != 1 or any(t.text in self.negations for t in tokens if t.kind == "word"):
            return [list(tokens)]
        (start, end), names = runs[0]
        if len(names) < 2 or not self.told.issuperset(names) or any(t.kind == "number" for t in tokens):
            return [list(tokens)]
        if not any(self._verb(e) & {t.text for t in tokens} for e in self.evidence if e.kind == "history"):
            return [list(tokens)]
        return [[*tokens[:start], Token("name", name), *tokens[end:]] for name in names]

    def _runs(self, tokens: Sequence[Token]) -> list[tuple[tuple[int, int], list[str]]]:
        """Names that follow each other with nothing but commas and "and" between: where, and which."""
        found: list[tuple[tuple[int, int], list[str]]] = []
        at = 0
        while at < len(tokens):
            if not self._is_title(tokens[at]):
                at += 1
                continue
            names, end, place = [tokens[at].text], at + 1, at + 1
            while place < len(tokens) and (self._is_title(tokens[place]) or tokens[place].text in LISTING):
                if tokens[place].text == self.title and tokens[place - 1].text in COMMAS:
                    break  # "since you rated A, this one …"
                if tokens[place].kind == "name":
                    names.append(tokens[place].text)
                    end = place + 1
                place += 1
            found.append(((at, end), names))
            at = end
        return found

    def _is_title(self, token: Token) -> bool:
        return token.kind == "name" and token.text in self.titles

    def _supported(self, tokens: Sequence[Token]) -> bool:
        return self._behind(tokens) is not None

    def _behind(self, tokens: Sequence[Token]) -> Evidence | None:
        """The first piece of evidence that a claim rests on."""
        rests = (
            piece
            for piece in self.evidence
            if any(self._rests(tokens, piece, form) for form in self.rules[piece.kind])
        )
        return next(rests, None)

    def _rests(self, tokens: Sequence[Token], piece: Evidence, form: Form) -> bool:
        """Whether a claim says what one piece of evidence says, in one of the forms for it."""
        words = {t.text for t in tokens if t.kind == "word"}
        own = self._own_words(piece, form)
        negated = words & self.negations
        if words - own - self.function - self.joining - (self.negations if form.get("negation") else set()):
            return False
        if words & set(str(form.get("never", "")).split()):
            return False
        if not all(words & set(str(form[key]).split()) for key in ("needs", "must") if key in form):
            return False
        if piece.kind == "without":
            negated -= set(form["must"].split())  # "without A it would …" says the contrary
        if bool(negated) != bool(form.get("negation")):
            return False
        return (
            self._numbers_right(tokens, piece, form)
            and self._names_right(tokens, piece, form)
            and self._quotes_right(tokens, piece, form)
        )

    def _own_words(self, piece: Evidence, form: Form) -> set[str]:
        """Words that this evidence allows."""
        own = set(str(form["words"]).split()) | set(str(form.get("heads", "")).split())
        if piece.kind == "history":
            own |= self._verb(piece)
        if piece.kind == "attribute":
            own |= set(str(self.rules["columns"].get(piece.name, "")).split())
        if piece.kind == "field":
            own |= set(str(self.rules["fields"].get(piece.name, "")).split())
        if piece.kind in VALUED:
            own |= set(self.columns[piece.name].lower().split())
        return own | set(piece.words if piece.kind in ("near", "mentions") else ())

    def _verb(self, piece: Evidence) -> set[str]:
        """Words for what was done."""
        known = self.rules["verbs"]
        return set(str(known.get(piece.name, known["other"])).split())

    def _numbers_right(self, tokens: Sequence[Token], piece: Evidence, form: Form) -> bool:
        """Numbers are the ones of the evidence, all of one order of theirs and nothing else."""
        said = [t.number for t in tokens if t.kind == "number"]
        known = {"stars": piece.value, "count": piece.count, "total": piece.total}
        orders = form.get("numbers", [[]])
        if not said:
            return not form.get("number")
        return any(
            order and [float(known[n] or "nan") for n in order] == said
            for order in orders
            if all(known[n] not in (None, "") for n in order)
        )

    def _names_right(self, tokens: Sequence[Token], piece: Evidence, form: Form) -> bool:
        """Names are those of the evidence and of the item, and stand where they belong."""
        values = {piece.value} if piece.kind in VALUED else set()
        titles = set(piece.titles)
        said = {t.text for t in tokens if t.kind == "name"}
        if said - titles - values - {self.title}:
            return False
        if (
            form.get("value")
            and piece.value not in said
            and piece.value.lower() not in {t.text for t in tokens}
        ):
            return False
        return self._titles_right(tokens, piece, form, said & titles)

    def _titles_right(self, tokens: Sequence[Token], piece: Evidence, form: Form, said: set[str]) -> bool:
        if piece.kind in ANYWHERE:
            return True
        titles, words = set(piece.titles), {t.text for t in tokens}
        heads = set(str(form.get("heads", "")).split()) | (
            self._verb(piece) if piece.kind == "history" else set()
        )
        if piece.kind == "attribute" and not said:  # "the same author": as those that were just named
            same = (
                titles >= self.told and bool(self.told) and not self._after_heads(tokens, heads, {self.title})
            )
            return same or ("numbers" in form and any(t.kind == "number" for t in tokens))
        if words & set(str(form.get("instead", "")).split()):
            return not said and titles == self.told
        return bool(said) and self._after_heads(tokens, heads, titles, bool(form.get("all")))

    def _after_heads(
        self, tokens: Sequence[Token], heads: set[str], titles: set[str], every: bool = False
    ) -> bool:
        """Whether some run of names right behind one of `heads` is of these titles, all of them where `every`."""
        for (start, _), names in self._runs(tokens):
            before = [t.text for t in tokens[:start]]
            while before and before[-1] not in heads and before[-1] in FILLING:
                before.pop()
            if before and before[-1] in heads:
                return set(names) <= titles and (not every or set(names) == titles)
        return False

    def _quotes_right(self, tokens: Sequence[Token], piece: Evidence, form: Form) -> bool:
        """Quotes are word for word what was written; evidence that is a quote is quoted."""
        quotes = [t.text.rstrip(".。,，") for t in tokens if t.kind == "quote"]
        if not form.get("quote"):
            return not quotes
        return len(quotes) == 1 and _part_of(quotes[0], piece.value)


ANYWHERE = frozenset(
    ("new", "popular", "unknown", "review", "context", "place", "field", "mentions", "sibling")
)  # kinds whose titles may stand anywhere in a claim
FILLING = frozenset(("of", "the", "both", "to"))
COMMAS = frozenset(",，")
LISTING = frozenset(("and", "、", "和", "与")) | COMMAS


def _part_of(quote: str, text: str) -> bool:
    """Whether a quote is the text, or a longer part of it that begins and ends between words."""
    if quote == text:
        return True
    at = text.find(quote)
    if at < 0 or len(quote) < len(text) / 3:
        return False
    end = at + len(quote)
    return (at == 0 or not text[at - 1].isalnum()) and (end == len(text) or not text[end].isalnum())


def _says(tokens: Sequence[Token]) -> bool:
    """Whether there is anything but marks."""
    return any(t.kind != "mark" for t in tokens)
