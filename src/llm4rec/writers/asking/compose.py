"""Marks to pieces: values, names, titles, ranges and comparisons, by how the reading stands. Knows no words, only marks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from llm4rec.core.texts import stem
from llm4rec.writers.asking.ranges import Found
from llm4rec.writers.asking.readings import Items, Lean, Piece, Range, Soft, Values
from llm4rec.writers.asking.scan import Mark
from llm4rec.writers.asking.steering import OPEN, UNWANTED, WANTED, Steering
from llm4rec.writers.asking.titles import ARTICLES, plain_title

PEOPLE_MOST = 12


class Composer(Steering):
    """Reads marks once; `pieces` and `notes` are what they mean."""

    def read(self, marks: Sequence[Mark]) -> list[Piece]:
        """The pieces of a request."""
        self.marks = marks
        for place, mark in enumerate(marks):
            handle = getattr(self, f"_{mark.tag}", None)
            if handle is not None:
                handle(place, mark)
        self._flush()
        return self.pieces

    def _value(self, place: int, mark: Mark) -> None:
        state = self.state
        following = self.marks[place + 1].tag if place + 1 < len(self.marks) else ""
        if mark.near:
            told = " or ".join(sorted({value for _, value in mark.value}))
            self._note("misspelt", word=mark.near, values=told)
        soft = state.about or following in ("word", "quoted") or self._is_thing(place)
        if state.once or (state.polarity == WANTED and soft):
            self._word(place, Mark("word", mark.start, mark.end))
            return
        self._flush()
        self._valued(mark, self._qualifies(place))

    def _is_thing(self, place: int) -> bool:
        """Whether a value is told like a thing: "a war", "the sea", not "war films"."""
        mark = self.marks[place]
        words = tuple(stem(part.word) for part in self.parts[mark.start : mark.end])
        before = self.parts[self.marks[place - 1].end - 1].word if place else ""
        behind = self.marks[place + 1].tag if place + 1 < len(self.marks) else ""
        things = self.lexicon.words.things
        return words in things and before in ARTICLES and behind not in ("item", "kind", "value")

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
        last = self.pieces[self.state.chain[-1]]
        if not getattr(last, "wanted", True):
            return False
        if joined == "or":
            return True
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
        elif not (state.like or any(m.tag == "compare" for m in self.marks[place + 1 :])):
            self._word(place, mark)  # the item itself is looked for
            return
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
        told = self.text[slice(*self._span(mark.start + 1, mark.end - 1))]
        self._note("untitled_near" if near else "untitled", name=told, near=near)
        self.state.run.append(Mark("word", mark.start + 1, mark.end - 1))

    def _range(self, place: int, mark: Mark) -> None:
        self._flush()
        found: Found = mark.value
        start, end = self._span(mark.start, mark.end)
        if not found.column:
            key = "unmeasured" if found.measure else "no_number"
            self._note(key, words=self.text[start:end], measure=found.measure)
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
            self._note("only_wish", words=told, measure=measure)
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
        before = self.marks[place - 1] if place else None
        said = (
            before is not None and before.tag == "range" and before.value.column == column
        )  # "two hours long"
        if self.state.polarity == OPEN or said:
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
