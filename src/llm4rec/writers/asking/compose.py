"""Marks to pieces: what is wanted and what is not, what is hard and what is soft. Knows no words, only their marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from llm4rec.core.texts import Token
from llm4rec.writers.asking.lexicon import Lexicon
from llm4rec.writers.asking.ranges import Found
from llm4rec.writers.asking.readings import Items, Lean, Piece, Range, Soft, Values
from llm4rec.writers.asking.scan import Mark, capitals
from llm4rec.writers.asking.titles import plain_title

WANTED, UNWANTED, OPEN = 1, -1, 0
_INSIDE = frozenset(
    {"word", "fill", "and", "or", "plain", "about", "degree", "sign", "more", "than", "not", "like", "by"}
)
"""Marks that a run of soft words may hold between two words."""
PEOPLE_MOST = 12


@dataclass
class _State:
    """Where the reading stands: polarity, whether it is used up, and what values would mean here."""

    polarity: int = WANTED
    used: bool = False
    brief: bool = False  # "non-French novels", "没有战争的小说": not wanted is only what is next
    hate: bool = False
    like: bool = False
    about: bool = False
    once: int = 0  # "less violence": the next thing only
    named: bool = False  # an item was liked: "but shorter" is shorter than it
    run: list[Mark] = field(default_factory=list)
    chain: list[int] = field(default_factory=list)  # pieces in one list of alternatives, so far
    joined: str = ""


class Composer:
    """Reads marks once; `pieces` and `notes` are what they mean."""

    def __init__(self, lexicon: Lexicon, parts: Sequence[Token], text: str) -> None:
        self.lexicon, self.parts, self.text = lexicon, parts, text
        self.pieces: list[Piece] = []
        self.notes: list[str] = []
        self.liked: list[int] = []
        self.marks: Sequence[Mark] = ()
        self.state = _State()

    def read(self, marks: Sequence[Mark]) -> list[Piece]:
        """The pieces of a request."""
        self.marks = marks
        for place, mark in enumerate(marks):
            handle = getattr(self, f"_{mark.tag}", None)
            if handle is not None:
                handle(place, mark)
        self._flush()
        return self.pieces

    # Words of the grammar

    def _stop(self, place: int, mark: Mark) -> None:
        self._flush()
        self.state = _State(named=self.state.named)

    def _comma(self, place: int, mark: Mark) -> None:
        self._flush()
        state = self.state
        state.joined = "comma"
        if state.polarity != WANTED and state.used and not self._list_goes_on(place):
            self._wanted_again()

    def _list_goes_on(self, place: int) -> bool:
        """Whether "no war, politics or religion": behind the comma one thing, and then another comma, "or" or "and"."""
        rest = [m.tag for m in self.marks[place + 1 :] if m.tag not in ("fill", "degree")]
        if not rest or rest[0] not in ("value", "name", "word", "title"):
            return False
        for tag in rest[1:]:
            if tag in ("or", "and"):
                return True
            if tag not in ("comma", "value", "name", "word", "title"):
                return False
        return False

    def _wanted_again(self) -> None:
        state = self.state
        state.polarity, state.used, state.hate, state.about, state.brief = WANTED, False, False, False, False

    def _not(self, place: int, mark: Mark) -> None:
        self._flush()
        state = self.state
        doubled = (
            state.polarity == UNWANTED and not state.used and place and self.marks[place - 1].tag == "not"
        )
        self._wanted_again()
        self.state.polarity = WANTED if doubled else UNWANTED
        self.state.like = False
        self.state.chain = []

    def _brief(self, place: int, mark: Mark) -> None:
        self._not(place, mark)
        self.state.brief = True

    def _hate(self, place: int, mark: Mark) -> None:
        self._not(place, mark)
        self.state.hate = True

    def _neutral(self, place: int, mark: Mark) -> None:
        self._flush()
        self.state.polarity, self.state.used = OPEN, False

    def _positive(self, place: int, mark: Mark) -> None:
        self._flush()
        self._wanted_again()
        self.state.like = False
        self.state.chain = []

    def _like(self, place: int, mark: Mark) -> None:
        self._flush()
        if self.state.polarity != WANTED and self.state.used:
            self._wanted_again()
        self.state.like = True
        if self.state.polarity == UNWANTED:
            self.state.hate = True
        tail = [m for m in self.marks[place + 1 :] if m.tag not in ("fill", "degree", "sign")]
        if tail and tail[0].tag == "word" and self.parts[tail[0].start].capital:
            self._unknown(tail[0].start)

    def _unknown(self, at: int) -> None:
        """Say that nothing has the name that begins here."""
        name = capitals(self.parts, at)
        told = self.text[self.parts[at].start : self.parts[at + len(name) - 1].end]
        near = self.lexicon.titles.nearest(name)
        self.notes.append(
            f"nothing here is called {told!r}" + (f"; the nearest title is {near!r}" if near else "")
        )

    def _about(self, place: int, mark: Mark) -> None:
        if self.state.polarity == UNWANTED and self.state.used:
            self._flush()
            self._wanted_again()
        if self.state.run:
            self.state.run.append(mark)
        self.state.about = True

    def _by(self, place: int, mark: Mark) -> None:
        tail = [m for m in self.marks[place + 1 :] if m.tag not in ("fill", "and")]
        named = bool(tail) and (tail[0].tag == "name" or self.parts[tail[0].start].capital)
        if not named:
            self._about(place, mark)
            return
        self._flush()
        self.state.about = False
        if self.state.polarity == UNWANTED and self.state.used:
            self._wanted_again()
        if tail[0].tag != "word":
            return
        name = [self.parts[m.start] for m in tail[:3] if m.tag == "word" and self.parts[m.start].capital]
        told = self.text[name[0].start : name[-1].end]
        self.notes.append(f"nobody called {told!r} is known here; it is taken as a wish")

    def _and(self, place: int, mark: Mark) -> None:
        self.state.joined = "and"
        following = self.marks[place + 1].tag if place + 1 < len(self.marks) else ""
        article = following == "fill" and self.parts[self.marks[place + 1].start].word in (
            "a",
            "an",
            "some",
            "the",
        )
        if (
            self.state.polarity != WANTED
            and self.state.used
            and (article or following in ("about", "like", "lean", "compare", "range"))
        ):
            self._flush()
            self._wanted_again()
        elif self.state.run:
            self.state.run.append(mark)

    def _or(self, place: int, mark: Mark) -> None:
        self.state.joined = "or"
        if self.state.run:
            self.state.run.append(mark)

    def _plain(self, place: int, mark: Mark) -> None:
        self.state.about = False
        self._fill(place, mark)

    def _fill(self, place: int, mark: Mark) -> None:
        if self.state.brief and self.state.used and self.parts[mark.start].word == "的":
            self._flush()
            self._wanted_again()
        if self.state.run:
            self.state.run.append(mark)

    _degree = _sign = _than = _fill

    def _item(self, place: int, mark: Mark) -> None:
        self._flush()

    _kind = _item

    def _more(self, place: int, mark: Mark) -> None:
        self._flush()
        self.state.once = WANTED if self.state.polarity != UNWANTED else UNWANTED

    def _less(self, place: int, mark: Mark) -> None:
        self._flush()
        self.state.once = UNWANTED

    # Words of meaning

    def _word(self, place: int, mark: Mark) -> None:
        self.state.run.append(mark)
        self.state.used = True

    def _flush(self) -> None:
        """The run of soft words so far becomes a piece."""
        run, state = self.state.run, self.state
        state.run = []
        while run and run[-1].tag in _INSIDE - {"word"}:
            run.pop()
        while run and run[0].tag in _INSIDE - {"word"}:
            run.pop(0)
        polarity = state.once or state.polarity
        if run:
            state.once = 0
        if run and polarity != OPEN:
            start, end = self._span(run[0].start, run[-1].end)
            self._add(Soft(text=self.text[start:end], wanted=polarity == WANTED, start=start, end=end))

    def _value(self, place: int, mark: Mark) -> None:
        state = self.state
        following = self.marks[place + 1].tag if place + 1 < len(self.marks) else ""
        if mark.near:
            told = " or ".join(sorted({value for _, value in mark.value}))
            self.notes.append(f"{mark.near!r} was read as {told}")
        if state.once or (state.polarity == WANTED and (state.about or following in ("word", "quoted"))):
            self._word(place, Mark("word", mark.start, mark.end))
            return
        self._flush()
        self._valued(mark, self._qualifies(place))

    def _qualifies(self, place: int) -> bool:
        """Whether an unwanted value narrows the one before it: "no French novels"."""
        before = next(
            (m for m in reversed(self.marks[:place]) if m.tag not in ("fill", "sign", "degree")), None
        )
        return before is not None and before.tag in ("value", "name") and self.state.polarity == UNWANTED

    def _name(self, place: int, mark: Mark) -> None:
        self._flush()
        if self.state.like and self.state.polarity != OPEN:
            start, end = self._span(mark.start, mark.end)
            names = " ".join(value for _, value in mark.value[:PEOPLE_MOST])
            self._add(Soft(text=names, wanted=self.state.polarity == WANTED, start=start, end=end))
            self.state.used = True
            return
        self._valued(mark)

    def _valued(self, mark: Mark, narrows: bool = False) -> None:
        state = self.state
        if state.polarity == OPEN:
            return
        start, end = self._span(mark.start, mark.end)
        wanted = state.polarity == WANTED
        state.used = True
        piece = Values(pairs=mark.value, wanted=wanted, start=start, end=end)
        last = self.pieces[-1] if self.pieces else None
        if narrows and not state.brief and isinstance(last, Values) and not last.wanted:
            self.pieces[-1] = last.model_copy(update={"both": (*last.both, mark.value), "end": end})
            return
        if narrows and state.brief:
            self._wanted_again()
            self._valued(mark)
            return
        if wanted and state.chain and self._alternative(piece):
            self._merge(piece)
        else:
            if state.joined != "comma":
                state.chain = []
            self._add(piece)
            state.chain.append(len(self.pieces) - 1)
        state.joined = ""

    def _alternative(self, piece: Values) -> bool:
        """Whether a value is another choice beside the last one, not a further condition."""
        joined = self.state.joined
        if joined == "or":
            return True
        last = self.pieces[self.state.chain[-1]]
        one = {column for column, _ in piece.pairs} | {c for c, _ in getattr(last, "pairs", ())}
        if joined in ("and", "comma") and one <= self.lexicon.single | self.lexicon.people and len(one) == 1:
            return True
        return joined == "and" and self._plural(piece) and self._plural(last)

    def _plural(self, piece: Piece) -> bool:
        """ "comedies and thrillers" are both kinds, not films that are both."""
        return self.text[piece.start : piece.end].endswith("s") and not any(
            value.endswith("s") for _, value in getattr(piece, "pairs", ())
        )

    def _merge(self, piece: Values) -> None:
        """All values of the list so far, and this one, become one piece of alternatives."""
        chain = self.state.chain
        if self.state.joined != "or":
            chain = chain[-1:]
        first = min(chain)
        pairs: dict[tuple[str, str], None] = {}
        for place in sorted(chain):
            pairs |= dict.fromkeys(getattr(self.pieces[place], "pairs", ()))
        pairs |= dict.fromkeys(piece.pairs)
        start = self.pieces[first].start
        self.pieces[first] = Values(pairs=tuple(pairs), wanted=True, start=start, end=piece.end)
        for place in sorted(chain, reverse=True):
            if place != first:
                del self.pieces[place]
        self.state.chain = [first]

    def _title(self, place: int, mark: Mark) -> None:
        self._flush()
        state = self.state
        if state.polarity == OPEN:
            return
        role = "liked"
        if state.polarity == UNWANTED:
            role = "disliked" if state.hate or state.like else "banned"
        else:
            self.liked += mark.value
            state.named = True
        start, end = self._span(mark.start, mark.end)
        ids = tuple(self.lexicon.ids[n] for n in mark.value)
        titles = tuple(plain_title(self.lexicon.titles.titles[n]) for n in mark.value)
        self._add(Items(items=ids, titles=titles, role=role, start=start, end=end))
        state.used, state.about = True, False

    def _quoted(self, place: int, mark: Mark) -> None:
        """Words in quotes that are no title."""
        self._flush()
        near = self.lexicon.titles.nearest(mark.value)
        told = self.text[slice(*self._span(mark.start, mark.end))]
        self.notes.append(
            f"nothing here is called {told}" + (f"; the nearest title is {near!r}" if near else "")
        )
        self.state.run.append(Mark("word", mark.start + 1, mark.end - 1))

    def _range(self, place: int, mark: Mark) -> None:
        self._flush()
        found: Found = mark.value
        start, end = self._span(mark.start, mark.end)
        if not found.column:
            what = f"nothing is known of the {found.measure}" if found.measure else "no number is known"
            self.notes.append(f"{self.text[start:end]!r} could not be applied: {what} of these items")
            return
        if self.state.polarity == OPEN:
            return
        piece = Range(
            column=found.column, low=found.low, high=found.high, low_open=found.low_open,
            high_open=found.high_open, start=start, end=end,
        )  # fmt: skip
        unwanted = self.state.polarity == UNWANTED and not self.state.used
        self._add(turned(piece) if unwanted else piece)
        self.state.used = True

    def _relative(self, place: int, mark: Mark) -> None:
        """ "shorter than TITLE"."""
        self._flush()
        measure, more, numbers = mark.value
        start, end = self._span(mark.start, mark.end)
        if self.state.polarity == UNWANTED:
            more = not more
        self._compared(measure, more, numbers, (start, end))
        self.state.used = True

    def _compare(self, place: int, mark: Mark) -> None:
        """ "shorter", of an item liked before, or of things in general."""
        if self.state.about and self.state.run:
            self._word(place, mark)
            return
        self._flush()
        measure, more = mark.value
        if self.state.polarity == OPEN:
            return
        more = more == (self.state.polarity == WANTED)
        self._compared(
            measure, more, self.liked if self.state.named else [], self._span(mark.start, mark.end)
        )

    def _compared(self, measure: str, more: bool, numbers: Sequence[int], span: tuple[int, int]) -> None:
        start, end = span
        column = self.lexicon.measures.get(measure)
        if column is None:
            told = self.text[start:end]
            self.notes.append(f"{told!r} is only a wish: nothing is known of the {measure} of these items")
            self._add(Soft(text=told, start=start, end=end))
            return
        known = self.lexicon.numbers[column][np.asarray(numbers, dtype=np.int64)]
        known = known[np.isfinite(known)]
        if not len(known):
            self._add(Lean(column=column, more=more, start=start, end=end))
        elif more:
            self._add(Range(column=column, low=float(known.max()), low_open=True, start=start, end=end))
        else:
            self._add(Range(column=column, high=float(known.min()), high_open=True, start=start, end=end))

    def _lean(self, place: int, mark: Mark) -> None:
        """ "a short one": rather little. Where it says how something else is ("old houses"), it is a plain word."""
        measure, more = mark.value
        column = self.lexicon.measures.get(measure)
        if column is None or self.state.about or not self._of_items(place):
            self._word(place, Mark("word", mark.start, mark.end))
            return
        self._flush()
        if self.state.polarity == OPEN:
            return
        start, end = self._span(mark.start, mark.end)
        self._add(Lean(column=column, more=more == (self.state.polarity == WANTED), start=start, end=end))

    def _of_items(self, place: int) -> bool:
        """Whether what is behind says that items are praised: a noun for items, an attribute, or nothing more."""
        for mark in self.marks[place + 1 :]:
            if mark.tag in ("word", "quoted"):
                return False
            if mark.tag not in ("sign", "lean", "and", "degree"):
                return True
        return True

    def _span(self, start: int, end: int) -> tuple[int, int]:
        return self.parts[start].start, self.parts[end - 1].end

    def _add(self, piece: Piece) -> None:
        self.pieces.append(piece)


def turned(piece: Range) -> Range:
    """The range of what is not in it: "nothing over 20" is at most 20; between two bounds it stays, unwanted."""
    if piece.low is not None and piece.high is not None:
        return piece.model_copy(update={"unwanted": True})
    return piece.model_copy(
        update={
            "low": piece.high,
            "low_open": not piece.high_open,
            "high": piece.low,
            "high_open": not piece.low_open,
        }
        if piece.low is None
        else {"low": None, "low_open": False, "high": piece.low, "high_open": not piece.low_open}
    )
