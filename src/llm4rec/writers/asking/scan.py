"""A request as a row of marks: values, titles, ranges, words of the grammar, and plain words. Decides nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llm4rec.core.texts import Phrase, Token, phrase
from llm4rec.writers.asking.lexicon import Lexicon
from llm4rec.writers.asking.ranges import Ranges

STRONG = frozenset(
    {"not", "brief", "hate", "like", "neutral", "item", "by", "more", "less", "or", "and", "positive"}
)
"""Cues that a value of the same length does not displace."""


@dataclass(frozen=True)
class Mark:
    """What tokens `start` to `end` are. Besides the tags of cues: value, name, title, range, relative, lean, compare,
    quoted, comma, stop, sign and word."""

    tag: str
    start: int
    end: int
    value: Any = None
    near: str = ""


class Scanner:
    """Reads tokens from left to right; the longest that fits at each place is taken."""

    def __init__(self, lexicon: Lexicon, parts: Sequence[Token], this_year: int | None) -> None:
        self.lexicon = lexicon
        self.parts = parts
        self.words = [token.word for token in parts]
        self.ranges = Ranges(lexicon, self.words, this_year)
        self.marks: list[Mark] = []

    def marked(self) -> list[Mark]:
        """The marks of all tokens, in order, without gaps."""
        at = 0
        while at < len(self.parts):
            mark = self._at(at)
            self.marks.append(mark)
            at = mark.end
        return self.marks

    def _at(self, at: int) -> Mark:
        for read in (
            self._quoted,
            self._relative,
            self._range,
            self._title,
            self._sign,
            self._longest,
            self._misspelt,
        ):
            mark = read(at)
            if mark is not None:
                return mark
        return Mark("word", at, at + 1)

    def _before(self, *skipped: str) -> str:
        """The tag of the last mark, such tags skipped."""
        return next((m.tag for m in reversed(self.marks) if m.tag not in skipped), "")

    def _quoted(self, at: int) -> Mark | None:
        if self.words[at] != '"' or '"' not in self.words[at + 1 :]:
            return None
        close = self.words.index('"', at + 1)
        found = self.lexicon.titles.longest(self._plain(at + 1, close), fuzzy=True)
        inside = phrase(" ".join(self.words[at + 1 : close]))
        if found is not None:
            return Mark("title", at, close + 1, found[1])
        return Mark("quoted", at, close + 1, inside) if inside else None

    def _plain(self, start: int, end: int) -> list[str]:
        return [w for w in self.words[start:end] if w[0].isalnum()]

    def _range(self, at: int) -> Mark | None:
        found = self.ranges.at(at)
        # A number inside a title is not a range: "Twenty Thousand Leagues", "2001: A Space Odyssey".
        if found is None or (self._asked() and self._title(at) is not None):
            return None
        title = self._exact(at)
        if title is not None and title.end >= found.end and title.end - at > 1:
            return title
        return Mark("range", at, found.end, found)

    def _relative(self, at: int) -> Mark | None:
        """ "shorter than TITLE", "older than TITLE": the measure, more or less, and the items."""
        for measure in self.lexicon.words.measures:
            found = measure.compares.longest(self.words, at)
            if found is None or (measure.name not in self.lexicon.measures and measure.name != "year"):
                continue
            end, more = found
            if self.words[end : end + 1] == ["than"]:
                title = self._named(end + 1, fuzzy=True)
                if title is not None:
                    return Mark("relative", at, title.end, (measure.name, more, title.value))
        return None

    def _asked(self) -> bool:
        """Whether a title is expected: behind "like", and behind another title."""
        tag = self._before("fill", "item", "kind", "degree", "sign")
        if tag in ("or", "and", "comma"):
            tag = self._before("fill", "item", "kind", "or", "and", "comma", "sign")
            return tag == "title"
        return tag in ("like", "hate")

    def _title(self, at: int) -> Mark | None:
        if not self.words[at][0].isalnum():
            return None
        if not self._asked():
            left_out = self._before("fill") == "not" and self.parts[at].capital
            value = self.lexicon.values.longest(self.words, at)
            named = self._named(at, fuzzy=False) if left_out and value is None else None
            return named or self._exact(at)
        value = self.lexicon.values.longest(self.words, at)
        named = self._named(at, fuzzy=self._may_be_title(at))
        if named is None or (value is not None and value[0] >= named.end and not self.parts[at].capital):
            return None
        weak = (
            named.end - at == 1
            and not self.parts[at].capital
            and (self.words[at],) in self.lexicon.words.cues
        )
        return None if weak else named

    def _may_be_title(self, at: int) -> bool:
        """Whether what is said here may be a title with mistakes: not where it is a value or a word of the grammar."""
        if self.parts[at].capital:
            return True
        return (self.words[at],) not in self.lexicon.words.cues or self.words[at] in ("the", "a", "an")

    def _exact(self, at: int) -> Mark | None:
        """A title said letter by letter without being asked for: two words at least, not all of them attributes."""
        named = self._named(at, fuzzy=False)
        if named is None:
            return None
        inside = [w for w in phrase(" ".join(self.words[at : named.end])) if w not in ("the", "a", "an")]
        value = self.lexicon.values.longest(self.words, at)
        if len(inside) < 2 or (value is not None and value[0] >= named.end):
            return None
        return None if all(self._is_known(word) for word in inside) else named

    def _is_known(self, word: str) -> bool:
        return (word,) in self.lexicon.words.cues or (word,) in self.lexicon.values

    def _named(self, at: int, fuzzy: bool) -> Mark | None:
        places = [p for p in range(at, min(at + 14, len(self.words))) if self.words[p][0].isalnum()]
        stop = next(
            (p for p in range(at, len(self.words)) if self.words[p] in (";", "?", "!", '"')), len(self.words)
        )
        places = [p for p in places if p < stop]
        found = self.lexicon.titles.longest([self.words[p] for p in places], fuzzy) if places else None
        return None if found is None else Mark("title", at, places[found[0] - 1] + 1, found[1])

    def _sign(self, at: int) -> Mark | None:
        word = self.words[at]
        if word[0].isalnum() or any(cue[0] == word for cue in self.lexicon.words.cues):
            return None
        if word in {",", "/"}:
            return Mark("comma" if word == "," else "or", at, at + 1)
        return Mark("stop" if word in ".;!?:" else "sign", at, at + 1)

    def _longest(self, at: int) -> Mark | None:
        """The longest of value, name, praise or comparison, and cue; a cue that steers wins a draw."""
        marks = (self._cue(at), self._value(at), self._name(at), self._measured(at), *self._measures(at))
        found = [mark for mark in marks if mark]
        if not found:
            return None
        return max(found, key=lambda mark: (mark.end, mark.tag in STRONG, _RANK.get(mark.tag, 0)))

    def _cue(self, at: int) -> Mark | None:
        found = self.lexicon.words.cues.longest(self.words, at)
        return None if found is None else Mark(found[1], at, found[0])

    def _value(self, at: int) -> Mark | None:
        found = self.lexicon.values.longest(self.words, at)
        if found is None:
            return None
        people = all(column in self.lexicon.people for column, _ in found[1])
        return Mark("name" if people else "value", at, found[0], found[1])

    def _name(self, at: int) -> Mark | None:
        """A last name, where a name is expected or the word is written like one."""
        tag = self._before("fill", "degree", "and", "or", "comma")
        expected = tag in ("by", "name", "like", "hate")
        if not expected and not (self.parts[at].capital and self._begins(at)):
            return None
        found = self.lexicon.surnames.longest(self.words, at)
        return None if found is None else Mark("name", at, found[0], found[1])

    def _begins(self, at: int) -> bool:
        """Whether a name may stand here without "by": not behind a plain word or a word of place."""
        if any(mark.tag in ("about", "plain") for mark in self.marks):
            return False
        return not self.marks or (
            self.marks[-1].tag != "word" and self.words[at - 1] not in ("in", "at", "to")
        )

    def _measured(self, at: int) -> Mark | None:
        """ "rated", "published": what the number behind it measures, and nothing by itself."""
        for measure in self.lexicon.words.measures:
            found = measure.names.longest(self.words, at)
            if found is not None and found[0] < len(self.words) and self.ranges.at(found[0]) is not None:
                return Mark("fill", at, found[0])
        return None

    def _measures(self, at: int) -> list[Mark]:
        marks = []
        for measure in self.lexicon.words.measures:
            for tag, phrases in (("compare", measure.compares), ("lean", measure.leans)):
                found = phrases.longest(self.words, at)
                if found is not None:
                    known = measure.name in self.lexicon.measures
                    marks.append(Mark(tag, at, found[0], (measure.name, found[1])))
                    if known:
                        return [marks[-1]]
        return marks[:1]

    def _misspelt(self, at: int) -> Mark | None:
        word = self.words[at]
        found = self.lexicon.nearly(word) if word.isalpha() else None
        return None if found is None else Mark("value", at, at + 1, found[1], near=word)


_RANK = {"value": 3, "name": 3, "compare": 2, "lean": 2}


def capitals(parts: Sequence[Token], start: int) -> Phrase:
    """Words written like names from a place on."""
    found: list[str] = []
    for token in parts[start:]:
        if not (token.capital or (found and token.word in ("of", "the", "and", "de", "."))):
            break
        found.append(token.word)
    return tuple(found)
