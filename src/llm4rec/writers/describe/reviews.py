"""What people wrote of an item that can be quoted, and the words that several of them use. Judges no harm."""

from __future__ import annotations

import re
from collections import Counter

from llm4rec.core import Evidence
from llm4rec.core.languages import language_of
from llm4rec.core.suspect import suspicious
from llm4rec.writers.explain.facts import Facts
from llm4rec.writers.terms import words_of

TOLD = 4  # words that are told of several reviews
PEOPLE = 2  # who must use a word
SHARED = 100  # what a word counts for each further person that uses it; it counts 1 by itself
_CONTACT = re.compile(r"@|https?:|www\.|\d[\d\s().-]{6,}\d")

Said = tuple[str, frozenset[str], int]


def quotes(facts: Facts, item: int, most: int, code: str) -> list[Evidence]:
    """Up to `most` sentences of different people: of what most of them speak, and not all of the same."""
    said = _said(facts, item, code)
    people = facts.dataset.interactions.users
    speakers = _speakers(facts, said)
    taken: list[Evidence] = []
    heard: set[str] = set()
    who: set[int] = set()
    while len(taken) < most:
        worth = [
            0 if int(people[row]) in who else sum(SHARED * (speakers[word] - 1) + 1 for word in words - heard)
            for _, words, row in said
        ]
        if not worth or max(worth) <= 0:
            break
        text, words, row = said[worth.index(max(worth))]
        taken.append(_about(facts, item, "review", value=text, rows=(row,)))
        heard |= words
        who.add(int(people[row]))
    return taken


def mentions(facts: Facts, item: int, code: str) -> Evidence | None:
    """The words that most people use of an item, at least two each; none of its title."""
    said = _said(facts, item, code)
    title = set(words_of(facts.catalog.titles[item]))
    counts = {
        w: n for w, n in _speakers(facts, said).items() if n >= PEOPLE and w not in title and w.isalpha()
    }
    words = tuple(sorted(counts, key=lambda w: (-counts[w], w))[:TOLD])
    if not words:
        return None
    rows = tuple(sorted({row for _, told, row in said if told & set(words)}))
    return _about(facts, item, "mentions", words=words, rows=rows, count=min(counts[w] for w in words))


def _said(facts: Facts, item: int, code: str) -> list[Said]:
    """Sentences in the language asked for that hold no address and no attack."""
    found = facts.quotable(item)
    return [
        one
        for one in found
        if language_of(one[0]) == code and not _CONTACT.search(one[0]) and not suspicious(one[0])
    ]


def _speakers(facts: Facts, said: list[Said]) -> Counter[str]:
    """How many people use each word."""
    people = facts.dataset.interactions.users
    return Counter(word for _, word in {(int(people[row]), word) for _, words, row in said for word in words})


def _about(facts: Facts, item: int, kind: str, **fields: object) -> Evidence:
    return Evidence(  # type: ignore[call-overload, unused-ignore]
        kind,  # type: ignore[arg-type]
        items=(facts.catalog.ids.ids[item],),
        titles=(facts.catalog.titles[item],),
        **fields,  # type: ignore[arg-type]
    )
