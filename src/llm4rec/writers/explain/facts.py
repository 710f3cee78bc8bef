"""What a data set says of items and people that can be told as a fact: shared attributes, takers, quotes, near texts.

Scores nothing: which history items matter comes from `removal`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from llm4rec.core import ColumnType, Dataset, Evidence, History, Numbers
from llm4rec.core.catalog import TITLE
from llm4rec.writers.language import stop_words
from llm4rec.writers.terms import Terms, words_of

COMMON = 0.3  # share of the catalog above which a value tells nothing
NAMED = 2  # history items named beside an attribute or a text
QUOTE = (15, 120)  # characters of a quote, at least and at most
READ = 60  # texts about one item that are read for a quote
ENDS = re.compile(r"(?<=[.!?])(?<!\b[A-Z]\.)\s+(?=[^a-z\s])|(?<=[。！？])\s*|\n+")
UNSEEN = re.compile(r"[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff“”\"]")


@dataclass(frozen=True, eq=False)
class _Values:
    """One column: the values of each item, who has each value, and how rare it is (0 where it is common)."""

    name: str
    of: tuple[tuple[str, ...], ...]
    holders: Mapping[str, frozenset[int]]
    rarity: Mapping[str, float]


class Facts:
    """Facts about one data set; tables are made when first needed. `feeling` says how kind a sentence is, -1 to 1."""

    def __init__(self, dataset: Dataset, feeling: Callable[[str], float] | None = None) -> None:
        self.dataset = dataset
        self.catalog = dataset.catalog
        self.feeling = feeling
        self._told: dict[int, list[tuple[str, frozenset[str]]]] = {}
        self._felt: dict[str, bool] = {}
        self._about_item: dict[int, frozenset[str]] = {}

    @cached_property
    def terms(self) -> Terms:
        """Words of the item texts."""
        return Terms(self.catalog.texts, stop_words())

    @cached_property
    def columns(self) -> list[_Values]:
        """Columns whose values can be shared."""
        found = []
        for name, column in self.catalog.columns.items():
            if column.type in (ColumnType.CATEGORY, ColumnType.TAGS) and name != TITLE:
                rows = [v if isinstance(v, tuple) else ((v,) if v else ()) for v in column.values]
                found.append(_table(name, rows))
        return found

    def shared(self, item: int, liked: Numbers, cited: Sequence[int]) -> Evidence | None:
        """The attribute that an item shares with the history and that tells most: rare, and shared often or by `cited`."""
        others = [int(i) for i in liked if i != item]
        among = frozenset(others)
        best: tuple[float, _Values, str] | None = None
        for column in self.columns:
            for value in column.of[item]:
                sharing = column.holders[value] & among
                near = sum(i in sharing for i in cited)
                worth = column.rarity[value] * (len(sharing) / max(len(others), 1) + 0.5 * near)
                if worth > (best[0] if best else 0.0):
                    best = (worth, column, value)
        if best is None:
            return None
        _, column, value = best
        sharing = column.holders[value] & among
        ranked = [i for i in cited if i in sharing] + [i for i in others if i in sharing and i not in cited]
        return self._about(
            "attribute",
            ranked[:NAMED],
            name=column.name,
            value=value,
            count=len(sharing),
            total=len(others),
        )

    def near(self, item: int, liked: Numbers) -> Evidence | None:
        """The history item whose text shares most with that of an item."""
        other, cosine, words = self.terms.near(item, liked[liked != item])
        if other < 0:
            return None
        return self._about("near", [other], words=words, share=round(cosine, 4))

    def is_new(self, item: int) -> bool:
        """Whether nobody has taken it."""
        return bool(self.taken[item] == 0)

    @cached_property
    def taken(self) -> Numbers:
        """How many people took each item."""
        return self.dataset.counts

    def popular(self, item: int) -> Evidence:
        """How many people took an item."""
        return Evidence("popular", count=int(self.taken[item]), total=len(self.dataset.users))

    def quote(self, item: int, asker: int, hints: frozenset[str]) -> Evidence | None:
        """A kind sentence of somebody else about an item, word for word: of what its text and `hints` have in common."""
        hints = (hints & self.words(item)) - set(words_of(self.catalog.titles[item]))
        users = self.dataset.interactions.users
        said = (
            (len(hints & words), sentence, row)
            for row in self._reviews(item)[:READ]
            if users[row] != asker
            for sentence, words in self._sentences(row)
            if hints & words
        )
        for _, sentence, row in sorted(said, key=lambda one: -one[0]):
            if self._kind(sentence):  # asked of the best first: it takes longer than all else
                return self._about("review", [item], value=sentence, rows=(row,))
        return None

    def own_words(self, cited: Sequence[int], asker: int, about: int) -> Evidence | None:
        """What the asker wrote of a cited item and that speaks of what another item is about."""
        of_it = self.words(about) - set(words_of(self.catalog.titles[about]))
        for item in cited if asker >= 0 else ():
            for row in self._reviews(item):
                if self.dataset.interactions.users[row] != asker:
                    continue
                for sentence, words in self._sentences(row):
                    if of_it & words and self._kind(sentence):
                        return self._about("own words", [item], value=sentence, rows=(row,))
        return None

    def words(self, item: int) -> frozenset[str]:
        """Words of an item's text."""
        if item not in self._about_item:
            self._about_item[item] = frozenset(self.terms.names[i] for i in self.terms.counts[item].indices)
        return self._about_item[item]

    def history(self, history: History, item: int) -> tuple[str, str]:
        """What somebody did last with an item that spoke for it, and the stars given ("" without)."""
        row = np.flatnonzero(history.positive & (history.items == item))[-1]
        value = float(history.values[row])
        kind = history.kind_names[int(history.kinds[row])]
        return kind, f"{value:g}" if kind == "rating" and np.isfinite(value) else ""

    def quotable(self, item: int) -> list[tuple[str, frozenset[str], int]]:
        """Sentences about an item that can be quoted as they stand, with their words and the row each is from."""
        return [
            (*said, row)
            for row in self._reviews(item)[:READ]
            for said in self._sentences(row)
            if self._kind(said[0])
        ]

    def _about(self, kind: str, items: Sequence[int], **fields: object) -> Evidence:
        ids = tuple(self.catalog.ids.names(items))
        titles = tuple(self.catalog.titles[i] for i in items)
        return Evidence(kind, items=ids, titles=titles, **fields)  # type: ignore[arg-type]

    @cached_property
    def _by_item(self) -> tuple[Numbers, Numbers]:
        """Rows of interactions that have a text and speak for their item, by item, and where each item begins."""
        i = self.dataset.interactions
        told = np.array([bool(t) for t in i.texts]) if i.texts is not None else np.zeros(len(i), bool)
        usual = float(np.nanmean(i.values[told])) if told.any() and np.isfinite(i.values[told]).any() else 0.0
        kind = np.isnan(i.values) | (i.values > usual)
        rows = np.flatnonzero(told & i.positive & kind)
        rows = rows[np.argsort(i.items[rows], kind="stable")]
        return rows, np.searchsorted(i.items[rows], np.arange(len(self.catalog) + 1))

    def _reviews(self, item: int) -> list[int]:
        rows, bounds = self._by_item
        found: list[int] = rows[bounds[item] : bounds[item + 1]].tolist()
        return found

    def _sentences(self, row: int) -> list[tuple[str, frozenset[str]]]:
        """Sentences of a text that can be quoted as they stand where they are kind, with their words: not long, no marks."""
        if row not in self._told:
            texts = self.dataset.interactions.texts
            assert texts is not None
            found = [s.strip().rstrip(".。") for s in ENDS.split(str(texts[row]))]
            fit = [s for s in found if QUOTE[0] <= len(s) <= QUOTE[1] and not UNSEEN.search(s)]
            self._told[row] = [(s, frozenset(words_of(s, stop_words()))) for s in fit]
        return self._told[row]

    def _kind(self, sentence: str) -> bool:
        """Whether a sentence, of a review that speaks for its item, is not unkind; all are where nobody can tell."""
        if self.feeling is None:
            return True
        if sentence not in self._felt:
            self._felt[sentence] = self.feeling(sentence) >= 0
        return self._felt[sentence]


def _table(name: str, rows: Sequence[tuple[str, ...]]) -> _Values:
    holders: dict[str, set[int]] = {}
    for item, values in enumerate(rows):
        for value in values:
            holders.setdefault(value, set()).add(item)
    size = len(rows)
    rarity = {
        value: math.log((1.0 + size) / len(held)) if len(held) <= COMMON * size else 0.0
        for value, held in holders.items()
    }
    frozen = {value: frozenset(held) for value, held in holders.items()}
    return _Values(name, tuple(tuple(dict.fromkeys(row)) for row in rows), frozen, rarity)
