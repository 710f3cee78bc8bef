"""What the shape of a sentence says of all it names: rhetorical questions, disbelief and dismissal are complaints.

Reads marks and gives them back put plainly: "do I look like someone who'd watch westerns" as "less westerns".
Knows no catalog but which of the shown items a mark stands for.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

from llm4rec.core.texts import Token
from llm4rec.writers.asking.ranges import Found
from llm4rec.writers.asking.scan import Mark

NAMED = frozenset({"value", "name", "aspect", "trait"})
"""Marks of which there may be more or less."""
THINGS = NAMED | {"title", "range", "lean", "compare"}
LENGTHS = ("duration", "pages")
ASIAN = 0x2E7F
SHOWN = 0.2
"""So large a share of the list makes doubled question marks a complaint."""
STEERING = frozenset(
    {"not", "hate", "less", "refused", "too", "known", "like", "more", "positive", "resembles"}
)
"""Marks that say of what is named whether it is wanted."""
OWNED = frozenset({"my", "our", "his", "her", "their"})
CHILDISH = frozenset({"childish", "drawn", "marvellous"})

Share = Callable[[Mark], float]
"""The share of the list that is shown which has what a mark stands for."""


@dataclass(frozen=True)
class Shapes:
    """The shapes of one language, compiled."""

    opens: tuple[re.Pattern[str], ...]
    holds: tuple[re.Pattern[str], ...]
    grown: re.Pattern[str]
    removal: re.Pattern[str]
    wants: re.Pattern[str] | None = None
    disbelief: re.Pattern[str] | None = None
    lacks: re.Pattern[str] | None = None
    aged: re.Pattern[str] | None = None
    deadline: re.Pattern[str] | None = None
    more_than_that: re.Pattern[str] | None = None
    sends_off: re.Pattern[str] | None = None
    others: tuple[re.Pattern[str], ...] = ()
    shown: re.Pattern[str] | None = None


@cache
def shapes(language: str) -> Shapes:
    """Those of "zh", else the English ones."""
    file = resources.files("llm4rec.writers.remarks") / "words" / "shapes.toml"
    told = tomllib.loads(file.read_text(encoding="utf-8"))["chinese" if language == "zh" else "english"]
    small = f"(?:{told['small']} )*" if "small" in told else ""
    opens = tuple(re.compile(f"^{small}(?:{shape})") for shape in told["opens"].split("\n") if shape)
    holds = tuple(re.compile(shape) for shape in told["holds"].split("\n") if shape)
    keys = ("wants", "disbelief", "lacks", "aged", "deadline", "more_than_that")
    others = tuple(re.compile(shape) for shape in told["others"].split("\n") if shape)
    rest = {key: re.compile(told[key].replace("SMALL", told.get("small", ""))) for key in keys if key in told}
    if "sends_off" in told:
        rest["sends_off"] = re.compile(f"^(?:{told['sends_off']})$")
    if "shown" in told:
        rest["shown"] = re.compile(f"^{small}{told['shown']}")
    return Shapes(
        opens, holds, re.compile(told["grown"]), re.compile(f"^(?:{told['removal']})$"), others=others, **rest
    )


@dataclass
class Piece:
    """Marks between two signs; `end` is the words of the sign behind them."""

    marks: list[Mark]
    end: list[Mark]
    text: str

    @property
    def things(self) -> list[Mark]:
        """What is named in it."""
        return [mark for mark in self.marks if mark.tag in THINGS]


class Stance:
    """Puts the sentences of one remark plainly. `share` tells what the list has."""

    def __init__(self, parts: Sequence[Token], language: str, share: Share) -> None:
        self.parts, self.share = parts, share
        self.language = language
        self.shapes = shapes(language)

    def plain(self, marks: Sequence[Mark]) -> list[Mark]:
        """The marks of a remark; in sentences that complain by their shape only what is complained about is left."""
        if any(mark.tag == "title" for mark in marks):
            marks = [replace(mark, tag="fill") if self._is_person(mark) else mark for mark in marks]
        pieces = self._pieces(_once(marks))
        grown = bool(self.shapes.grown.search(self._text(marks)))
        against = self._against(pieces)
        made: list[Mark] = []
        for piece, turned in zip(pieces, against, strict=True):
            made += self._put(piece, turned or (grown and self._is_outgrown(piece)))
            made += piece.end
        return made

    def _against(self, pieces: Sequence[Piece]) -> list[bool]:
        """Which pieces complain of all they name; what only speaks of another piece is emptied."""
        against = [self._complains(piece) for piece in pieces]
        for place, piece in enumerate(pieces):
            doubted = self._doubted(piece, pieces[place + 1 :])
            against[place] = against[place] or doubted or self._follows(place, pieces, against)
            if place and self._speaks_back(piece, against[place]) and self._may_turn(pieces[place - 1]):
                against[place - 1] = True
                piece.marks = []
            if not piece.things:
                self._of_the_list(place, pieces)
        return against

    def _put(self, piece: Piece, turned: bool) -> list[Mark]:
        """The marks of one piece put plainly."""
        if turned and piece.things:
            return self._turned(piece)
        if self._tells_of_list(piece):
            return self._dated(piece)
        if self._misses(piece):
            return [m for mark in piece.things for m in (Mark("more", mark.start, mark.start + 1), mark)]
        if self._finds_old(piece):
            return [Mark("compare", piece.marks[0].start, piece.marks[-1].end, ("year", True))]
        if self._is_deadline(piece):
            return [self._at_most(mark) for mark in piece.marks]
        return piece.marks

    def _pieces(self, marks: Sequence[Mark]) -> list[Piece]:
        """What stands between signs; a list of things stays together."""
        pieces: list[Piece] = []
        inside: list[Mark] = []
        for mark in [*marks, None]:
            if mark is not None and mark.tag not in ("stop", "comma"):
                inside.append(mark)
            elif inside or mark is None:
                pieces.append(Piece(inside, [] if mark is None else [mark], self._text(inside)))
                inside = []
            elif pieces:
                pieces[-1].end.append(mark)
            else:
                pieces.append(Piece([], [mark], ""))
        return pieces

    def _text(self, marks: Sequence[Mark]) -> str:
        words = [
            p.word for m in marks for p in self.parts[m.start : m.end] if p.word[0].isalnum() or p.word == "'"
        ]
        if self.language == "zh":
            return "".join(words)
        return " ".join(words)

    def _complains(self, piece: Piece) -> bool:
        """By the shape of the sentence alone."""
        if any(shape.search(piece.text) for shape in self.shapes.opens):
            return True
        if any(shape.search(piece.text) for shape in self.shapes.holds):
            return not any(mark.tag == "title" for mark in piece.marks)
        return False

    def _follows(self, place: int, pieces: Sequence[Piece], against: Sequence[bool]) -> bool:
        """Whether a piece goes on with the complaint before its comma, and only names further things."""
        if not place or not against[place - 1] or self._sign(pieces[place - 1]) != ",":
            return False
        return all(m.tag in (*NAMED, "fill", "and", "or", "item") for m in pieces[place].marks)

    def _sign(self, piece: Piece) -> str:
        return "".join(self.parts[mark.start].word for mark in piece.end)

    def _doubted(self, piece: Piece, behind: Sequence[Piece]) -> bool:
        """ "Westerns? Really?", "only books in English??": named with a question mark and not asked for."""
        sign = self._sign(piece)
        if "?" not in sign or not piece.things or self.shapes.disbelief is None or self.shapes.wants is None:
            return False
        if piece.text.startswith(("only ", "just ")):
            return True
        after = self.shapes.disbelief.search(behind[0].text) if behind else None
        doubled = sign.count("?") > 1 or "!" in sign or piece.text.endswith((" again", " still", " really"))
        again = piece.text.endswith((" again", " still", " really"))
        if self.shapes.wants.search(piece.text) and not (again or after):
            return False
        if any(
            mark.tag not in (*THINGS, "fill", "and", "or", "item", "word", "more", "kind", "degree")
            for mark in piece.marks
        ):
            return False
        if any(mark.tag == "title" for mark in piece.things):
            return bool(after)
        shares = [self.share(mark) for mark in piece.things if mark.tag in NAMED]
        most = max(shares, default=0.0)
        return most > 0 and (bool(after) or (doubled and most >= SHOWN and not (behind and behind[0].text)))

    def _speaks_back(self, piece: Piece, against: bool) -> bool:
        """Whether a piece names nothing itself and complains about what was named before it, or sends it away."""
        known = any(mark.tag in ("known", "others", "undo", "restart") for mark in piece.marks)
        if not piece.text or piece.things or known:
            return False
        return against or bool(self.shapes.removal.match(piece.text))

    def _may_turn(self, piece: Piece) -> bool:
        """Whether all that a piece names are kinds of things: items are told of otherwise."""
        said = piece.things
        steered = any(m.tag in STEERING for m in piece.marks)
        long = all(m.tag != "range" or m.value.measure in LENGTHS for m in said)
        return bool(said) and not steered and long and all(m.tag in NAMED | {"lean", "range"} for m in said)

    def _of_the_list(self, place: int, pieces: Sequence[Piece]) -> None:
        """A piece that names nothing: it may send the list away, or the item that was named before it, or bound a length."""
        piece, shape = pieces[place], self.shapes
        if not piece.marks or any(m.tag in ("others", "undo", "restart", "known") for m in piece.marks):
            return
        first, last = piece.marks[0].start, piece.marks[-1].end
        before = [mark for old in pieces[:place] for mark in old.things]
        if any(other.search(piece.text) for other in shape.others):
            piece.marks = [Mark("others", first, last)]
        elif shape.sends_off is not None and shape.sends_off.match(piece.text):
            if before and all(mark.tag == "title" for mark in before):
                piece.marks = [Mark("refused", first, last)]
        elif shape.more_than_that is not None and shape.more_than_that.match(piece.text) and place:
            pieces[place - 1].marks = [self._at_most(mark) for mark in pieces[place - 1].marks]
            piece.marks = []

    def _is_person(self, mark: Mark) -> bool:
        """Whether "my kids" are those who say something of an item."""
        own = mark.start and self.parts[mark.start - 1].word in OWNED
        told = self.parts[mark.start].word in OWNED
        for_them = mark.start > 1 and self.parts[mark.start - 2].word in ("for", "with")
        return (
            mark.tag == "aspect" and mark.value[0].name == "childish" and bool(own or told) and not for_them
        )

    def _is_outgrown(self, piece: Piece) -> bool:
        """Whether a piece speaks of nothing but what is for children, who are nobody's here."""
        asked = any(m.tag in ("like", "positive", "more", "not", "hate", "less") for m in piece.marks)
        owned = OWNED.intersection(piece.text.split())
        named = [mark for mark in piece.things if mark.tag in NAMED]
        return bool(named) and not asked and not owned and all(map(self._childish, named))

    def _childish(self, mark: Mark) -> bool:
        if mark.tag == "aspect":
            return mark.value[0].name in CHILDISH and mark.value[1] is None
        return mark.tag == "value" and any(
            value in ("Children's", "Children", "Animation") for _, value in mark.value
        )

    def _turned(self, piece: Piece) -> list[Mark]:
        """Less of all that is named."""
        made: list[Mark] = []
        for mark in piece.things:
            made += self._less(mark)
        return made

    def _less(self, mark: Mark) -> list[Mark]:
        at = mark.start
        if mark.tag == "compare":
            return [mark]
        if mark.tag == "lean":
            return [Mark("too", at, at + 1), mark]
        if mark.tag == "title":
            return [Mark("not", at, at + 1), mark]
        if mark.tag == "range":
            return self._shorter(mark)
        return [Mark("less", at, at + 1), mark]

    def _shorter(self, mark: Mark) -> list[Mark]:
        """A length that is complained about is too long; of other numbers the others are wanted."""
        found: Found = mark.value
        if found.measure not in LENGTHS or found.low is None:
            return [Mark("not", mark.start, mark.start + 1), mark]
        high = found.low if found.high is None else (found.low + found.high) / 2
        bound = replace(found, low=None, low_open=False, high=high, high_open=True)
        return [Mark("compare", mark.start, mark.end, (found.measure, False)), replace(mark, value=bound)]

    def _tells_of_list(self, piece: Piece) -> bool:
        """ "These are all from the nineties"."""
        shape = self.shapes.shown
        dated = any(m.tag == "range" and m.value.measure in ("year", *LENGTHS) for m in piece.marks)
        steered = any(m.tag in STEERING for m in piece.marks)
        dated = dated or (self.language == "zh" and bool(piece.things) and not steered)
        return dated and shape is not None and bool(shape.search(piece.text + " "))

    def _misses(self, piece: Piece) -> bool:
        """ "Not a single western on here?!", where there is none."""
        shape, named = self.shapes.lacks, [mark for mark in piece.things if mark.tag in NAMED]
        said = shape is not None and shape.search(f"{piece.text} ")
        if not said or not named or len(named) < len(piece.things) or max(map(self.share, named)) >= SHOWN:
            return False
        sure = said.group(0).split()[-1] in ("single", "one", "any", "zero") or "here" in piece.text.split()
        return sure or "?" in self._sign(piece)

    def _finds_old(self, piece: Piece) -> bool:
        """ "I wasn't even born when these were made"."""
        aged, listed = self.shapes.aged, any(m.tag in ("these", "it") for m in piece.marks)
        asked = any(m.tag in ("positive", "more", "others") for m in piece.marks)
        return aged is not None and listed and not asked and bool(aged.search(piece.text))

    def _is_deadline(self, piece: Piece) -> bool:
        """Whether a length that is named is all the time there is: "the train leaves in 95 minutes"."""
        shape, denied = self.shapes.deadline, any(m.tag in ("not", "hate", "less") for m in piece.marks)
        return shape is not None and not denied and bool(shape.search(piece.text))

    def _at_most(self, mark: Mark) -> Mark:
        """A length that is meant roughly as one that nothing exceeds."""
        found = mark.value
        if mark.tag != "range" or found.measure not in LENGTHS or found.low is None or found.high is None:
            return mark
        return replace(mark, value=replace(found, low=None, high=(found.low + found.high) / 2))

    def _dated(self, piece: Piece) -> list[Mark]:
        return [m for mark in piece.marks if mark.tag in THINGS for m in self._less(mark)]


def _once(marks: Sequence[Mark]) -> list[Mark]:
    """Without a kind that is said twice in a row."""
    return [
        mark
        for at, mark in enumerate(marks)
        if not (
            at and mark.tag in NAMED and mark.tag == marks[at - 1].tag and mark.value == marks[at - 1].value
        )
    ]
