"""Plain-language search against BM25 and the bare encoder, and hand-written requests. python -m benchmarks.asking [films|books|games|requests] [questions].

films     the plot of a film of ml-100k is the request; it is hidden from the index in turn, so that title, year, kinds and
          tagline must do, while all other films keep their plots
books     goodbooks: half the words of a title, one of them misspelt, with the author's last name and the decade
games     amazon-games: the platform-like last words of a title are left out, one word is misspelt
requests  the hand-written requests of tests/writers/asking: how many are read as intended, how many constraints broken

Texts of index and requests are the same for all ways; each way orders all items. Questions are drawn once, by a seed; those of
an even number are for choosing weights, the others are quoted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.common import ROOT, keep, loaded
from llm4rec.core import Catalog, Column, ColumnType, Floats, Numbers, unit_rows
from llm4rec.engine import Engine, Settings
from llm4rec.engine.fitted import Fitted
from llm4rec.engine.wishes import Asker, Desk
from llm4rec.core import History

DEPTH = 10
SEED = 20_260
QUESTIONS = 400


@dataclass(frozen=True)
class Question:
    """A request, the item it is about, and the catalog text that stands for that item meanwhile (None: its own)."""

    text: str
    item: int
    shown: str | None = None


def main() -> None:
    chosen = [name for name in sys.argv[1:] if not name.isdigit()] or [*WORLDS, "requests"]
    count = next((int(name) for name in sys.argv[1:] if name.isdigit()), QUESTIONS)
    result = {name: requests() if name == "requests" else measured(name, count) for name in chosen}
    keep("asking", result)


def measured(name: str, count: int) -> dict[str, float]:
    """recall@10 of every way on one data set."""
    data = loaded(name_of(name)).dataset if name != "books" else None
    catalog = data.catalog if data is not None else books()
    rng = np.random.default_rng(SEED)
    questions = WORLDS[name](catalog, rng.permutation(len(catalog)), count, rng)
    desk = Desk(stand_in(catalog))
    told: dict[str, list[bool]] = {}
    for question in questions:
        for way, found in ways(desk, question):
            told.setdefault(way, []).append(question.item in found)
    result = {way: float(np.mean(hits)) for way, hits in told.items()} | {"questions": float(len(questions))}
    for way, value in result.items():
        print(f"{name:9} {way:14} {value:.4f}", flush=True)
    return result


def name_of(name: str) -> str:
    return {"films": "ml-100k", "games": "amazon-games"}[name]


def stand_in(catalog: Catalog) -> Fitted:
    """An engine that knows no people: a search without taste."""
    raise NotImplementedError


WORLDS: dict[str, Callable[..., list[Question]]] = {}
