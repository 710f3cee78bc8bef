"""What there is to be more or less of though no attribute says so: "darker", "less dark", "nothing violent". Knows no words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from llm4rec.writers.asking.readings import Pair, Soft
from llm4rec.writers.asking.scan import Mark
from llm4rec.writers.asking.steering import OPEN, UNWANTED, WANTED
from llm4rec.writers.remarks.feelings import feeling_of, is_felt
from llm4rec.writers.remarks.measured import Measured
from llm4rec.writers.remarks.steps import Wish
from llm4rec.writers.remarks.wordlists import Aspect

JOINING = frozenset({"film", "films", "movie", "movies", "book", "books", "a", "the", "with", "some"})
"""Words between a value and an aspect that only join them: "war films with guns"."""
ASKED = frozenset({"please", "want", "need", "for"})
"""Behind these words something is asked for."""
OCCASIONS = frozenset(
    {("date", "night"), ("halloween",), ("family", "night"), ("family", "movie", "night"), ("sleepover",)}
)
"""What an evening is, not an item: "it's date night" is no verdict."""


class Kinds(Measured):
    """Reads aspects of items, each for the values of the catalog that carry it."""

    def _tells(self, place: int) -> bool:
        """Whether an aspect only says what a value before it is or does: "dramas are so depressing"."""
        state = self.state
        if state.once or self.excess or state.polarity != WANTED or self.part.spoken:
            return False
        between: list[Mark] = []
        for before in reversed(self.marks[:place]):
            if before.tag in ("value", "name") and before.start >= self.part.start:
                words = [word for m in between for word in self._words(m)]
                return bool(words) and words[-1] not in JOINING
            if before.tag in (
                "comma",
                "stop",
                "and",
                "or",
                "more",
                "less",
                "positive",
                "about",
                "like",
                "not",
            ):
                return False
            between.append(before)
        return False

    def _aspect(self, place: int, mark: Mark) -> None:
        """ "darker", "less dark", "nothing violent"."""
        self._flush()
        _, meant = mark.value
        state = self.state
        if state.polarity == OPEN:
            return
        if meant is None and self._tells(place):
            self.asides.add(mark.start)
            return
        wanted = state.once == WANTED if state.once else state.polarity == WANTED
        more = wanted if meant is None else meant == wanted
        if meant is None and self._verdict(mark):
            state.once, self.excess = 0, False
            felt = is_felt(self._words(mark), 0) > 0
            if felt or self.part.spoken or not (self.part.plural and self._complains(place)):
                return  # "the second one is boring": told as a feeling when the clause ends
            wanted, more = False, False  # "these are so gloomy"
        strong = not more and not state.once and not self.mild
        if not (state.once or state.like or self.excess or state.polarity != WANTED):
            self.open.add(mark.start)
        self._wish_of(mark, more, strong)
        state.used, self.part.settled = True, True
        if not self._goes_with(place):
            state.once, self.excess = 0, False

    def _wish_of(self, mark: Mark, more: bool, strong: bool) -> None:
        """A wish for the values of the catalog that carry an aspect; in words where it has none of them."""
        aspect, meant = mark.value
        start, end = self._span(mark.start, mark.end)
        pairs, against = self._pairs(aspect)
        text = self.text[start:end] if meant is None else aspect.name
        if not pairs and not against:
            self._add(Soft(text=self.text[start:end], wanted=more, start=start, end=end))
            return
        core: tuple[Pair, ...] = ()
        if more:
            core = self._pairs(Aspect("", aspect.values[:1], ()))[0]
            also = self._pairs(Aspect("", aspect.also, ()))[0]
            self.steps += [Wish(text=text, pairs=also, start=start, end=end)] if also else []
        self.steps.append(
            Wish(
                more=more,
                strong=strong,
                text=text,
                pairs=pairs,
                against=against,
                core=core,
                start=start,
                end=end,
            )
        )

    def _verdict(self, mark: Mark) -> bool:
        """Whether an aspect is what an item is said to be, not what there is to be more or less of."""
        state, words = self.state, self._words(mark)
        if words in OCCASIONS:
            return False
        felt = is_felt(words, 0) == len(words)
        before = [m for m in self.marks[: self.marks.index(mark)] if m.tag not in ("fill", "degree")]
        if before and not self.part.spoken and self._words(before[-1])[-1] in ASKED:
            return False
        if felt and self.part.spoken:
            return True
        if felt and feeling_of(words) < 0 and not (state.once or state.like or state.polarity == UNWANTED):
            return True  # "so dull"
        asked = {"something", "anything"} & {part.word for part in self.parts[self.part.start : mark.start]}
        steered = state.once or state.like or state.polarity == UNWANTED or asked
        return not steered and bool(self.part.spoken or self.part.singular or self.part.plural)

    def _pairs(self, aspect: Aspect) -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
        """The values of the catalog that carry an aspect, and those that speak against it."""

        def those(listed: Sequence[str]) -> tuple[Pair, ...]:
            known = {value.casefold() for value in listed}
            return tuple(sorted(pair for pair in self.lexicon.counts if pair[1].casefold() in known))

        return those(aspect.values), those(aspect.against)

    def share(self, mark: Mark) -> float:
        """The share of the list shown that has what a mark stands for."""
        pairs = self._pairs(mark.value[0])[0] if mark.tag == "aspect" else mark.value
        if not self.setting.shown or mark.tag not in ("value", "name", "aspect"):
            return 0.0
        rows = [self.setting.shelf.rows[pair] for pair in pairs if pair in self.setting.shelf.rows]
        held = set(np.concatenate(rows).tolist()) if rows else set()
        return len(held.intersection(self.setting.shown)) / len(self.setting.shown)
