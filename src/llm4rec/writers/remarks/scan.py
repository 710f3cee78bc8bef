"""A remark as a row of marks: those of a request, and places in the list, traits, aspects and cues of remarks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llm4rec.core.texts import Token, phrase
from llm4rec.writers.asking.lexicon import Lexicon
from llm4rec.writers.asking.scan import Mark, Scanner
from llm4rec.writers.remarks.wordlists import wordlists

GRADING = frozenset({"give", "gave", "rate", "rated"})
STARS = frozenset({"star", "stars", "星", "颗星"})
SWAPPING = frozenset({"swap", "replace", "exchange", "trade", "switch", "substitute"})
LISTED = [[word, "第"] for word in ("和", "与", "跟", "及", ",", "、")]
BEST = 5.0
"""Stars of the best, where no "out of ten" says otherwise."""
CHILD = 12
"""Who is older is no child any more."""
YEARS = frozenset({"year", "years", "yr", "yrs"})
CHILDREN = frozenset({"son", "daughter", "niece", "nephew", "kid", "boy", "girl", "grandson", "granddaughter", "brother"}) | {
    *("sister", "child", "she", "he", "she's", "he's", "kids", "they", "cousin", "godson", "goddaughter", "toddler", "twins"),
}
CALENDAR = frozenset("monday tuesday wednesday thursday friday saturday sunday christmas halloween easter".split())
_ASIAN = 0x2E7F
"""Letters from here on are Chinese ones."""


@dataclass(frozen=True)
class Stars:
    """Stars that were given, from 0 (the fewest there are) to 1."""

    share: float


class Spoken(Scanner):
    """Scans remarks. `shown` are item numbers of the list that is spoken of, best first."""

    def __init__(
        self, lexicon: Lexicon, parts: Sequence[Token], this_year: int | None, shown: Sequence[int]
    ) -> None:
        super().__init__(lexicon, parts, this_year)
        self.shown = shown
        self.lists = wordlists()

    def _at(self, at: int) -> Mark:
        place = self._place(at)
        if place is not None and not self._titled(at, place.end):
            return self._trait_of(place) or place
        known = self._shown_title(at)
        if known is not None:
            return known
        marks = (
            self._age(at),
            self._stars(at),
            self._trait(at),
            self._who(at),
            self._over(at),
            self._own_cue(at),
            self._aspect(at),
        )
        for mark in marks:
            if mark is not None:
                return mark
        return super()._at(at)

    def _asked(self) -> bool:
        """A title is expected behind "I have seen" too."""
        tag = self._before("fill", "item", "kind", "degree", "sign", "these", "it", "or", "and", "comma")
        graded = bool(self.marks) and self.words[self.marks[-1].end - 1] in GRADING
        return super()._asked() or graded or tag == "known" or (tag == "title" and self._listing())

    def _listing(self) -> bool:
        return self._before("fill") in ("or", "and", "comma")

    def _named(self, at: int, fuzzy: bool) -> Mark | None:
        """A place in the list names an item as a title does."""
        return self._place(at) or super()._named(at, fuzzy)

    def _shown_title(self, at: int) -> Mark | None:
        """A title of the list, or one that is judged ("X was"), said letter by letter; a single word only where it is
        written like a name."""
        if not self.words[at][0].isalnum():
            return None
        named = super()._named(at, fuzzy=False)
        if named is None:
            return None
        words = phrase(" ".join(self.words[at : named.end]))
        told = self.lexicon.values.longest(self.words, at) or self.lists.aspects.longest(self.words, at)
        if len(words) == 1 and not (self.parts[named.end - 1].capital and told is None):
            return None
        if words[0] in CALENDAR and self.words[max(at - 1, 0)] in ("on", "for", "this", "next", "last", "in", "every"):
            return None
        here = [n for n in named.value if n in self.shown]
        judged = self._like_name(at, named.end)
        return Mark("title", at, named.end, here or named.value) if here or judged else None

    def _like_name(self, at: int, end: int) -> bool:
        """Whether words are written like a title: with a capital inside a sentence, before a verb where one begins."""
        behind = self.words[end] if end < len(self.words) else "."
        judged = behind in ("was", "is", "太", "很", "真")
        if judged or not self.parts[at].capital:
            return judged
        if ord(behind[0]) > _ASIAN or (at and ord(self.words[at - 1][0]) > _ASIAN):
            return True
        first = not self.marks or self.marks[-1].tag == "stop"
        verb = behind.endswith("ed") or self.lists.places["alone"].longest(self.words, end) is not None
        return not first or verb or not behind[0].isalnum()

    def _titled(self, at: int, end: int) -> bool:
        """Whether a longer title begins here: "The Sixth Sense"."""
        title = self._exact(at)
        return title is not None and title.end > end

    def _who(self, at: int) -> Mark | None:
        """ "Who wrote number 1": the attribute that answers it."""
        found = self.lists.asking.longest(self.words, at)
        place = None if found is None else self._named(found[0], fuzzy=True)
        return (
            None if found is None or place is None else Mark("trait", at, place.end, (found[1], place.value))
        )

    def _over(self, at: int) -> Mark | None:
        """ "I prefer stories over novels": what is behind it is not wanted."""
        since = max((m.end for m in self.marks if m.tag in ("comma", "stop")), default=0)
        if self.words[at] in ("for", "with") and SWAPPING.intersection(self.words[since:at]):
            return Mark("positive", at, at + 1)
        if self.words[at] not in ("over", "than", "to"):
            return None
        told = {"prefer", "rather", "sooner", "favour", "favor"}.intersection(self.words[since:at])
        valued = any(
            m.tag in ("value", "name", "aspect", "title", "kind") for m in self.marks if m.start >= since
        )
        told = told or {"day", "time", "always"}.intersection(self.words[at : at + 6])
        return Mark("over", at, at + 1) if told and valued and self._is_plain(at + 1) else None

    def _is_plain(self, at: int) -> bool:
        return at < len(self.words) and self.words[at][0].isalpha()

    # Places

    def _place(self, at: int) -> Mark | None:
        """ "the second one", "number 3", "the last two", "第二个": a mark of the items there, none where there are none."""
        start = at + 1 if self.words[at] == "the" else at
        for read in (self._from_end, self._chinese_place, self._numbered, self._bare, self._ordinal, self._last):
            found = read(start)
            if found is not None:
                end, places = found
                inside = [self.shown[p] for p in places if -len(self.shown) <= p < len(self.shown)]
                return Mark("title" if inside else "nowhere", at, end, inside, near="place")
        return None

    def _is(self, key: str, at: int) -> int | None:
        found = self.lists.places[key].longest(self.words, at)
        return None if found is None else found[0]

    def _count(self, at: int) -> tuple[int, int] | None:
        """A whole number at a token, and where it ends."""
        if at < len(self.words) and self.words[at].isdigit() and len(self.words[at]) < 4:
            return at + 1, int(self.words[at])
        found = self.lexicon.words.numbers.longest(self.words, at)
        if found is None or found[1] != int(found[1]) or not 1 <= found[1] <= 100:
            return None
        return found[0], int(found[1])

    def _chinese_place(self, at: int) -> tuple[int, list[int]] | None:
        end = self._is("ordinal", at)
        if end is not None:
            last = self.words[at] == "最"
            number = self._count(end)
            if number is not None and self.words[number[0] : number[0] + 2] in LISTED:
                return number[0], [number[1] - 1]
            if (
                number is None
                and last
                and (stop := self._is("count", end))
                and "一" not in self.words[at:stop]
            ):
                return stop, [-1]
            if number is not None and (stop := self._is("count", number[0])):
                if last:
                    return stop, list(range(-number[1], 0))
                return stop, [number[1] - 1]
        for key, side in (("first", 1), ("last", -1)):
            end = self._is(key, at)
            if end is None or ord(self.words[at][0]) <= _ASIAN:
                continue
            number = self._count(end)
            if number is not None and (stop := self._is("count", number[0])):
                return stop, list(range(number[1])) if side > 0 else list(range(-number[1], 0))
        return None

    def _numbered(self, at: int) -> tuple[int, list[int]] | None:
        end = self._is("number", at)
        number = self._count(end) if end is not None else None
        return None if number is None or number[1] < 1 else (number[0], [number[1] - 1])

    def _bare(self, at: int) -> tuple[int, list[int]] | None:
        """ "Seen 1, 2 and 4": numbers alone are places behind what is known, where no noun is behind them."""
        if not self.words[at].isdigit() or not 1 <= int(self.words[at][:4]) <= len(self.shown):
            return None
        behind = self.words[at + 1] if at + 1 < len(self.words) else ","
        alone = self.lists.places["alone"].longest(self.words, at + 1) is not None or not behind[0].isalnum()
        if not alone or (behind in ("%", "/", "-", "+", "'", ".") and at + 2 < len(self.words)):
            return None
        listed = bool(self.marks) and self._before("fill", "and", "or", "comma")
        named = listed == "title" and any(m.near == "place" for m in self.marks[-3:])
        begins = (
            not self.marks or self.marks[-1].tag in ("stop", "comma") or listed in ("not", "hate", "like")
        )
        said = begins and (
            behind[0].isalpha() or (bool(self.marks) and self.marks[-1].tag in ("not", "hate", "like"))
        )
        known = listed == "known" or (any(m.tag == "known" for m in self.marks) and listed == "title")
        return (at + 1, [int(self.words[at]) - 1]) if named or said or known else None

    def _ordinal(self, at: int) -> tuple[int, list[int]] | None:
        if ord(self.words[at][0]) > _ASIAN:
            return None
        if self.words[at].isdigit():
            spelt = self.words[at + 1 : at + 2] and self.words[at + 1] in ("st", "nd", "rd", "th")
            return self._followed(at + 2, [int(self.words[at]) - 1]) if spelt else None
        first = self._is("first", at)
        number = None if first is None else self._count(first)
        if number is not None and self.words[number[0] : number[0] + 1] not in (["star"], ["stars"], ["/"]):
            return self._noun(number[0]), list(range(number[1]))
        found = self.lexicon.words.ordinals.longest(self.words, at)
        if first is None and found is None:
            return None
        end, place = (at + 1, 1.0) if found is None else found
        return self._followed(end, [int(place) - 1])

    def _last(self, at: int) -> tuple[int, list[int]] | None:
        end = self._is("last", at)
        if end is None or ord(self.words[at][0]) > _ASIAN:
            return None
        number = self._count(end)
        if number is not None and self.ranges.at(at) is None:
            return self._noun(number[0]), list(range(-number[1], 0))
        return self._followed(end, [-1])

    def _noun(self, at: int) -> int:
        """Behind a noun for items, where there is one."""
        cue = self.lexicon.words.cues.longest(self.words, at)
        return cue[0] if cue is not None and cue[1] == "item" else at

    def _followed(self, end: int, places: list[int]) -> tuple[int, list[int]] | None:
        """The place, if what is behind it lets it be one."""
        if end < len(self.words) and self.words[end][0].isalnum():
            if self.words[end] in ("place", "position", "spot", "slot") and {"in", "at"}.intersection(
                self.words[max(end - 4, 0) : end]
            ):
                return end + 1, places
            if self.lists.places["not_behind"].longest(self.words, end) is not None:
                return None
            pointed = (
                self.words[end - 1] in ("st", "nd", "rd", "th") or "the" in self.words[max(end - 3, 0) : end]
            )
            if not pointed and self.lists.places["behind"].longest(self.words, end) is None:
                return None
            end = self._noun(end)
        return end, places

    def _from_end(self, at: int) -> tuple[int, list[int]] | None:
        """ "The second to last", "the penultimate one", "last but one"."""
        for words, place in ((("last", "but", "one"), -2), (("next", "to", "last"), -2), (("penultimate",), -2)):
            if tuple(self.words[at : at + len(words)]) == words:
                return self._noun(at + len(words)), [place]
        found = self.lexicon.words.ordinals.longest(self.words, at)
        if found is None or self.words[found[0] : found[0] + 2] not in (["to", "last"], ["from", "last"]):
            return None
        return self._noun(found[0] + 2), [-int(found[1])]

    def _age(self, at: int) -> Mark | None:
        """ "My 6 yr old", "just turned 8", "im 9", "七岁": what suits a child."""
        number = self._count(at)
        if number is None or not 1 <= number[1] <= CHILD:
            return None
        end = number[0]
        dashed = [word for word in self.words[end : end + 6] if word != "-"]
        tail = end
        if dashed[:1] and dashed[0] in YEARS and dashed[1:2] and dashed[1] in ("old", "olds"):
            while self.words[tail] not in ("old", "olds"):
                tail += 1
        elif dashed[:1] and dashed[0] in YEARS and dashed[1:3] == [".", "old"]:
            tail = self.words.index("old", end)
        elif self.words[end : end + 1] in (["yo"], ["岁"]):
            tail = end
        elif not self._turned(at, end):
            return None
        else:
            tail = end - 1
        return Mark("aspect", at, tail + 1, (self.lists.named["childish"], None))

    def _turned(self, at: int, end: int) -> bool:
        """Whether a bare number is the age of a child: "she just turned 8", "im 9"."""
        before = self.words[at - 1] if at else ""
        behind = self.words[end] if end < len(self.words) else "."
        if behind[0].isalnum() and behind not in ("and", "so", "but", "today", "next", "in", "on", "this", "tomorrow", "now"):
            return False
        since = set(self.words[max(at - 6, 0) : at])
        if before in ("is", "just", "he's", "she's", "are", "nearly", "almost", "only"):
            return bool(since & CHILDREN)
        return before in ("turned", "turns", "turning", "aged", "age") or (
            before == "i'm" and not self._before("fill") == "known"
        )

    # Traits, aspects, cues

    def _trait(self, at: int) -> Mark | None:
        """ "this author", "the author of the second one": the columns, and the items whose value is meant."""
        pointed = self.lists.pointing.longest(self.words, at)
        start = at if pointed is None else pointed[0]
        noun = self.lists.traits.longest(self.words, start)
        if noun is None:
            return None
        end, trait = noun
        if self._and_so_on(at, start):
            return Mark("fill", at, end)  # "memoirs, that sort of thing"
        if self.words[end : end + 1] == ["of"] and (place := self._named(end + 1, fuzzy=True)):
            return Mark("trait", at, place.end, (trait, place.value if place.tag == "title" else []))
        return None if pointed is None else Mark("trait", at, end, (trait, None))

    def _and_so_on(self, at: int, start: int) -> bool:
        """Whether "that kind of thing" only ends a list of what was named."""
        if start == at or len(self.marks) < 2 or self.marks[-1].tag != "comma":
            return False
        return self.words[at] == "that" and self.marks[-2].tag in ("value", "name", "aspect", "word")

    def _trait_of(self, place: Mark) -> Mark | None:
        """ "第二本的作者"."""
        end = self._noun(place.end)  # "第二本书的"
        if self.words[end : end + 1] != ["的"] or place.tag != "title":
            return None
        noun = self.lists.traits.longest(self.words, end + 1)
        return None if noun is None else Mark("trait", place.start, noun[0], (noun[1], place.value))

    def _stars(self, at: int) -> Mark | None:
        """ "4 stars", "8/10", "五星", "nine out of ten": what was given to an item; no bound of a range."""
        number = self._count(at)
        if number is None or self._before("fill") == "range":
            return None
        end, given = number
        most, stop = BEST, None
        if (self.words[end : end + 1] == ["/"] and (of := self._count(end + 1)) and of[1] in (5, 10)) or (
            self.words[end : end + 2] == ["out", "of"] and (of := self._count(end + 2))
        ):
            stop, most = of[0], float(of[1])
        elif self.words[end : end + 1] and self.words[end] in STARS:
            stop = end + 1
        elif self.words[end : end + 2] == ["颗", "星"]:
            stop = end + 2
        if stop is None or given > most or self._bounded(at, stop):
            return None
        return Mark("stars", at, stop, Stars((given - 1) / (most - 1) if given else 0.0))

    def _bounded(self, at: int, stop: int) -> bool:
        """ "4 stars or more" bounds a range."""
        found = self.ranges.at(at)
        return found is not None and found.end > stop

    def _own_cue(self, at: int) -> Mark | None:
        """A cue of remarks, unless something longer begins here."""
        found = self.lists.cues.longest(self.words, at)
        if found is None or self._rivals(at) > found[0]:
            return None
        if found[1] == "not" and self._ends_clause(found[0]) and ord(self.words[at][0]) > _ASIAN:
            return Mark("refused", at, found[0])  # "吓人的别给我推"
        if self.words[found[0] - 1] == "over" and self.ranges.at(found[0] - 1) is not None:
            return None  # "just over two hours"
        if found[1] == "known" and self.ranges.at(found[0]) is not None:
            return Mark("fill", at, found[0])  # "I've got two hours"
        return Mark(found[1], at, found[0])

    def _ends_clause(self, at: int) -> bool:
        """Whether nothing but small words stands between here and the end of the clause, and something is before."""
        named = self._before("fill", "item", "kind") in ("value", "name", "aspect", "title", "word")
        rest = next((w for w in self.words[at:] if w not in ("了", "吧", "啊", "啦", "我", "看", "给", "呀")), ",")
        return named and not rest[0].isalnum()

    def _aspect(self, at: int) -> Mark | None:
        """What items are, though no attribute says so; a value of the catalog that is as long goes before."""
        found = self.lists.aspects.longest(self.words, at)
        if found is None:
            return None
        value = self.lexicon.values.longest(self.words, at)
        rival = max(self._rivals(at), value[0] if value else 0)
        if rival > found[0] or (value is not None and value[0] >= found[0]):
            return None
        return Mark("aspect", at, found[0], found[1])

    def _rivals(self, at: int) -> int:
        """Where the longest cue of a request, comparison or title that begins here ends."""
        cue = self.lexicon.words.cues.longest(self.words, at)
        rivals = [self._exact(at), *self._measures(at)]
        return max([cue[0] if cue else at, *(mark.end for mark in rivals if mark)])
