"""What clauses of a remark say of items: which they speak of, what is felt about them, that they are known."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from llm4rec.core.texts import Token
from llm4rec.writers.asking.compose import Composer, turned
from llm4rec.writers.asking.lexicon import Lexicon
from llm4rec.writers.asking.limits import Shelf
from llm4rec.writers.asking.readings import Lean, Range, Soft, Values
from llm4rec.writers.asking.scan import Mark
from llm4rec.writers.asking.steering import OPEN, UNWANTED, WANTED
from llm4rec.writers.asking.titles import plain_title
from llm4rec.writers.remarks.feelings import Feelings
from llm4rec.writers.remarks.polarity import ITEM, Polarity
from llm4rec.writers.remarks.steps import Event, Step, What, Wish
from llm4rec.writers.remarks.told import note
from llm4rec.writers.remarks.wordlists import wordlists

ANSWER = 4
"""So many words behind a question answer it."""
LIKEWISE = frozenset(
    {
        ("as", "well"),
        ("too",),
        ("also",),
        ("likewise",),
        ("ditto",),
        ("same",),
        ("either",),
        ("也",),
        ("也是",),
    }
)
"""All that may be said behind an item of which the same is true as of the one before."""
MIDDLE = 0.5
"""Stars from here on are for an item."""


@dataclass(frozen=True, eq=False)
class Setting:
    """What a remark is read against: the catalog's words and values, the list spoken of, what was spoken of last.

    `polarity` reads what the grammar does not; without it values in such clauses are wishes for more.
    """

    lexicon: Lexicon
    shelf: Shelf
    shown: tuple[int, ...] = ()
    about: tuple[int, ...] = ()
    feelings: Feelings = field(default_factory=Feelings)
    this_year: int | None = None
    polarity: Polarity | None = None


@dataclass
class Part:
    """A clause as far as it is read: where it began, which items it spoke of, and what of them."""

    start: int = 0
    spoken: list[int] = field(default_factory=list)
    settled: bool = False  # something was made of it
    pieces: int = 0  # that there were before it
    steps: int = 0  # as many
    known: bool = False
    already: bool = False
    looks: bool = False  # "looks good" is no verdict of somebody who knows it
    plural: bool = False
    singular: bool = False
    these: Mark | None = None  # the words for the whole list
    blamed: bool = False  # "Dickens is too gloomy": what was named is complained about
    first: int = 0  # the marks of the items spoken of: the first, and where the last ends
    last: int = 0
    share: float | None = None


class Clauses(Composer, ABC):
    """Keeps what the clause that is read speaks of, and makes events of it where it ends."""

    resembling = False  # whether the last "like" only said what is to be like it

    def __init__(self, setting: Setting, parts: Sequence[Token], text: str, language: str) -> None:
        super().__init__(setting.lexicon, parts, text, language)
        self.setting = setting
        self.steps: list[Step] = []
        self.about = list(setting.about)
        self.part = Part()
        self.excess = False
        self.refused = False  # "就算了": what is before it
        self.mild = False
        self.order = ""
        self.void: set[tuple[int, int]] = set()  # where words stand that only tell of an item
        self.asides: set[int] = set()  # where aspects stand that only tell of a value
        self.open: set[int] = set()  # where aspects stand of which nothing is asked
        self.told: list[int] = []  # the items that this remark spoke of
        self.held: list[int] = []  # what the clause before only named
        self.so_far = (0, 0)  # pieces and steps before "too"
        self.value: Mark | None = None  # the last value that was named

    def _tell(self, key: str, **values: object) -> None:
        self.notes.append(note(self.language, key, **values))

    # Clauses

    def _stop(self, place: int, mark: Mark) -> None:
        self._flush()
        if self.part.spoken and not self.part.settled and self._answered(place):
            return  # "Titanic? Please, no"
        self._close(mark.start)
        super()._stop(place, mark)
        self.excess = False

    def _answered(self, place: int) -> bool:
        """Whether all that is behind is a word or two that answer a question."""
        rest = [m for m in self.marks[place + 1 :] if m.tag not in ("sign", "stop", "comma")]
        said = all(m.tag in ("word", "fill", "not", "refused", "positive") for m in rest)
        return self._words(self.marks[place]) == ("?",) and 0 < len(rest) <= ANSWER and said

    def _positive(self, place: int, mark: Mark) -> None:
        if tuple(part.word for part in self.parts[mark.start : mark.end]) in wordlists().contrast:
            self._flush()
            self._close(mark.start)
        super()._positive(place, mark)

    def _comma(self, place: int, mark: Mark) -> None:
        self._flush()
        if self.refused:
            self._close(mark.start)  # "英语片看够了，来点法国的"
            self._wanted_again()
        self._new_clause(mark)
        self.excess = False
        behind = self.marks[place + 1].tag if place + 1 < len(self.marks) else ""
        listed = behind in ("title", "and", "or") and self.part.last == mark.start
        if self.part.spoken and not listed:
            self._close(mark.start)
        super()._comma(place, mark)

    def _new_clause(self, mark: Mark) -> None:
        """In Chinese a comma ends a clause: "too" goes no further."""
        if self.language == "zh" and (self.excess or self.part.blamed):
            self._close(mark.start)
            self.state.once = 0

    def _close(self, end: int) -> None:
        """What the clause that ends here says of items: stars, that they are known, or a feeling."""
        part = self.part
        text = self.text[self.parts[part.start].start : self.parts[end - 1].end] if end > part.start else ""
        feeling = self.setting.feelings(text) if text else 0.0
        span = (self.parts[part.start].start, self.parts[end - 1].end) if text else (0, 0)
        wanting = any(m.tag == "positive" and part.start <= m.start < end for m in self.marks)
        self._complained(part, feeling < 0 and not wanting, span[1])
        self.refused = False
        pieces = self.pieces[part.pieces :]
        part.settled = part.settled or any(self._settles(part, piece) for piece in pieces)
        self.part, self.excess = Part(start=end, pieces=len(self.pieces), steps=len(self.steps)), False
        if (part.spoken or part.known) and not part.settled:
            self.void.update((piece.start, piece.end) for piece in pieces)  # "number 4 at home"
        what: What
        if part.share is not None:
            self._event("liked" if part.share >= MIDDLE else "disliked", self._target(part), span, part.share)
        elif part.known or (part.already and part.spoken and not part.settled):
            what = "known" if not feeling else "liked" if feeling > 0 else "disliked"
            self._event(what, self._target(part), span)
        elif part.spoken and not part.settled and self._bare_place(part, end):
            self.held = part.spoken  # "the ninth!! more of that"
        elif part.spoken and not part.settled and (likewise := self._likewise(part, end)):
            self._event(likewise, part.spoken, span)
        elif part.spoken and not part.settled:
            self._judgement(part, part.spoken, self._said_of(part, end, feeling), span)
        elif part.these and not part.settled and not feeling and (found := self._said_of(part, end, 0.0)):
            self._judgement(part, list(self.setting.shown), found, span)
        elif not part.settled and feeling and not part.spoken:
            self._felt(part, feeling, span)
        self.part.settled = False  # what was made here is of the clause that ends
        if part.spoken:
            self.told = self.about = list(dict.fromkeys(part.spoken))

    def _bare_place(self, part: Part, end: int) -> bool:
        """Whether a clause only names items, and more is said behind it."""
        words = [
            m
            for m in self.marks
            if part.start <= m.start < end and m.tag not in ("title", "fill", "and", "comma")
        ]
        rest = [
            m.tag for m in self.marks if m.start >= end and m.tag not in ("stop", "comma", "sign", "fill")
        ]
        return not words and rest[:1] in (["more"], ["less"], ["like"])

    def _likewise(self, part: Part, end: int) -> What | None:
        """What was told of the items before, where a clause says no more than "8 as well"."""
        words = tuple(token.word for token in self.parts[part.last : end] if token.word[0].isalnum())
        last = self.steps[-1] if self.steps else None
        return last.what if words in LIKEWISE and isinstance(last, Event) else None

    def _settles(self, part: Part, piece: Any) -> bool:
        """Whether a piece says what a clause is about: words beside an item only tell of it."""
        told = isinstance(piece, Soft) and bool(part.spoken or part.known)
        return not told and bool(self._steps_of(piece))

    def _judgement(self, part: Part, items: list[int], found: str, span: tuple[int, int]) -> None:
        """What was said of items in words that the grammar does not know."""
        if found == "neither":
            self._tell("neither", words=self.text[slice(*span)])
        elif found in ("known", "away") or not part.spoken:
            self._event("known" if found == "known" else "passed", items, span)
        elif part.looks or found == "alike":
            self._alike(items, found != "disliked", span)
        else:
            self._event("liked" if found == "liked" else "disliked", items, span)

    def _said_of(self, part: Part, end: int, feeling: float) -> str:
        """By the reader of phrases, the items being "this one"; a word of feeling that says otherwise goes before."""
        felt = "liked" if feeling > 0 else "disliked" if feeling < 0 else ""
        first, last = (part.first, part.last) if part.spoken else (0, 0)
        if not part.spoken and part.these is not None:
            first, last = part.these.start, part.these.end
        if self.setting.polarity is None or self.language != "en" or last <= first:
            return felt or "neither"
        one, two = self._span(first, last)
        text = self.text[self.parts[part.start].start : one] + ITEM + self.text[two : self.parts[end - 1].end]
        found = self.setting.polarity.items(text.strip(" ,.;!"))
        if felt and found != "away":
            return felt  # known and felt about is felt about
        return "alike" if found == "liked" and part.spoken else found or "neither"

    def _felt(self, part: Part, feeling: float, span: tuple[int, int]) -> None:
        """A feeling about no item in particular: about one where it says "it", else about the list."""
        if part.singular and not part.plural and (self.about or self.setting.shown):
            self._event("liked" if feeling > 0 else "disliked", self._target(part), span)
        elif feeling < 0 and self.setting.shown and (part.plural or not self.steps):
            self._event("passed", list(self.setting.shown), span)
        elif feeling > 0:
            self._tell("thanks")

    def _target(self, part: Part) -> list[int]:
        """The items that a clause is about; of a list of which none is named the first, which is said."""
        if part.spoken:
            return part.spoken
        if part.plural:
            return list(self.setting.shown)
        if self.about:
            return self.about
        first = list(self.setting.shown[:1])
        if len(self.setting.shown) > 1:
            self._tell("first_meant", title=self._titles(first)[0])
        return first

    def _event(
        self, what: What, numbers: Sequence[int], span: tuple[int, int], value: float | None = None
    ) -> None:
        if not numbers:
            self._tell("nothing_shown", words=self.text[slice(*span)])
            return
        ids, titles = self._ids(numbers), self._titles(numbers)
        start, end = span
        self.steps.append(Event(what=what, items=ids, titles=titles, value=value, start=start, end=end))
        self.about = list(numbers)
        self.part.settled = True

    def _ids(self, numbers: Sequence[int]) -> tuple[Any, ...]:
        return tuple(self.lexicon.ids[n] for n in numbers)

    def _titles(self, numbers: Sequence[int]) -> tuple[str, ...]:
        return tuple(plain_title(self.lexicon.titles.titles[n]) for n in numbers)

    @abstractmethod
    def _steps_of(self, piece: Any) -> list[Step]:
        """What a piece of a request means of a list."""

    def _complained(self, part: Part, hard: bool, end: int) -> None:
        """ "Musicals bore me", "剧情片太多了": a value that is complained about behind it is not asked for."""
        if not hard and not self.excess and not part.blamed:
            return
        made = len(self.steps)
        for place in range(part.pieces, len(self.pieces)):
            piece = self.pieces[place]
            if isinstance(piece, Values | Soft) and piece.wanted and not part.spoken:
                span = {"text": self.text[piece.start : piece.end], "start": piece.start, "end": piece.end}
                if isinstance(piece, Values):
                    self.steps.append(Wish(more=False, pairs=piece.pairs, **span))
                    self.void.add((piece.start, piece.end))
                    part.settled = True
                else:
                    self.pieces[place] = Soft(wanted=False, **span)
            elif isinstance(piece, Range) and self.refused and not piece.unwanted:
                self.pieces[place] = turned(piece)
            elif isinstance(piece, Lean) and not part.spoken and self._blamed(piece):
                self.pieces[place] = piece.model_copy(update={"more": not piece.more})
        for place in range(part.steps, made):
            step = self.steps[place]
            if isinstance(step, Wish) and step.more and (step.pairs or (step.items and self.refused)):
                behind = self.text[step.end : end]
                if self.refused or self.setting.feelings(behind) < 0:
                    self.steps[place] = step.model_copy(update={"more": False})

    def _blamed(self, piece: Lean) -> bool:
        """Whether the words between commas that hold a leaning are unkind: "old stuff is boring" wants newer."""
        first = max(self.text.rfind(sign, 0, piece.start) for sign in ",，.") + 1
        ends = [at for sign in ",，.!" if (at := self.text.find(sign, piece.end)) >= 0]
        return self.setting.feelings(self.text[first : min(ends, default=len(self.text))]) < 0

    # Items

    def _title(self, place: int, mark: Mark) -> None:
        """An item that is named: wished like, felt about, passed, or spoken of until the clause ends."""
        self._flush()
        state, span = self.state, self._span(mark.start, mark.end)
        if state.polarity == OPEN:
            return
        if self.part.settled and self.part.spoken and not self._goes_on(place):
            self._close(mark.start)
        if self.part.known:
            self._speak(mark)
        elif state.like or state.hate:
            self._felt_of(mark, span)
        elif state.once:
            self._alike(mark.value, state.once == WANTED, span)
            state.once = 0
        elif state.polarity == UNWANTED and not state.used and not self._judged(place):
            self._event("passed", mark.value, span)
        else:
            self._speak(mark)
        if state.polarity == WANTED and state.like and self.resembling:
            self.liked += mark.value  # "like it but newer" is newer than it
        self.about = list(mark.value)
        state.used = True

    def _speak(self, mark: Mark) -> None:
        """From here on the clause is about these items."""
        part = self.part
        part.first, part.last = (part.first if part.spoken else mark.start), mark.end
        part.spoken += mark.value

    def _goes_on(self, place: int) -> bool:
        return bool(place) and self.marks[place - 1].tag in ("and", "or", "comma")

    def _judged(self, place: int) -> bool:
        """Whether something is said of the item behind it: "no, the second is too long"."""
        return any(m.tag in ("too", "compare", "lean", "aspect", "value") for m in self.marks[place + 1 :])

    def _felt_of(self, mark: Mark, span: tuple[int, int]) -> None:
        """Behind "like": to be like it, or that it was liked."""
        wanted = self.state.polarity == WANTED and self.state.once != UNWANTED  # "less like the first"
        if self.resembling:
            self._alike(mark.value, wanted, span)
        else:
            self._event("liked" if wanted else "disliked", mark.value, span)
        self.part.settled = True

    def _alike(self, numbers: Sequence[int], more: bool, span: tuple[int, int]) -> None:
        start, end = span
        self.steps.append(
            Wish(more=more, items=self._ids(numbers), titles=self._titles(numbers), start=start, end=end)
        )
        self.part.settled = True

    def _unknown(self, at: int) -> None:
        super()._unknown(at)
        self.part.settled = True

    def _like(self, place: int, mark: Mark) -> None:
        self.resembling = self._words(mark) in wordlists().resembling
        if self._words(mark)[0] in ("i", "we"):
            self.resembling = False
        before = self.parts[mark.start - 1].word if mark.start else ""
        if self._words(mark) == ("like",) and before in ("don't", "not", "really", "also", "i", "we"):
            self.resembling = False
        said = self.part.spoken or self.told
        ahead = self.marks[place + 1 : place + 2]
        if (
            said
            and self.resembling
            and self.state.polarity == UNWANTED
            and ahead
            and ahead[0].tag in ("it", "these")
        ):
            self._alike(said, False, self._span(mark.start, mark.end))  # "drop it and anything like it"
            return
        super()._like(place, mark)

    def _hate(self, place: int, mark: Mark) -> None:
        self.resembling = self._words(mark) in wordlists().resembling
        super()._hate(place, mark)

    def _words(self, mark: Mark) -> tuple[str, ...]:
        return tuple(part.word for part in self.parts[mark.start : mark.end])

    def _nowhere(self, place: int, mark: Mark) -> None:
        words = self.text[slice(*self._span(mark.start, mark.end))]
        if self.setting.shown:
            self._tell("not_so_many", words=words, count=len(self.setting.shown))
        else:
            self._tell("nothing_shown", words=words)
        self.part.settled = True
