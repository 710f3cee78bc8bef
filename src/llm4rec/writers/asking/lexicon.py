"""What a catalog lets one ask for: its values, names, numbers and titles, by the words people use for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Catalog, ColumnType
from llm4rec.core.texts import Phrase, near, phrase, tokens
from llm4rec.writers.asking.readings import Pair
from llm4rec.writers.asking.titles import Titles
from llm4rec.writers.asking.wordlists import Measure, Phrases, Wordlists, wordlists

MANY = 0.5
"""A column with more values than this share of the items names items; it is no attribute, unless it holds people."""
SAMPLE = 5000
"""So many items tell which words a catalog knows."""
GRAMMAR = frozenset({"item", "not", "brief", "fill", "about", "positive", "like", "or", "and", "by", "plain"})
"""Words of these tags are never the name of a value."""
ANSWERS = frozenset({"yes", "no", "true", "false", "是", "否", "有", "无"})
"""Values that mean something only beside the name of their column: "yes" alone asks for nothing."""
YEAR = 1970.0
SECONDS = 365.2425 * 86_400
_SKIPPED = frozenset({"title", "description", "text", "image", "audio"})


@dataclass(frozen=True, eq=False)
class Lexicon:
    """A catalog's words. `numbers` are columns a range can be of, times as years; `measures` what they measure."""

    words: Wordlists
    values: Phrases[tuple[Pair, ...]]
    surnames: Phrases[tuple[Pair, ...]]
    numbers: Mapping[str, NDArray[np.float64]]
    measures: Mapping[str, str]
    titles: Titles
    ids: tuple[Any, ...]
    known: frozenset[str]
    counts: Mapping[Pair, int]
    single: frozenset[str]
    people: frozenset[str]

    @classmethod
    def of(cls, catalog: Catalog) -> Lexicon:
        """The words of a catalog; takes about a second for 100,000 items."""
        words = wordlists()
        people = frozenset(c for c in catalog.columns if phrase(c.replace("_", " ")) in words.people)
        counts = _counted(catalog, people)
        numbers = numbers_of(catalog)
        return cls(
            words=words,
            values=_phrases(counts, words, people),
            surnames=_surnames(counts, people),
            numbers=numbers,
            measures=_measured(numbers, words.measures),
            titles=Titles(catalog.titles),
            ids=catalog.ids.ids,
            known=frozenset(t.word for text in catalog.texts[:SAMPLE] for t in tokens(text[:600].lower())),
            counts=counts,
            single=frozenset(
                c for c, col in catalog.columns.items() if col.type is ColumnType.CATEGORY and c not in people
            ),
            people=people,
        )

    def nearly(self, word: str) -> tuple[str, tuple[Pair, ...]] | None:
        """The value that a misspelt word means; a word that the catalog itself uses is no misspelling."""
        if len(word) < 5 or word in self.known:
            return None
        most = 1 if len(word) < 9 else 2
        for known in self.values:
            if (
                len(known) == 1
                and len(known[0]) > 3
                and known[0][0] == word[0]
                and near(known[0], word, most)
            ):
                return known[0], self.values.entries[known]
        return None

    def measure(self, name: str) -> Measure | None:
        """What is told of a measure by its name; None for a column that is only called so."""
        return next((m for m in self.words.measures if m.name == name), None)


def numbers_of(catalog: Catalog) -> dict[str, NDArray[np.float64]]:
    """Columns of numbers, and of times as years with a fraction; NaN where not known."""
    found = {}
    for name, column in catalog.columns.items():
        if column.type is ColumnType.NUMBER:
            found[name] = np.asarray(column.values, dtype=np.float64)
        elif column.type is ColumnType.TIME:
            found[name] = YEAR + np.asarray(column.values, dtype=np.float64) / SECONDS
    return {name: values for name, values in found.items() if np.isfinite(values).any()}


def values_of(catalog: Catalog, column: str, people: bool) -> list[tuple[str, ...]]:
    """The values of every item in a column; names that stand in one text are parted."""
    kept = catalog.columns[column].values
    if catalog.columns[column].type is ColumnType.TAGS:
        return [tuple(value) for value in kept]
    if people:
        return [tuple(p.strip() for p in (v or "").split(",") if p.strip()) for v in kept]
    return [(value,) if value else () for value in kept]


def attributes(catalog: Catalog, people: Iterable[str]) -> list[str]:
    """Columns whose values can be asked for."""
    kinds = (ColumnType.CATEGORY, ColumnType.TAGS)
    return [
        name
        for name, column in catalog.columns.items()
        if name not in _SKIPPED
        and (column.type in kinds or (name in people and column.type is ColumnType.TEXT))
    ]


def _counted(catalog: Catalog, people: frozenset[str]) -> dict[Pair, int]:
    found: dict[Pair, int] = {}
    for name in attributes(catalog, people):
        rows = values_of(catalog, name, name in people)
        counts = Counter(value for row in rows for value in row)
        if name in people or len(counts) <= max(MANY * len(catalog), 30):
            found |= {(name, value): count for value, count in counts.items()}
    return found


def _phrases(
    counts: Mapping[Pair, int], words: Wordlists, people: frozenset[str]
) -> Phrases[tuple[Pair, ...]]:
    """Values by their words, and by other words for them. A value that is a word of the grammar goes by another."""
    found: dict[Phrase, list[Pair]] = {}
    for pair in counts:
        found.setdefault(phrase(pair[1]), []).append(pair)
    by_name = {key: list(pairs) for key, pairs in found.items()}
    for key, told in words.values.items():
        if any(column not in people for column, _ in by_name.get(key, [])):
            continue  # the catalog has it under its own name
        meant = [p for value in told for p in by_name.get(phrase(value), []) if p[0] not in people]
        for pair in meant:
            if pair not in found.setdefault(key, []):
                found[key].append(pair)
    for key, told in words.names.items():
        meant = [p for value in told for p in by_name.get(phrase(value), []) if p[0] in people]
        if meant:
            found.setdefault(key, meant)
    taken = {cue for cue, tag in words.cues.entries.items() if tag in GRAMMAR}
    kept = {
        key: tuple(pairs)
        for key, pairs in found.items()
        if pairs
        and key not in taken
        and not ANSWERS.issuperset(key)
        and (len("".join(key)) > 1 or ord(key[0]) > 0x2E7F)
        and not all(word.isdigit() for word in key)
    }
    return Phrases(kept.items(), stemmed=True)


def _surnames(counts: Mapping[Pair, int], people: frozenset[str]) -> Phrases[tuple[Pair, ...]]:
    """Names of people by any of their endings: "Le Guin", "Guin"; several people may share one."""
    found: dict[Phrase, list[Pair]] = {}
    for pair in counts:
        if pair[0] in people:
            words = phrase(pair[1])
            for start in range(len(words)):
                if len(words[start]) > 2 or start == 0:
                    found.setdefault(words[start:], []).append(pair)
    return Phrases(((key, tuple(pairs)) for key, pairs in found.items()), stemmed=True)


def _measured(numbers: Mapping[str, Any], measures: Iterable[Measure]) -> dict[str, str]:
    """The column of each measure that the catalog has; numbers of no known measure go by their own name."""
    found: dict[str, str] = {}
    for measure in measures:
        # A column of years before one of dates: it says the same and is what people see.
        columns = [c for c in numbers if phrase(c.replace("_", " ")) in measure.columns]
        columns.sort(key=lambda c: (c != measure.name, c))
        if columns:
            found[measure.name] = columns[0]
    return found
