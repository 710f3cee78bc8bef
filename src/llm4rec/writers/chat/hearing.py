"""What a message does before it is read for wishes: acts at its beginning, what it points at, what it asks.

Knows words, the list that stands before the person and titles; decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llm4rec.core.texts import Token, phrase, tokens
from llm4rec.writers.asking.lexicon import Lexicon
from llm4rec.writers.asking.titles import plain_title
from llm4rec.writers.asking.wordlists import wordlists
from llm4rec.writers.chat.wordlists import Field, talk

OPEN_ENDED = frozenset({"greet", "thanks", "why", "taken"})
"""Acts that more may follow without a sign in between."""
TRAILING = frozenset({"please", "thanks", "then", "now", "吧", "了", "呢", "啊"})


@dataclass(frozen=True)
class Heard:
    """A message: acts that it begins with, and the rest, as text and as tokens."""

    acts: tuple[str, ...]
    text: str

    @property
    def parts(self) -> list[Token]:
        """The rest as tokens."""
        return tokens(self.text)

    @property
    def words(self) -> list[str]:
        """The rest as folded words and signs."""
        return [part.word for part in self.parts]


def heard(text: str) -> Heard:
    """The acts at the beginning of a clean text, in order, and what is left behind them."""
    parts = tokens(text)
    words = [part.word for part in parts]
    acts: list[str] = []
    at = _behind_signs(words, 0)
    while at < len(words):
        found = talk().acts.longest(words, at)
        if found is None or not _ends(words, *found):
            break
        acts.append(found[1])
        at = _behind_signs(words, found[0])
        if all(word in TRAILING or not word[0].isalnum() for word in words[at:]):
            at = len(words)
    rest = text[parts[at].start :] if at < len(parts) else ""
    return Heard(tuple(acts), rest)


def _ends(words: Sequence[str], end: int, act: str) -> bool:
    """Whether an act ends where its phrase does: nothing but a sign or a word of courtesy behind it."""
    while end < len(words) and words[end] in TRAILING:
        end += 1
    return end >= len(words) or act in OPEN_ENDED or not words[end][0].isalnum()


def _behind_signs(words: Sequence[str], at: int) -> int:
    while at < len(words) and not words[at][0].isalnum() and words[at] != '"':
        at += 1
    return at


def places(words: Sequence[str], count: int) -> list[int]:
    """Places in a list of `count` that words point at ("the second one", "1 and 3", "第二个"), from 0, in order."""
    lists, marks = wordlists(), talk().marks
    bare = all(word.isdigit() or not word[0].isalnum() or word in ("and", "和", "or") for word in words)
    found: dict[int, None] = {}
    at = 0
    while at < len(words):
        end, place = at + 1, 0
        if (last := marks["last"].longest(words, at)) is not None:
            end, place = last[0], count
        elif (first := marks["first"].longest(words, at)) is not None:
            end, place = first[0], 1
        elif (behind := marks["behind"].longest(words, at)) is not None:
            end, place = _number(words, behind[0])
        elif bare and words[at].isdigit():
            place = int(words[at][:4])
        elif (ordinal := lists.ordinals.longest(words, at)) is not None and _stands_alone(words, ordinal[0]):
            end, place = ordinal[0], int(ordinal[1])
        if 1 <= place <= count:
            found[place - 1] = None
        at = max(end, at + 1)
    return list(found)


def _number(words: Sequence[str], at: int) -> tuple[int, int]:
    if at < len(words) and words[at].isdigit():
        return at + 1, int(words[at][:4])
    found = wordlists().numbers.longest(words, at)
    return (at, 0) if found is None else (found[0], int(found[1]))


def _stands_alone(words: Sequence[str], end: int) -> bool:
    """Whether an ordinal points: nothing behind it but "one", a sign or a verb of the question, not "second world war"."""
    following = words[end : end + 1]
    return not following or not following[0].isalnum() or (following[0],) in talk().marks["empty"]


def says_it(words: Sequence[str]) -> bool:
    """Whether words speak of what was spoken of: "it", "that one"."""
    it = talk().marks["it"]
    return any(it.longest(words, at) is not None for at in range(len(words)))


def is_question(said: Heard) -> bool:
    """Whether a message asks something."""
    question = talk().marks["question"]
    words = said.words
    chinese = any(
        question.longest(words, at) is not None and ord(words[at][0]) > 0x2E7F for at in range(len(words))
    )
    return bool(words) and (words[-1] == "?" or chinese or question.longest(words, 0) is not None)


def is_seeking(said: Heard) -> bool:
    """Whether a message looks for items, question or not."""
    lists, seeking, words = wordlists(), talk().marks["seeking"], said.words
    return any(
        seeking.longest(words, at) is not None or _is_item(lists.cues.longest(words, at), words[at])
        for at in range(len(words))
    )


def _is_item(found: tuple[int, str] | None, word: str) -> bool:
    return found is not None and found[1] in ("item", "kind") and word.endswith("s")


def is_whether(said: Heard) -> bool:
    """Whether "yes" or "no" answers a message."""
    whether, words = talk().marks["whether"], said.words
    if any(word in ("吗", "是不是") for word in words):
        return True
    return whether.longest(words, 0) is not None


def field_asked(said: Heard) -> tuple[Field, list[str]] | None:
    """What is asked of an item, and the words that are not part of that; the longest pattern counts."""
    text = " ".join(said.words)
    found = [(match, field) for field in talk().fields for match in field.asks.finditer(text)]
    if not found:
        return None
    match, field = max(found, key=lambda pair: (len(pair[0][0]), -pair[0].start()))
    gap = " ".join(part for part in match.groups() if part)
    return field, [*text[: match.start()].split(), *gap.split(), *text[match.end() :].split()]


def title_said(words: Sequence[str], lexicon: Lexicon, shown: Sequence[int]) -> tuple[list[int], str]:
    """Items that some words name, letter by letter, by their beginning or nearly; and the words that name nothing.

    Items of `shown` go before others of the same name; of them, a part of one title alone ("the stove") will do.
    """
    kept = _bare(words)
    if not kept:
        return [], ""
    for number in shown:
        known = phrase(plain_title(lexicon.titles.titles[number]))
        if known and _contains(phrase(" ".join(kept)), known):
            return [number], ""
    found = lexicon.titles.longest(kept, fuzzy=True)
    if found is not None:
        first = [number for number in found[1] if number in set(shown)]
        return first or found[1], ""
    part = phrase(" ".join(kept))
    inside = [n for n in shown if part and _contains(phrase(plain_title(lexicon.titles.titles[n])), part)]
    return (inside, "") if len(inside) == 1 else ([], _joined(kept))


def _joined(words: Sequence[str]) -> str:
    """Words as text: Chinese characters without spaces."""
    return ("" if all(ord(word[0]) > 0x2E7F for word in words) else " ").join(words)


def _bare(words: Sequence[str]) -> list[str]:
    """The words without signs and, at both ends, without words that name nothing."""
    kept = [word for word in words if word[0].isalnum()]
    empty = talk().marks["empty"]
    while kept and (kept[0],) in empty:
        kept = kept[1:]
    while kept and (kept[-1],) in empty:
        kept = kept[:-1]
    return kept


def _contains(words: Sequence[str], part: Sequence[str]) -> bool:
    return any(tuple(words[at : at + len(part)]) == tuple(part) for at in range(len(words) - len(part) + 1))
