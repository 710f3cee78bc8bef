"""Ways of saying that are doubled or stand apart ("drama drama drama", "keep the horror away") in words the grammar reads.

Knows only which words there are; where each stands in the text is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from llm4rec.core.texts import Token
from llm4rec.writers.asking.lexicon import Lexicon
from llm4rec.writers.remarks.wordlists import wordlists

DATING = frozenset(
    {"from", "in", "since", "before", "after", "until", "till", "pre", "post", "of", "past", "than"}
)
"""Words before a year."""
EARLIEST = 20
"""A smaller number of two digits is no year."""
HOURS = {"一": "2", "1": "2", "两": "3", "二": "3", "2": "3", "三": "4", "3": "4"}
NUMERALS = frozenset("一二三四五六七八九十")
DRUMMED = 3
"""A kind that is said so often in a row is complained about."""
APART = {"keep": {"away", "out", "off"}, "leave": {"out", "off", "aside"}}
"""What does without a thing, and where its end stands: "leave the war films out"."""
REACH = 8
"""So many words may stand between the two."""
SELF = frozenset({"me", "us", "it", "them", "him", "her", "things"})
BETWEEN = frozenset({",", "!", ".", "and", "more"})
"""What may stand between: "war, war and more war"."""
ASKING = frozenset({"please", "more", "want", "give", "need", "love", "yes"})
SAID_LONG = frozenset("长短老旧慢贵闷烦久厚薄")
"""Behind 好 these are too much of it; 好看 and 好笑 are praise."""


def plainly(parts: Sequence[Token], lexicon: Lexicon) -> list[Token]:
    """The tokens of a remark with such ways of saying put plainly."""
    return _joined_again(_once(_very(_dated(_centuries(_more_hours(parts)))), lexicon))


def _more_hours(parts: Sequence[Token]) -> list[Token]:
    """ "一个多小时" as 不到2个小时."""
    made: list[Token] = []
    for at, part in enumerate(parts):
        ahead = [p.word for p in parts[at + 1 : at + 4]]
        counted = part.word in HOURS and (ahead == ["个", "多", "小"] or ahead[:2] == ["多", "小"])
        if counted:
            made += [replace(part, word="不"), replace(part, word="到"), replace(part, word=HOURS[part.word])]
        elif not (part.word == "多" and [p.word for p in parts[at + 1 : at + 3]] == ["小", "时"]):
            made.append(part)
    return made


def _dated(parts: Sequence[Token]) -> list[Token]:
    """ "From 97 or 98", "in 85": years of the last century, where no unit is behind them."""
    made = list(parts)
    dated = False
    for at, part in enumerate(made):
        before = made[at - 1].word if at else ""
        behind = made[at + 1].word if at + 1 < len(made) else "."
        alone = not behind[0].isalnum() or behind in (
            "or",
            "and",
            "to",
            "please",
            "pls",
            "plz",
            "onwards",
            "on",
        )
        said = before in DATING or (dated and before in ("or", "and", "to", "-"))
        short = len(part.word) == 2 and part.word.isdigit() and int(part.word) >= EARLIEST
        if short and said and (alone and behind not in ("%", "'", "/")):
            made[at] = replace(part, word=f"19{part.word}")
            dated = True
        elif part.word not in ("or", "and", "to", "-"):
            dated = False
    return made


def _centuries(parts: Sequence[Token]) -> list[Token]:
    """ "The last century" and 上世纪 are the twentieth; before a decade they say no more than it."""
    made: list[Token] = []
    words = [part.word for part in parts]
    at = 0
    while at < len(parts):
        if words[at] in ("last", "previous", "past") and words[at + 1 : at + 2] in (
            ["century"],
            ["century's"],
        ):
            made += [replace(parts[at], word="20"), parts[at + 1]]
            at += 2
            continue
        if words[at] == "上":
            end = at + 2 if words[at + 1 : at + 2] == ["个"] else at + 1
            if words[end : end + 2] == ["世", "纪"]:
                decade = words[end + 2 : end + 3] and (words[end + 2] in NUMERALS or words[end + 2].isdigit())
                made += [] if decade else [replace(parts[at], word="20"), parts[end], parts[end + 1]]
                at = end + 2
                continue
        made.append(parts[at])
        at += 1
    return made


def _very(parts: Sequence[Token]) -> list[Token]:
    """好长 as 太长."""
    made = list(parts)
    for at, part in enumerate(made[:-1]):
        if part.word == "好" and made[at + 1].word in SAID_LONG:
            made[at] = replace(part, word="太")
    return made


def _once(parts: Sequence[Token], lexicon: Lexicon) -> list[Token]:
    """ "Drama drama drama" as "less drama", unless it is asked for."""
    words = [part.word for part in parts]
    made: list[Token] = []
    at = 0
    while at < len(parts):
        size, end = _drummed(words, at, lexicon)
        near = words[max(at - 2, 0) : at] + words[end : end + 2]
        if size and not ASKING.intersection(near):
            made += [replace(parts[at], word="less"), *parts[at : at + size]]
            at = end
        else:
            made.append(parts[at])
            at += 1
    return made


def _drummed(words: Sequence[str], at: int, lexicon: Lexicon) -> tuple[int, int]:
    """How many words a kind has that is said again and again from here, and where that ends; 0 where none is."""
    found = lexicon.values.longest(words, at) or wordlists().aspects.longest(words, at)
    if found is None:
        return 0, at
    said, end, times = list(words[at : found[0]]), found[0], 1
    while True:
        start = end
        while start < len(words) and words[start] in BETWEEN:
            start += 1
        if list(words[start : start + len(said)]) != said:
            break
        end, times = start + len(said), times + 1
    return (len(said), end) if times >= DRUMMED else (0, at)


def _joined_again(parts: Sequence[Token]) -> list[Token]:
    """ "Keep the horror away from me" as "no the horror"."""
    made: list[Token] = []
    dropped: set[int] = set()
    words = [part.word for part in parts]
    for at, part in enumerate(parts):
        end = _apart(words, at)
        if end:
            made.append(replace(part, word="no"))
            dropped.add(end)
            if words[end + 1 : end + 2] == ["from"] and words[end + 2 : end + 3] in (["me"], ["us"]):
                dropped |= {end + 1, end + 2}
        elif at not in dropped:
            made.append(part)
    return made


def _apart(words: Sequence[str], at: int) -> int:
    """Where the end of a verb that begins here stands apart from it; 0 where it does not."""
    ends = APART.get(words[at])
    if ends is None or at + 1 >= len(words) or words[at + 1] in SELF:
        return 0
    for end in range(at + 1, min(at + REACH, len(words))):
        if not words[end][0].isalnum():
            return 0
        if words[end] in ends:
            return end if end > at + 1 else 0
    return 0
