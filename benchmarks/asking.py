"""Plain-language search against BM25 and the bare encoder, and hand-written requests.

python -m benchmarks.asking [films] [books] [games] [requests] [QUESTIONS]

films     the plot of a film of ml-100k is the request; it is hidden from the index in turn, so that title, kinds and tagline
          must do, while all other films keep their plots
books     goodbooks: half the words of a title, one of them misspelt, with the author's last name and the decade
games     amazon-games: half the words of a title, one of them misspelt
requests  the hand-written requests of tests/writers/asking: the share read as intended, and constraints broken

All ways see the same texts and order all items; equal scores share their mean rank. Questions are drawn once, by a seed. Of
the first thousand those of even number served for choosing the weights; recall@10 is of all others alone.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.common import ROOT, folder, keep, loaded
from llm4rec.core import (
    Catalog,
    Column,
    ColumnType,
    Dataset,
    Floats,
    History,
    Interactions,
    Users,
    Vocabulary,
)
from llm4rec.engine import Engine, Settings
from llm4rec.engine.wishes import Asker, Desk
from llm4rec.evaluation import Sample, bootstrap, interval
from llm4rec.writers.asking import Bm25, Shelf, understood

DEPTH, SEED, QUESTIONS, LEAST_WORDS = 10, 20_260, 2_000, 15
CHOSEN = 1_000  # questions of which every other served for choosing the weights
LEAST_NAMES = 4  # words of a title that can be halved


@dataclass(frozen=True)
class Question:
    """A request, the item it is about, and the catalog text that stands for that item meanwhile ("" for its own)."""

    text: str
    item: int
    shown: str = ""


def main() -> None:
    count = next((int(name) for name in sys.argv[1:] if name.isdigit()), QUESTIONS)
    chosen = [name for name in sys.argv[1:] if not name.isdigit()] or [*WORLDS, "requests"]
    keep("asking", {name: requests() if name == "requests" else measured(name, count) for name in chosen})


def measured(name: str, count: int) -> dict[str, Any]:
    """recall@10 of every way on one data set, and by how much `ask` is above the others; intervals over questions."""
    catalog, questions = WORLDS[name](count)
    ways = Ways(catalog, questions)
    hits: dict[str, list[bool]] = {}
    for place, question in enumerate(questions):
        if place % 2 or place >= CHOSEN:
            for way, scores in ways.of(place, question):
                hits.setdefault(way, []).append(rank(scores, question.item) <= DEPTH)
    rows = {way: np.array(told, dtype=np.float64) for way, told in hits.items()}
    found: dict[str, Any] = {way: sure(row) for way, row in rows.items()}
    found["ask above"] = {way: sure(rows["ask"] - row) for way, row in rows.items() if way != "ask"}
    print(f"{name:8} recall@{DEPTH} of {len(rows['ask'])} questions: {found}", flush=True)
    return {"questions": len(rows["ask"]), **found}


def sure(row: NDArray[np.float64]) -> list[float]:
    """Mean, and the ends of its 95 % interval over questions."""
    drawn = bootstrap([Sample(row, np.ones(len(row)))], np.random.default_rng(SEED))
    return [float(row.mean()), *interval(drawn)]


def rank(scores: Floats, item: int) -> float:
    """From 1; equal scores share their mean rank."""
    same = np.count_nonzero(scores == scores[item])
    return float(np.count_nonzero(scores > scores[item]) + 0.5 * (same + 1))


class Ways:
    """Each way of ordering all items for a question, the item's own text replaced meanwhile."""

    def __init__(self, catalog: Catalog, questions: list[Question]) -> None:
        # Nobody's taste counts: one user took every item once, which tells no item from another.
        events = Interactions.of(np.zeros(1, np.int64), np.zeros(1, np.int64), timestamps=np.zeros(1))
        data = Dataset(events, catalog, Users(Vocabulary(["nobody"])))
        self.engine = Engine(Settings(), model="popular").fit(data)
        self.desk = Desk(self.engine.fitted)
        self.items = len(catalog)
        self.hidden = [q.shown for q in questions]
        self.plain = Bm25.of([*catalog.texts, *self.hidden])
        self.plain = Bm25(self.plain.vocabulary, self.plain.weights, most=10_000)
        encoder = self.engine.fitted.raw_encoder
        assert encoder is not None
        assert self.desk.vectors is not None
        self.asked = encoder.encode([q.text for q in questions])
        self.short = encoder.encode(self.hidden)
        self.vectors = self.desk.vectors.copy()
        self.words = Bm25.of([*_said(self.desk), *self.hidden])

    def of(self, place: int, question: Question) -> Iterator[tuple[str, Floats]]:
        """Names and (items,) scores."""
        item = question.item
        swapped = self.vectors.copy() if question.shown else self.vectors
        if question.shown:
            swapped[item] = self.short[place] / max(float(np.linalg.norm(self.short[place])), 1e-9)
        yield "bm25", self._swapped(self.plain, question.text, place, question)
        yield "bare encoder", swapped @ self.asked[place]
        yield "ask", self._ask(swapped, place, question)

    def _swapped(self, index: Bm25, text: str, place: int, question: Question) -> Floats:
        scores = index.scores(text)
        own = scores[: self.items].copy()
        if question.shown:
            own[question.item] = scores[self.items + place]
        return own

    def _ask(self, vectors: Floats, place: int, question: Question) -> Floats:
        """Scores as the engine gives them: items that break a constraint are last."""
        desk = self.desk
        made = self.engine.fitted.made
        made.keep("vectors", vectors)
        made.keep("words", Swapped(partial(self._swapped, self.words, place=place, question=question)))
        reading, _ = desk.read(question.text, 2026, None)
        asker = Asker(History.of([]))
        found = desk.answer(reading, asker, self.items, self.engine.settings.ask).answer
        scores = np.full(self.items, -np.inf, dtype=np.float32)
        numbers = self.engine.catalog.ids.numbers(found.items)
        scores[numbers] = found.scores
        return scores


@dataclass(frozen=True)
class Swapped:
    """An index with one text replaced."""

    scores: Callable[[str], Floats]


def _said(desk: Desk) -> list[str]:
    """What the index of words reads of each item, as `Desk.words` does."""
    said = [[text] for text in desk.catalog.texts]
    for (_, value), rows in desk.shelf.rows.items():
        for row in rows.tolist():
            said[row].append(value)
    return [". ".join(parts) for parts in said]


def films(count: int) -> tuple[Catalog, list[Question]]:
    catalog = loaded("ml-100k").dataset.catalog
    columns = catalog.columns
    plots = [plot or "" for plot in columns["description"].values]
    fits = [
        int(i)
        for i in np.random.default_rng(SEED).permutation(len(catalog))
        if len(plots[i].split()) > LEAST_WORDS and columns["tmdb_match_suspect"].values[i] != "yes"
    ]
    parts = [
        (catalog.titles[i], ", ".join(columns["categories"].values[i]), columns["tagline"].values[i])
        for i in fits
    ]
    hidden = [". ".join(part for part in row if part) for row in parts]
    return catalog, [Question(plots[i], i, text) for i, text in zip(fits, hidden, strict=True)][:count]


def books(count: int) -> tuple[Catalog, list[Question]]:
    rows = pl.read_parquet(folder("goodbooks") / "items.parquet")
    columns = {
        "title": Column(ColumnType.TEXT, _objects(rows["title"].to_list())),
        "authors": Column(ColumnType.TEXT, _objects(rows["authors"].to_list())),
        "year": Column(ColumnType.NUMBER, rows["year"].to_numpy().astype(np.float64)),
    }
    catalog = Catalog(Vocabulary(rows["item_id"].to_list()), columns)
    found = []
    for item, words in _halved(catalog, count):
        author, year = (rows["authors"][item] or "").split(",")[0].split(" ")[-1], rows["year"][item]
        when = "" if year is None or not 1900 <= year < 2020 else f" from the {int(year) // 10 * 10}s"
        found.append(Question(f"a book by {author}{when} about {words}", item))
    return catalog, found


def games(count: int) -> tuple[Catalog, list[Question]]:
    catalog = loaded("amazon-games").dataset.catalog
    return catalog, [Question(f"I am looking for {words}", item) for item, words in _halved(catalog, count)]


def _halved(catalog: Catalog, count: int) -> list[tuple[int, str]]:
    """Items and half the words of their titles, the longest misspelt."""
    rng = np.random.default_rng(SEED)
    found: list[tuple[int, str]] = []
    for item in rng.permutation(len(catalog)):
        words = re.findall(r"[A-Za-z]{3,}", catalog.titles[item])
        if len(words) < LEAST_NAMES or len(found) == count:
            continue
        kept = [words[i].lower() for i in sorted(rng.choice(len(words), len(words) // 2, replace=False))]
        longest = max(range(len(kept)), key=lambda i: len(kept[i]))
        kept[longest] = _misspelt(kept[longest], rng)
        found.append((int(item), " ".join(kept)))
    return found


def _misspelt(word: str, rng: np.random.Generator) -> str:
    """One letter lost, or two swapped."""
    at = int(rng.integers(1, len(word) - 1))
    return (
        word[:at] + word[at + 1 :]
        if rng.random() < 0.5
        else word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    )


def _objects(values: list[object]) -> np.ndarray:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def requests() -> dict[str, float]:
    """The hand-written requests: share as intended, and items allowed that break a constraint."""
    sys.path.insert(0, str(ROOT / "tests"))
    from writers.asking.reading import as_meant, cases, lexicon, table  # type: ignore[import-not-found]
    from writers.asking.test_requests import holds  # type: ignore[import-not-found]

    right = broken = 0
    told = cases()
    for case in told:
        reading = understood(case.text, lexicon(case.table), 2026)
        right += as_meant(case, reading)
        opened, mask = Shelf.of(table(case.table), lexicon(case.table)).opened(reading, DEPTH)
        broken += sum(not holds(case.table, int(n), p) for n in np.flatnonzero(mask) for p in opened.hard)
    found = {"requests": float(len(told)), "as_intended": right / len(told), "violations": float(broken)}
    print(found, flush=True)
    return found


WORLDS = {"films": films, "books": books, "games": games}

if __name__ == "__main__":
    main()
