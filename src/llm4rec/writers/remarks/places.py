"""Where in the list that is shown something stands, and how old somebody is: numbers of remarks that are no measures.

Knows words of places, no items but those shown.
"""

from __future__ import annotations

from collections.abc import Sequence

from llm4rec.core.texts import Token
from llm4rec.writers.asking.lexicon import Lexicon
from llm4rec.writers.asking.scan import Mark, Scanner
from llm4rec.writers.remarks.wordlists import wordlists

LISTED = [[word, "第"] for word in ("和", "与", "跟", "及", ",", "、")]
SIDES = [["top"], ["bottom"], ["end"], ["start"], ["last"]]
SAID = [[word] for word in "都也我已早刚是太很不看挺真就还有,没"]
"""What may stand behind "第4", whose noun is left out."""
CHILD = 12
"""Who is older is no child any more."""
YEARS = frozenset({"year", "years", "yr", "yrs"})
CHILDREN = frozenset(
    {"son", "daughter", "niece", "nephew", "kid", "boy", "girl", "grandson", "granddaughter", "brother"}
) | {
    *(
        "sister",
        "child",
        "she",
        "he",
        "she's",
        "he's",
        "kids",
        "they",
        "cousin",
        "godson",
        "goddaughter",
        "toddler",
        "twins",
    ),
}
ASIAN = 0x2E7F
"""Letters from here on are Chinese ones."""


class Places(Scanner):
    """Reads places and ages. `shown` are item numbers of the list that is spoken of, best first."""

    def __init__(
        self, lexicon: Lexicon, parts: Sequence[Token], this_year: int | None, shown: Sequence[int]
    ) -> None:
        super().__init__(lexicon, parts, this_year)
        self.shown = shown
        self.lists = wordlists()

    # Places

    def _place(self, at: int) -> Mark | None:
        """ "the second one", "number 3", "the last two", "第二个": a mark of the items there, none where there are none."""
        start = at + 1 if self.words[at] == "the" else at
        for read in (
            self._from_end,
            self._chinese_place,
            self._numbered,
            self._bare,
            self._ordinal,
            self._last,
        ):
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
        if self.words[at : at + 2] == ["倒", "数"]:
            first = self._is("ordinal", at + 2)
            counted = self._count(at + 2 if first is None else first)
            if counted is not None:
                behind = self._is("count", counted[0]) or counted[0]
                return behind, list(range(-counted[1], 0)) if first is None else [-counted[1]]
        end = self._is("ordinal", at)
        if end is not None:
            last = self.words[at] == "最"
            number = self._count(end)
            if number is not None and (
                self.words[number[0] : number[0] + 2] in LISTED
                or (self.words[end].isdigit() and self.words[number[0] : number[0] + 1] in SAID)
            ):
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
            if end is None or ord(self.words[at][0]) <= ASIAN:
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
        if self.words[at + 1 : at + 4] == ["and", "a", "half"]:
            return None
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
        if ord(self.words[at][0]) > ASIAN:
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
        if end is None or ord(self.words[at][0]) > ASIAN:
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
                self.words[end - 1] in ("st", "nd", "rd", "th")
                or "the" in self.words[max(end - 3, 0) : end]
                or (bool(self.marks) and self.marks[-1].tag in ("and", "or", "comma") and self._after_place())
            )
            if not pointed and self.lists.places["behind"].longest(self.words, end) is None:
                return None
            end = self._noun(end)
        return end, places

    def _after_place(self) -> bool:
        """Whether a place in the list was named right before "and"."""
        return len(self.marks) > 1 and self.marks[-2].tag == "title" and self.marks[-2].near == "place"

    def _from_end(self, at: int) -> tuple[int, list[int]] | None:
        """ "The second to last", "the penultimate one", "last but one"."""
        for words, place in (
            (("last", "but", "one"), -2),
            (("next", "to", "last"), -2),
            (("penultimate",), -2),
        ):
            if tuple(self.words[at : at + len(words)]) == words:
                return self._noun(at + len(words)), [place]
        found = self.lexicon.words.ordinals.longest(self.words, at)
        if found is None:
            return None
        end, number = found
        if self.words[end : end + 1] == ["last"] and number > 1:
            return self._noun(end + 1), [-int(number)]  # "the second last"
        if self.words[end : end + 1] in (["one"], ["film"], ["movie"], ["book"]):
            end += 1
        if self.words[end : end + 2] in (["to", "last"], ["from", "last"]):
            return self._noun(end + 2), [-int(number)]
        if self.words[end : end + 2] == ["from", "the"] and self.words[end + 2 : end + 3] in SIDES:
            side = -1 if self.words[end + 2] in ("bottom", "end", "last") else 1
            return end + 3, [-int(number) if side < 0 else int(number) - 1]
        return None

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
        if behind[0].isalnum() and behind not in (
            "and",
            "so",
            "but",
            "today",
            "next",
            "in",
            "on",
            "this",
            "tomorrow",
            "now",
        ):
            return False
        since = set(self.words[max(at - 6, 0) : at])
        if before in ("is", "just", "he's", "she's", "who's", "are", "nearly", "almost", "only"):
            return bool(since & CHILDREN)
        return before in ("turned", "turns", "turning", "aged", "age") or (
            before == "i'm" and self._before("fill") != "known"
        )
