"""What a remark only mentions: values are a wish in the direction of the words around, fragments by what they mean.

Reads no titles.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from llm4rec.core.texts import Token
from llm4rec.writers.asking.readings import Pair, Range, Soft, Values
from llm4rec.writers.asking.scan import Mark
from llm4rec.writers.remarks.clauses import Setting
from llm4rec.writers.remarks.compose import Listener
from llm4rec.writers.remarks.feelings import feeling_of, is_felt
from llm4rec.writers.remarks.polarity import KIND, Meaning, meanings
from llm4rec.writers.remarks.steps import Must, Step, Wish
from llm4rec.writers.remarks.wordlists import Aspect, wordlists

TOLD = frozenset(
    {"value", "name", "title", "range", "relative", "lean", "compare", "aspect", "trait", "stars"}
    | {"known", "others", "undo", "restart", "more", "less"}
)
"""Marks that say something themselves: what is said of a value goes no further."""
BACK = frozenset({"it", "they", "them", "those", "that", "these", "this", "no", "not"})
"""Words behind a comma that speak of what is before it."""
WOULD = re.compile(r"^\W*(\w+ )?would (be|suit|do|go|make|hit|cheer|work|help) (?!too|a bit|so)")
"""Behind a kind, what it would be is why it is asked for: "some Italian cinema would be grand"."""
MOST_ASKED = 10
"""Of fewer items than this a list cannot be made: several demands are then wishes."""
NAMING = frozenset({"value", "name", "aspect", "title", "range", "compare", "lean"})
"""Marks of what a list can have more or less of."""
ASKS = re.compile(
    r"\b(please|pls|something|anything|some|any|give|show|find|recommend|need|want|looking for|in the mood)\b"
)
"""Words before a kind that ask for it."""
OWNED = frozenset({"my", "our", "his", "her", "their"})
MIDST, LEANING = 0.3, 1.0
"""A share of the list that speaks neither for more nor for less, and how much none of it adds to the log-chance of more;
a list full of it takes half as much away."""
TURNS = frozenset({"not", "hate"})
"""Behind a value these refuse it, or something else: "musicals? no"."""


class Bare(Listener):
    """Makes wishes of values in clauses of which some words were not understood."""

    def __init__(self, setting: Setting, parts: Sequence[Token], text: str, language: str) -> None:
        super().__init__(setting, parts, text, language)
        self.unread: set[tuple[int, int]] = set()  # where wishes stand that no reader knows
        self.heard_so: dict[tuple[str, ...], str | None] = {}

    def heard(self, marks: Sequence[Mark]) -> list[Step]:
        """As a listener hears; words that nobody reads are a wish only where nothing else is said, or they are asked for."""
        found = self._opened(self._turned_aspects(super().heard(marks)))
        unread = [step for step in found if isinstance(step, Wish) and (step.start, step.end) in self.unread]
        if len(unread) == len(found):
            return found
        for step in unread:
            self._tell("aside", words=self.text[step.start : step.end])
        return [step for step in found if step not in unread]

    def _opened(self, steps: list[Step]) -> list[Step]:
        """Values that hardly any item has all of are wishes beside each other: "spooky castles. gothic." """
        asked = [
            step.piece.pairs
            for step in steps
            if isinstance(step, Must) and isinstance(step.piece, Values) and step.piece.wanted
        ]
        if len(set(asked)) < 2:
            return steps
        rows = self.setting.shelf.rows
        held = [{n for pair in pairs if pair in rows for n in rows[pair].tolist()} for pairs in asked]
        if len(set.intersection(*held)) >= MOST_ASKED:
            return steps
        return [self._wish_for(step) for step in steps]

    def _wish_for(self, step: Step) -> Step:
        """A demand of values as a wish."""
        if not (isinstance(step, Must) and isinstance(step.piece, Values) and step.piece.wanted):
            return step
        start, end = step.start, step.end
        return Wish(text=self.text[start:end], pairs=step.piece.pairs, start=start, end=end)

    def _asked_for(self, piece: Soft) -> bool:
        """Whether the word before a wish asks for it."""
        before = [m for m in self.marks if self._span(m.start, m.end)[1] <= piece.start]
        said = [m for m in before if m.tag not in ("fill", "degree", "item", "sign")]
        asking = ("more", "less", "not", "hate", "like", "about", "too")
        return bool(said) and (
            said[-1].tag in asking or self._words(said[-1])[-1:] in (("want",), ("need",), ("for",))
        )

    def _steps_of(self, piece: object) -> list[Step]:
        """A demand stays one only where the grammar read it, or nothing beside it is unread."""
        if isinstance(piece, Values | Soft) and (piece.start, piece.end) in self.void:
            return []
        if not isinstance(piece, Values | Soft):
            return super()._steps_of(piece)
        if isinstance(piece, Soft) and not self._valued_in(piece):
            return self._fragment(piece)
        if not piece.wanted:
            return super()._steps_of(piece)
        inside = [m for m in self.marks if m.tag in ("value", "name") and self._within(m, piece)]
        first, last = self._around(piece)
        if not inside or self._demanded(piece, first) or not self._unread(piece, first, last):
            return super()._steps_of(piece)
        direction = self._direction(inside, first, last)
        if isinstance(piece, Soft) and direction not in ("less", "known"):
            if direction is None:
                self._tell("unsure", words=self.text[piece.start : piece.end])
            found = super()._steps_of(piece) if direction != "neither" else []
            if found:
                return found
        if direction == "neither":
            self._tell("neither", words=self.text[slice(*self._span(first, last))])
            return []
        pairs: dict[Pair, None] = {pair: None for mark in inside for pair in mark.value}
        start, end = self._span(inside[0].start, inside[-1].end)
        if direction is None:
            self._tell("unsure", words=self.text[start:end])
        more = direction in ("more", None)
        return [Wish(more=more, text=self.text[start:end], pairs=tuple(pairs), start=start, end=end)]

    def _valued_in(self, piece: Soft) -> bool:
        """Whether a value or an aspect is among the words of a wish."""
        return any(
            mark.tag in ("value", "name", "aspect") and self._within(mark, piece) for mark in self.marks
        )

    def _fragment(self, piece: Soft) -> list[Step]:
        """Words without a value: what they mean, by the reader of phrases; else as they stand, if they say something."""
        polarity = self.setting.polarity
        name = polarity.meanings(piece.text) if polarity is not None and self.language == "en" else None
        if name is None:
            if not self._asked_for(piece):
                self.unread.add((piece.start, piece.end))
            return super()._steps_of(piece)
        meaning = meanings()[name]
        if meaning == Meaning():
            self._tell("aside", words=piece.text)
            return []
        if meaning.measure and self._named_elsewhere() and not self._asked_for(piece):
            self._tell("aside", words=piece.text)  # "who did it until the very end"
            return []
        if meaning.measure:
            return self._length(meaning, piece)
        pairs, against = self._pairs(self._stands_for(meaning))
        if not pairs and not against:
            return super()._steps_of(piece)
        return [
            Wish(
                more=piece.wanted,
                text=piece.text,
                pairs=pairs,
                against=against,
                start=piece.start,
                end=piece.end,
            )
        ]

    def _named_elsewhere(self) -> bool:
        """Whether the remark names kinds, items or numbers, so that words of no meaning known only tell of them."""
        return any(m.tag in NAMING for m in self.marks)

    def _stands_for(self, meaning: Meaning) -> Aspect:
        """The values that carry what is meant, and those that speak against it."""
        named = wordlists().named
        return named[meaning.aspect] if meaning.aspect else Aspect("", meaning.values, ())

    def _length(self, meaning: Meaning, piece: Soft) -> list[Step]:
        """ "Goes on forever" is too long, "nothing that goes on forever" too, "a quick one" is a wish."""
        measures = ("duration", "pages") if meaning.measure == "length" else (meaning.measure,)
        column = next((self.lexicon.measures[m] for m in measures if m in self.lexicon.measures), None)
        if column is None:
            self._tell("unmeasured", words=piece.text, measure=meaning.measure)
            return []
        known = self.lexicon.numbers[column][np.asarray(self.setting.shown, dtype=np.int64)]
        known = known[np.isfinite(known)]
        if not len(known):
            return [Wish(more=meaning.more, column=column, start=piece.start, end=piece.end)]
        bound = float(np.median(known))
        listed = any(m.tag == "these" and self._span(m.start, m.end)[1] <= piece.start for m in self.marks)
        turned = meaning.measure == "year" and (listed or not piece.wanted)  # "nothing that drags" is shorter
        more = meaning.more != turned
        side = {"low": bound, "low_open": True} if more else {"high": bound, "high_open": True}
        limit = Range(column=column, start=piece.start, end=piece.end, **side)
        return [Must(piece=limit, start=piece.start, end=piece.end)]

    def _within(self, mark: Mark, piece: Values | Soft) -> bool:
        start, end = self._span(mark.start, mark.end)
        return piece.start <= start and end <= piece.end

    def _around(self, piece: Values | Soft) -> tuple[int, int]:
        """The tokens that speak of a piece: from what is told before it, or "but", to what is told behind it."""
        first, last = 0, len(self.parts)
        for mark in self.marks:
            start, end = self._span(mark.start, mark.end)
            told = mark.tag in TOLD and mark.start not in self.asides
            if told or self._contrasts(mark) or self._ends(mark, piece):
                if end <= piece.start:
                    first = mark.end
                elif start >= piece.end:
                    last = mark.start
                    break
        last = self._alone(piece, first, last)
        while first < last and not self.parts[first].word[0].isalnum():
            first += 1
        return first, last

    def _ends(self, mark: Mark, piece: Values | Soft) -> bool:
        """Whether a sentence ends at a mark: what is behind a question may answer it."""
        if mark.tag != "stop":
            return False
        return self._words(mark) != ("?",) or self._span(mark.start, mark.end)[1] <= piece.start

    def _contrasts(self, mark: Mark) -> bool:
        """Whether a mark is a word of contrast, or begins with one: "but not"."""
        words, contrast = self._words(mark), wordlists().contrast
        return words in contrast or words[:1] in contrast

    def _alone(self, piece: Values | Soft, first: int, last: int) -> int:
        """Where a value alone stands before a comma, what is behind it speaks of something else: "poems, I have time"."""
        for mark in self.marks:
            start, _ = self._span(mark.start, mark.end)
            if not first <= mark.start < last:
                continue
            if start < piece.start and mark.tag == "word":
                return last
            if start >= piece.end and mark.tag == "comma":
                behind = list(self.parts[mark.end : last])
                turned = any(m.tag in TURNS for m in self.marks if mark.end <= m.start < last)
                felt = feeling_of([word.word for word in behind])
                back = {word.word for word in behind} & {"it", "they", "them", "those", "that"}
                return last if turned or felt or back else mark.start
            if start >= piece.end and mark.tag not in ("item", "kind", "fill", "sign", "positive", "by"):
                return last
        return last

    def _demanded(self, piece: Values | Soft, first: int) -> bool:
        """Whether "I want", "only", "I asked for" stand right before it."""
        before = [m for m in self.marks if m.start >= first and self._span(m.start, m.end)[1] <= piece.start]
        said = [m for m in before if m.tag in ("positive", *TURNS)]
        return bool(said) and said[-1].tag == "positive" and self._words(said[-1]) not in wordlists().faint

    def _unread(self, piece: Values | Soft, first: int, last: int) -> bool:
        """Whether words around a piece, or in it, were not understood."""
        for mark in self.marks:
            if not first <= mark.start < last:
                continue
            words = self._words(mark)
            if mark.tag in TURNS and self._span(mark.start, mark.end)[0] >= piece.end:
                return True
            if mark.start in self.asides:
                return True
            plain = mark.tag == "word" and words[0][0].isalpha() and is_felt(words, 0) == 0
            if plain and wordlists().empty.longest(words, 0) is None:
                return True
        return False

    def _heard(self, inside: Sequence[Mark], *phrases: str) -> str | None:
        """What is said of a kind, by the reader of phrases, of all these ways to part it; each is asked once.

        Of what the list is full of people say that it is too much, of what it lacks that they miss it.
        """
        assert self.setting.polarity is not None
        if phrases not in self.heard_so:
            share = max(map(self.share, inside))
            leaning = LEANING * (MIDST - share) / (MIDST if share < MIDST else 2 * (1 - MIDST))
            leaning += LEANING * bool(ASKS.search(phrases[0].partition(KIND)[0].lower()))
            self.heard_so[phrases] = self.setting.polarity.kinds(*phrases, leaning=leaning)
        return self.heard_so[phrases]

    def _turned_aspects(self, steps: list[Step]) -> list[Step]:
        """Things that are spoken of and nothing is asked of them: "spaceships leave me cold" wants fewer."""
        if self.setting.polarity is None or self.language != "en":
            return steps
        made = list(steps)
        marks = {
            self._span(m.start, m.end): m for m in self.marks if m.tag == "aspect" and m.value[1] is None
        }
        for place, step in enumerate(steps):
            mark = marks.get((step.start, step.end))
            if not isinstance(step, Wish) or not step.more or mark is None or mark.start not in self.open:
                continue
            piece = Soft(text=step.text, wanted=True, start=step.start, end=step.end)
            first, last = self._sentence(mark)
            group = self._group(mark)
            if not self._is_subject(group[0], first):
                continue
            if self._unread(piece, first, last) and self._direction(group, first, last) in ("less", "known"):
                made[place] = step.model_copy(update={"more": False})
        return made

    def _is_subject(self, mark: Mark, first: int) -> bool:
        """Whether nothing but "the" or "all these" is before a thing, and it is nobody's: "my toddler" is who watches."""
        before = [m for m in self.marks if first <= m.start < mark.start]
        owned = any(word in OWNED for m in before for word in self._words(m))
        return not owned and all(m.tag in ("fill", "degree", "these", "sign", "comma") for m in before)

    def _sentence(self, mark: Mark) -> tuple[int, int]:
        """The tokens of the sentence, or the part of it behind a contrast, in which a mark stands."""
        ends = [m for m in self.marks if m.tag == "stop" or self._contrasts(m)]
        first = max((m.end for m in ends if m.end <= mark.start), default=0)
        return first, min((m.start for m in ends if m.start >= mark.end), default=len(self.parts))

    def _group(self, mark: Mark) -> list[Mark]:
        """The things that are named together with one: "spaceships and aliens"."""
        at = self.marks.index(mark)
        one = two = at
        while (
            one >= 2
            and self.marks[one - 1].tag in ("and", "or", "comma")
            and self.marks[one - 2].tag in ("aspect", "value")
        ):
            one -= 2
        while (
            two + 2 < len(self.marks)
            and self.marks[two + 1].tag in ("and", "or", "comma")
            and self.marks[two + 2].tag in ("aspect", "value")
        ):
            two += 2
        return [self.marks[one], self.marks[two]]

    def _direction(self, inside: list[Mark], first: int, last: int) -> str | None:
        """By the reader of phrases where there is one for this language, else by the words of feeling around."""
        polarity = self.setting.polarity
        start, end = self._span(first, last)
        if polarity is not None and self.language == "en":
            one, two = self._span(inside[0].start, inside[-1].end)
            before, behind = self.text[start:one], self.text[two:end]
            if WOULD.search(behind) and feeling_of([p.word for p in self.parts[inside[-1].end : last]]) >= 0:
                return "more"
            first_said, comma, rest = behind.partition(",")
            parted = bool(comma and first_said.strip()) and not BACK.intersection(rest.lower().split())
            found = self._heard(
                inside, *(f"{before}{KIND}{said}" for said in ((first_said, behind) if parted else (behind,)))
            )
            if found is not None:
                return found
        feeling = feeling_of([part.word for part in self.parts[first:last]])
        return None if not feeling else "more" if feeling > 0 else "less"
