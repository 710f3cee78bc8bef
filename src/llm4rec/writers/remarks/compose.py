"""Marks of a remark to steps: what requests say by the grammar of requests, the rest here. Knows no words, only marks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from llm4rec.core.texts import tokens
from llm4rec.writers.asking.readings import Lean, Pair, Range, Soft, Values
from llm4rec.writers.asking.scan import Mark
from llm4rec.writers.asking.steering import OPEN, UNWANTED, WANTED
from llm4rec.writers.remarks.feelings import is_felt
from llm4rec.writers.remarks.kinds import Kinds
from llm4rec.writers.remarks.steps import Event, Must, Step, Wish
from llm4rec.writers.remarks.wordlists import Trait, wordlists

NAMING = frozenset({"from", "by", "like", "similar", "with", "about", "in", "as", "along", "of"})
"""Words behind "others" that say which: nothing is passed over."""


SWAPPED = ("for", "with")


class Listener(Kinds):
    """Reads the marks of one remark; `steps` and `notes` are what they mean, `about` what was spoken of."""

    def heard(self, marks: Sequence[Mark]) -> list[Step]:
        """The steps of a remark, in the order of its words, ids not given yet."""
        self.read(marks)
        self._close(len(self.parts))
        made = [step for piece in self.pieces for step in self._steps_of(piece)]
        return sorted([*self.steps, *made], key=lambda step: (step.start, step.end))

    def felt(self) -> list[Step]:
        """The steps of a text that tells rather than asks: what is felt in it, about the list or what was spoken of."""
        self._close(len(self.parts))
        return self.steps

    def passed(self) -> list[Step]:
        """To start over where nothing was said yet is to see another list."""
        start, end = self._span(0, len(self.parts))
        shown = self.setting.shown
        return [
            Event(what="passed", items=self._ids(shown), titles=self._titles(shown), start=start, end=end)
        ]

    # Cues of remarks

    def _known(self, place: int, mark: Mark) -> None:
        self._flush()
        if self.state.polarity != OPEN and not (self.state.polarity == UNWANTED and not self.state.used):
            if self.part.spoken and self.part.known:
                self._close(mark.start)
            self.part.known = True

    def _others(self, place: int, mark: Mark) -> None:
        self._flush()
        behind = self.parts[mark.end].word if mark.end < len(self.parts) else ""
        swapped = (
            place
            and self.marks[place - 1].tag == "positive"
            and self._words(self.marks[place - 1])[0] in SWAPPED
        )
        rest = [m.tag for m in self.marks[place + 1 :]]
        clause = rest[: next((at for at, tag in enumerate(rest) if tag in ("stop", "comma")), len(rest))]
        if behind in NAMING or swapped or "like" in clause:
            return  # "others by her", "swap the first for something else", "what else is there like it"
        self._event("passed", self.part.spoken or list(self.setting.shown), self._span(mark.start, mark.end))

    def _these(self, place: int, mark: Mark) -> None:
        self.part.plural = True
        self.part.these = self.part.these or mark
        self._fill(place, mark)

    def _it(self, place: int, mark: Mark) -> None:
        self.part.singular = True
        self._fill(place, mark)

    def _already(self, place: int, mark: Mark) -> None:
        self.part.already = True
        self._fill(place, mark)

    def _looks(self, place: int, mark: Mark) -> None:
        self.part.looks = True
        self._fill(place, mark)

    def _undo(self, place: int, mark: Mark) -> None:
        self._flush()
        self.order = mark.tag
        self.part.settled = True

    _restart = _undo

    def _stars(self, place: int, mark: Mark) -> None:
        self._flush()
        self.part.share = mark.value.share

    def _too(self, place: int, mark: Mark) -> None:
        """ "too long", "too much drama": less of what is next."""
        self._flush()
        self.excess = True
        self.part.blamed = self.part.blamed or self._is_of_value(place)
        self.so_far = (len(self.pieces), len(self.steps))
        self.state.once = UNWANTED  # "not too long" as well

    def _is_of_value(self, place: int) -> bool:
        """Whether "too" says what a value is: "Dickens is too gloomy"."""
        for mark in reversed(self.marks[:place]):
            if mark.tag in ("value", "name"):
                return mark.start >= self.part.start
            if mark.tag not in ("fill", "item", "kind", "degree", "by") or self._words(mark)[0] in (
                "it",
                "they",
            ):
                return False
        return False

    def _less(self, place: int, mark: Mark) -> None:
        """ "Fewer" is less; "don't give me fewer" is more."""
        if self._behind(place):
            self._wish_of_last(False)
            return
        state = self.state
        doubled = state.polarity == UNWANTED and not state.used and not state.brief
        super()._less(place, mark)
        if doubled:
            self._wanted_again()
            self.state.once = WANTED

    def _more(self, place: int, mark: Mark) -> None:
        """ "More of that" is like what was just spoken of; "喜剧多一点" is more of what is before."""
        if self._behind(place):
            self._wish_of_last(True)
            return
        items = self._pointed(place)
        if items:
            self._alike(items, self.state.polarity != UNWANTED, self._span(mark.start, mark.end))
            return
        super()._more(place, mark)

    def _over(self, place: int, mark: Mark) -> None:
        """ "Stories over novels": what is behind it is not wanted."""
        self._flush()
        self.state.polarity, self.state.used, self.state.chain = UNWANTED, False, []
        self.state.like, self.state.once = False, 0

    def _close(self, end: int) -> None:
        """ "Too many of them": of the value that was named last."""
        part, excess = self.part, self.excess and self.state.once == UNWANTED
        told = self.so_far != (len(self.pieces), len(self.steps)) or part.spoken or part.blamed
        if excess and not told and not self.state.run and self.value is not None:
            start, end_ = self._span(self.value.start, self.value.end)
            text = self.text[start:end_]
            self.steps.append(Wish(more=False, text=text, pairs=self.value.value, start=start, end=end_))
            part.settled, self.state.once = True, 0
        super()._close(end)

    def _enough(self, place: int, mark: Mark) -> None:
        """ "Enough shooting", "life is sad enough"."""
        last = self.steps[-1] if self.steps else None
        _, end = self._span(mark.start, mark.end)
        ahead = next((m.tag for m in self.marks[place + 1 :] if m.tag not in ("fill", "degree")), "")
        denied = any(m.tag in ("not", "more") for m in self.marks[max(place - 3, 0) : place])
        if isinstance(last, Wish) and last.end + 1 >= end - len("enough") and last.more and not denied:
            self.steps[-1] = last.model_copy(update={"more": False})
        elif ahead in ("value", "aspect", "word", "item") and mark.start == self.part.start and not denied:
            super()._not(place, mark)
        else:
            self._fill(place, mark)

    def _refused(self, place: int, mark: Mark) -> None:
        """ "犯罪片就算了": what is before it in the clause is not wanted."""
        self._flush()
        part = self.part
        if part.spoken and not part.settled and len(self.pieces) == part.pieces:
            self._event("passed", part.spoken, self._span(part.first, mark.end))
            return
        if self.told and not part.settled and not part.spoken and len(self.pieces) == part.pieces:
            self._event("passed", self.told, self._span(mark.start, mark.end))  # "take it off the list"
            return
        self.excess = self.refused = True

    def _resembles(self, place: int, mark: Mark) -> None:
        """ "跟第三部差不多的": like the items before it."""
        self._flush()
        items = self.part.spoken or self.told
        if items and not self.part.settled:
            self._alike(items, self.state.polarity != UNWANTED, self._span(mark.start, mark.end))

    def _not(self, place: int, mark: Mark) -> None:
        self._flush()
        ahead = [m.tag for m in self.marks[place + 1 : place + 4]]
        if "enough" in ahead:
            self._more(place, mark)
            return
        super()._not(place, mark)
        self.mild = bool(wordlists().mild.intersection(self._words(mark)))

    # Attributes and values

    def _trait(self, place: int, mark: Mark) -> None:
        """ "this author": what the items spoken of have there."""
        self._flush()
        trait: Trait = mark.value[0]
        if mark.value[1] is None and self.parts[mark.start].word == "the" and not self._asked_of(place):
            return  # "the language is hard": of what there is, not which
        words = self.text[slice(*self._span(mark.start, mark.end))]
        column = next((c for c in trait.columns if any(c == known for known, _ in self.lexicon.counts)), None)
        numbers = self._target(self.part) if mark.value[1] is None else mark.value[1]
        self.part.settled = True
        self.about = list(numbers or self.about)
        if column is None or not numbers:
            self._tell("no_trait" if column is None else "nothing_shown", words=words)
            return
        pairs = tuple(
            p for p, rows in self.setting.shelf.rows.items() if p[0] == column and rows_have(rows, numbers)
        )
        if not pairs:
            self._tell("untold", words=words, title=self._titles(numbers)[0])
            return
        self.state.about = False
        self._valued(Mark("value", mark.start, mark.end, pairs))

    def _asked_of(self, place: int) -> bool:
        """Whether something is wanted, or not, of the attribute that is named next."""
        state = self.state
        behind = self.marks[place - 1].tag if place else ""
        same = "same" in self._words(self.marks[place])
        return bool(same or state.like or state.once or state.polarity != WANTED or behind == "by")

    def _valued(self, mark: Mark, narrows: bool = False) -> None:
        """A value that is liked, or there is to be more of, is a wish; else as in a request."""
        state = self.state
        if state.polarity == WANTED and (state.like or state.once):
            start, end = self._span(mark.start, mark.end)
            text = self.text[start:end]
            self.steps.append(
                Wish(more=state.once != UNWANTED, text=text, pairs=mark.value, start=start, end=end)
            )
            state.once, state.used = 0, True
        else:
            super()._valued(mark, narrows)
        self.part.settled = True

    def _value(self, place: int, mark: Mark) -> None:
        """ "Less drama", "I love westerns": wishes, whatever stands behind them."""
        self.value = mark
        if self.state.once and self.state.run:
            once = self.state.once
            self._flush()
            self.state.once = once  # "more feel-good drama" is more drama
        if not self.state.once and not self.excess and self._complains(place):
            self.state.once = UNWANTED  # "these are so tragic"
        if self.state.once and self.state.polarity != OPEN:
            self._flush()
            start, end = self._span(mark.start, mark.end)
            more = self.state.once == WANTED
            words = [part.word for part in self.parts[mark.start : mark.end]]
            aspect = wordlists().aspects.longest(words, 0)
            wider = self._pairs(aspect[1][0])[0] if aspect is not None and aspect[0] == len(words) else ()
            pairs = tuple(dict.fromkeys((*mark.value, *wider)))  # "scary" is more than horror
            self.steps.append(Wish(more=more, text=self.text[start:end], pairs=pairs, start=start, end=end))
            self.part.settled = True
            if not self._joined_with(place):
                self.state.once, self.excess = 0, False
            return
        super()._value(place, mark)

    def _name(self, place: int, mark: Mark) -> None:
        self.value = mark
        super()._name(place, mark)

    # Pieces to steps

    def _steps_of(self, piece: Any) -> list[Step]:
        span = {"start": piece.start, "end": piece.end}
        if isinstance(piece, Values | Range):
            return [Must(piece=piece, **span)]
        if isinstance(piece, Lean):
            return [Wish(more=piece.more, column=piece.column, **span)]
        if isinstance(piece, Soft):
            return self._wished(piece)
        return []

    def _wished(self, piece: Soft) -> list[Step]:
        """A wish in words, if they say something of items here; with the values among them."""
        words = [part.word for part in tokens(piece.text)]
        pairs: dict[Pair, None] = {}
        telling: list[str] = []
        at = 0
        while at < len(words):
            value = self.lexicon.values.longest(words, at)
            if value is not None:
                pairs |= dict.fromkeys(value[1])
                telling += words[at : value[0]]
                at = value[0]
                continue
            empty = self.lists.empty.longest(words, at)
            end = max(empty[0] if empty else at, is_felt(words, at))
            if end == at:
                telling += [words[at]] if words[at][0].isalnum() else []
                end += 1
            at = end
        if not telling:
            return []
        if not pairs and not any(word in self.lexicon.known for word in telling):
            self._tell("unfound", words=piece.text)
            return []
        return [
            Wish(more=piece.wanted, text=piece.text, pairs=tuple(pairs), start=piece.start, end=piece.end)
        ]

    lists = wordlists()


def rows_have(rows: Any, numbers: Sequence[int]) -> bool:
    """Whether any of the numbers is among the rows."""
    return bool(np.isin(np.asarray(numbers, dtype=np.int64), rows).any())
