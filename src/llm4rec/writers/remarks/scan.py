"""A remark as a row of marks: those of a request, and places in the list, traits, aspects and cues of remarks."""

from __future__ import annotations

from dataclasses import dataclass

from llm4rec.core.texts import phrase
from llm4rec.writers.asking.scan import Mark
from llm4rec.writers.remarks.places import ASIAN, Places

GRADING = frozenset({"give", "gave", "rate", "rated"})
SMALL = frozenset("了吧啊啦我看给呀")
STARS = frozenset({"star", "stars", "星", "颗星"})
SWAPPING = frozenset({"swap", "replace", "exchange", "trade", "switch", "substitute"})
HAD = frozenset(
    [
        "it",
        "this",
        "that",
        "these",
        "those",
        "them",
        "both",
        "all",
        "the",
        "a",
        "most",
        "some",
        "every",
        "one",
        "each",
        "already",
        "on",
        "in",
        "at",
        "from",
        "as",
    ]
)
BEST = 5.0
"""Stars of the best, where no "out of ten" says otherwise."""
CALENDAR = frozenset(
    {
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "christmas",
        "halloween",
        "easter",
    }
)


@dataclass(frozen=True)
class Stars:
    """Stars that were given, from 0 (the fewest there are) to 1."""

    share: float


class Spoken(Places):
    """Scans remarks. `shown` are item numbers of the list that is spoken of, best first."""

    def _at(self, at: int) -> Mark:
        place = self._place(at)
        if place is not None and not self._titled(at, place.end):
            return self._trait_of(place) or place
        known = self._shown_title(at)
        if known is not None:
            return known
        marks = (
            self._age(at),
            self._all_of(at),
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
        mark = super()._at(at)
        if mark.tag == "not" and ord(self.words[at][0]) > ASIAN and self._ends_clause(mark.end):
            return Mark("refused", at, mark.end)  # "恐怖的一律不要"
        return mark

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
        if words[0] in CALENDAR and self.words[max(at - 1, 0)] in (
            "on",
            "for",
            "this",
            "next",
            "last",
            "in",
            "every",
        ):
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
        if ord(behind[0]) > ASIAN or (at and ord(self.words[at - 1][0]) > ASIAN):
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
        behind = self.marks[-2:] if self.marks and self.marks[-1].tag == "comma" else self.marks[-1:]
        if start == at or not behind or behind[0].tag == "comma":
            return False
        return self.words[at] == "that" and behind[0].tag in ("value", "name", "aspect", "word")

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

    def _all_of(self, at: int) -> Mark | None:
        """ "These ten", 这十本: the whole list."""
        if self.words[at] not in ("这", "那", "these", "those", "all") or not self.shown:
            return None
        number = self._count(at + 1)
        if number is None or number[1] != len(self.shown):
            return None
        chinese = ord(self.words[at][0]) > ASIAN
        end = self._is("count", number[0]) if chinese else self._noun(number[0])
        return None if end is None else Mark("these", at, end)

    def _own_cue(self, at: int) -> Mark | None:
        """A cue of remarks, unless something longer begins here."""
        found = self.lists.cues.longest(self.words, at)
        if found is None or self._rivals(at) > found[0]:
            return None
        if found[1] == "not" and self._ends_clause(found[0]) and ord(self.words[at][0]) > ASIAN:
            return Mark("refused", at, found[0])  # "吓人的别给我推"
        if found[1] == "refused" and ord(self.words[at][0]) > ASIAN and not self._named_before(found[0]):
            return Mark("not", at, found[0])  # "不想再看枪战"
        if self.words[found[0] - 1] == "over" and self.ranges.at(found[0] - 1) is not None:
            return None  # "just over two hours"
        if found[1] == "known" and at and self.words[at - 1] in ("能", "可", "得", "以"):
            return Mark("fill", at, found[0])  # "半天能看完的"
        if found[1] == "known" and self.words[found[0] - 1] == "got" and self._other_had(found[0]):
            return Mark("fill", at, found[0])  # "I've got work in the morning"
        if found[1] == "known" and self.ranges.at(found[0]) is not None:
            return Mark("fill", at, found[0])  # "I've got two hours"
        return Mark(found[1], at, found[0])

    def _other_had(self, at: int) -> bool:
        """Whether what somebody has got is no item: a word that neither points nor names one."""
        if at >= len(self.words) or not self.words[at][0].isalpha() or self.words[at] in HAD:
            return False
        return self._place(at) is None and self._exact(at) is None and not self.parts[at].capital

    def _named_before(self, end: int) -> bool:
        """Whether something is named in the clause so far, or nothing behind it: then what is refused stands before."""
        begins = not self.marks or self._before("fill") in ("", "comma", "stop", "it", "these")
        over = end >= len(self.words) or not self.words[end][0].isalnum() or self.words[end] in SMALL
        return not begins or over

    def _ends_clause(self, at: int) -> bool:
        """Whether nothing but small words stands between here and the end of the clause, and something is before."""
        named = self._before("fill", "item", "kind") in ("value", "name", "aspect", "title", "word")
        rest = next(
            (w for w in self.words[at:] if w not in ("了", "吧", "啊", "啦", "我", "看", "给", "呀")), ","
        )
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
