"""Numbers in remarks: bounds, and more or less of a measure, held against the items spoken of or the list. Knows no words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from llm4rec.writers.asking.ranges import Found
from llm4rec.writers.asking.readings import Lean, Range
from llm4rec.writers.asking.scan import Mark
from llm4rec.writers.asking.steering import OPEN, UNWANTED, WANTED
from llm4rec.writers.remarks.clauses import Clauses
from llm4rec.writers.remarks.steps import Wish
from llm4rec.writers.remarks.wordlists import wordlists

LENGTHS = ("duration", "pages")

THOSE = frozenset(
    {("it",), ("that",), ("this",), ("those",), ("these",), ("them",), ("that", "one"), ("this", "one")}
)
"""Words for items that were just spoken of."""


class Measured(Clauses):
    """Reads lengths, years and other numbers; a comparison is with what the clause speaks of, else the middle of the list."""

    def _range(self, place: int, mark: Mark) -> None:
        """A length that only tells: "a waste of two hours"; "no time for a three hour epic" is at most less than that."""
        found: Found = mark.value
        plain = found.low is not None and found.high is not None
        measured = found.measure in ("duration", "pages")
        if plain and measured and self.part.spoken and not self._bounded_here(place):
            self._flush()
            self.part.settled = False
            return
        if plain and measured and self.state.polarity == UNWANTED and not self.state.used:
            mark = replace(mark, value=replace(found, high=None))
        super()._range(place, mark)

    def _bounded_here(self, place: int) -> bool:
        """Whether something is wanted of the length: "like the first but two hours"."""
        return any(
            m.tag in ("positive", "not", "like") for m in self.marks[:place] if m.start >= self.part.start
        )

    def _lean(self, place: int, mark: Mark) -> None:
        measure, more = mark.value
        if not self.excess and not self.state.once and self._complains(place):
            self.state.once = UNWANTED  # "these are all so old"
        if self.excess or self.state.once:
            self._flush()
            up = more == (self.state.once == WANTED)
            self.state.once, self.excess = 0, False
            self._compared(measure, up, self._numbers(), self._span(mark.start, mark.end))
            return
        super()._lean(place, mark)

    def _complains(self, place: int) -> bool:
        """Whether what is said is said of the list, or looks so: not what there should be."""
        part, state = self.part, self.state
        asked = {"something", "anything"} & {
            word.word for word in self.parts[part.start : self.marks[place].start]
        }
        wanting = state.like or state.polarity != WANTED or asked or part.spoken
        said = self.marks[place + 1].tag if place + 1 < len(self.marks) else "stop"
        return not wanting and (part.plural or part.looks) and said in ("stop", "comma", "sign", "positive")

    def _compare(self, place: int, mark: Mark) -> None:
        self._flush()
        measure, more = mark.value
        if self.state.polarity != OPEN:
            behind = self.marks[place + 1].tag if place + 1 < len(self.marks) else ""
            said = self.part.plural and behind == "than"  # "these are older than me"
            more = (more == (self.state.polarity == WANTED)) != said
            self._compared(measure, more, self._numbers(), self._span(mark.start, mark.end))

    def _numbers(self) -> Sequence[int]:
        """The items that a comparison is with: those of this clause, else those it is to be like; none: the list."""
        return self.part.spoken or self.liked

    def _compared(self, measure: str, more: bool, numbers: Sequence[int], span: tuple[int, int]) -> None:
        """A bound by the items spoken of, or by the middle of the list."""
        start, end = span
        self.part.settled = True
        column = self.lexicon.measures.get(measure)
        if column is None:
            self._unmeasured(measure, more, span)
            return
        listed = np.asarray(numbers or self.setting.shown, dtype=np.int64)
        known = self.lexicon.numbers[column][listed]
        known = known[np.isfinite(known)]
        if not len(known):
            self._add(Lean(column=column, more=more, start=start, end=end))
            return
        bound = float(np.median(known)) if not numbers else float(known.max() if more else known.min())
        side = {"low": bound, "low_open": True} if more else {"high": bound, "high_open": True}
        self._add(Range(column=column, start=start, end=end, **side))

    def _unmeasured(self, measure: str, more: bool, span: tuple[int, int]) -> None:
        """Of a catalog that knows no lengths, short pieces are the short ones; else it is said that nothing is known."""
        start, end = span
        brief = set(wordlists().named["brief"].values)
        pairs = tuple(sorted(pair for pair in self.lexicon.counts if pair[1] in brief))
        if measure not in LENGTHS or not pairs:
            self._tell("unmeasured", words=self.text[start:end], measure=measure)
            return
        self.steps.append(Wish(more=not more, text=self.text[start:end], pairs=pairs, start=start, end=end))

    # Of what there is to be more or less, where it was named before

    def _pointed(self, place: int) -> list[int]:
        """The items of this remark that "more of that" is about; none where it is about something else."""
        items = self.part.spoken or self.held or self.told
        ahead = [m for m in self.marks[place + 1 : place + 3] if m.tag != "sign"]
        pointing = bool(ahead) and self._words(ahead[0]) in THOSE
        alone = len(ahead) < 2 or ahead[1].tag in ("stop", "comma", "positive", "fill")
        return (
            list(items) if pointing and alone and self.parts[self.marks[place].end - 1].word == "of" else []
        )

    def _behind(self, place: int) -> bool:
        """Whether a Chinese more or less ends its clause, a value being before: "小说少一点"."""
        if self.language != "zh" or self.value is None or self.value.start < self.part.start:
            return False
        between = [m.tag for m in self.marks[:place] if m.start >= self.value.end]
        ahead = next((m.tag for m in self.marks[place + 1 :] if m.tag not in ("fill", "degree")), "stop")
        return set(between) <= {"fill", "item", "kind", "degree"} and ahead in ("stop", "comma")

    def _wish_of_last(self, more: bool) -> None:
        """The value that was named last is wished for, or less of it, instead of asked for."""
        self._flush()
        mark = self.value
        assert mark is not None
        start, end = self._span(mark.start, mark.end)
        self.void.add((start, end))
        self.steps.append(Wish(more=more, text=self.text[start:end], pairs=mark.value, start=start, end=end))
        self.part.settled = True

    def _goes_with(self, place: int) -> bool:
        """Whether a value stands right behind: "less gory horror" is less of both."""
        ahead = self.marks[place + 1 : place + 2]
        if ahead and ahead[0].tag == "fill" and self._words(ahead[0]) == ("的",):
            ahead = self.marks[place + 2 : place + 3]
        beside = bool(ahead) and ahead[0].tag == "value"
        return bool(self.state.once) and (beside or self._joined_with(place))

    def _joined_with(self, place: int) -> bool:
        """Whether "and" and one more kind of thing stand behind: "too much shooting and explosions"."""
        ahead = [mark.tag for mark in self.marks[place + 1 : place + 3]]
        return len(ahead) == 2 and ahead[0] in ("and", "or") and ahead[1] in ("value", "aspect")
