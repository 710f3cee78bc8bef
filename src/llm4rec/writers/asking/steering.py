"""What the words of the grammar do to the reading: where wanting ends and begins anew. Makes no pieces but wishes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from llm4rec.core.texts import Token
from llm4rec.writers.asking.lexicon import Lexicon
from llm4rec.writers.asking.readings import Items, Piece, Soft
from llm4rec.writers.asking.scan import Mark, capitals
from llm4rec.writers.asking.told import note

WANTED, UNWANTED, OPEN = 1, -1, 0
_INSIDE = frozenset(
    {"word", "fill", "and", "or", "plain", "about", "degree", "sign", "more", "than", "not", "like", "by"}
)
"""Marks that a run of soft words may hold between two words."""


@dataclass
class State:
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


class Steering:
    """A handler a mark of the grammar; `state` is where the reading stands."""

    def __init__(self, lexicon: Lexicon, parts: Sequence[Token], text: str, language: str) -> None:
        self.lexicon, self.parts, self.text, self.language = lexicon, parts, text, language
        self.pieces: list[Piece] = []
        self.notes: list[str] = []
        self.liked: list[int] = []
        self.marks: Sequence[Mark] = ()
        self.state = State()

    def _note(self, key: str, **values: object) -> None:
        self.notes.append(note(self.language, key, **values))

    # Words of the grammar

    def _stop(self, place: int, mark: Mark) -> None:
        self._flush()
        self.state = State(named=self.state.named)

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
        if mark.end < len(self.parts) and self.parts[mark.end].word in ("it", "that", "them", "those", "它"):
            self._again()
        tail = [m for m in self.marks[place + 1 :] if m.tag not in ("fill", "degree", "sign")]
        if tail and tail[0].tag == "word" and self.parts[tail[0].start].capital:
            self._unknown(tail[0].start)

    def _again(self) -> None:
        """ "Not Dracula, but something like it": what was left out is liked."""
        last = self.pieces[-1] if self.pieces else None
        if isinstance(last, Items) and last.role == "banned" and self.state.polarity == WANTED:
            self.pieces[-1] = last.model_copy(update={"role": "liked"})

    def _unknown(self, at: int) -> None:
        """Say that nothing has the name that begins here."""
        name = capitals(self.parts, at)
        told = self.text[self.parts[at].start : self.parts[at + len(name) - 1].end]
        near = self.lexicon.titles.nearest(name)
        self._note("untitled_near" if near else "untitled", name=told, near=near)

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
            (self._about if self.parts[mark.start].word == "by" else self._item)(place, mark)
            return
        self._flush()
        self.state.about = False
        if self.state.polarity == UNWANTED and self.state.used:
            self._wanted_again()
        if tail[0].tag != "word":
            return
        name = [self.parts[m.start] for m in tail[:3] if m.tag == "word" and self.parts[m.start].capital]
        told = self.text[name[0].start : name[-1].end]
        self._note("nobody", name=told)

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

    def _more(self, place: int, mark: Mark) -> None:
        self._flush()
        self.state.once = WANTED if self.state.polarity != UNWANTED else UNWANTED

    def _less(self, place: int, mark: Mark) -> None:
        self._flush()
        self.state.once = UNWANTED

    def _kind(self, place: int, mark: Mark) -> None:
        """ "A thriller", where no item is marked as one: a wish like any other word."""
        self._word(place, Mark("word", mark.start, mark.end))

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

    def _span(self, start: int, end: int) -> tuple[int, int]:
        return self.parts[start].start, self.parts[end - 1].end

    def _add(self, piece: Piece) -> None:
        self.pieces.append(piece)
