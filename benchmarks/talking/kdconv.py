"""The part `kdconv` of `benchmarks.conversation`: people who speak Chinese and want a place or a film."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from benchmarks.common import folder
from benchmarks.talking.catalogs import chinese_films, places, taken
from benchmarks.talking.people import SHOWN, TURNS, Checked, Wanting, conversation, settings, turn_of, within
from llm4rec.core import Catalog
from llm4rec.engine import Engine
from llm4rec.engine.wishes import Desk
from llm4rec.writers.asking import Bm25


def chinese(people: int) -> dict[str, Any]:
    """Places and films that dialogues begin with are wanted; popularity is counted in the dialogues of the other split."""
    rows = pl.read_parquet(folder("kdconv") / "dialogs.parquet")
    found: dict[str, Any] = {}
    for domain, catalog in (("travel", places()), ("film", chinese_films(rows))):
        for split, other in (("dev", "test"), ("test", "dev")):
            of = rows.filter(pl.col("domain") == domain)
            counts = _spoken_of(of.filter(pl.col("split") == other), catalog)
            wanted = dict.fromkeys(of.filter(pl.col("split") == split)["start_entity"])
            targets = [n for n in map(catalog.ids.number, wanted) if n >= 0][:people]
            engine = Engine(settings(), model="popular").fit(taken(catalog, counts))
            found[f"{domain} {split}"] = _wanted(engine, targets)
            print(domain, split, json.dumps(found[f"{domain} {split}"], indent=1), flush=True)
    return found


def _spoken_of(rows: pl.DataFrame, catalog: Catalog) -> Counter[int]:
    """In how many dialogues facts of each item are quoted."""
    told: Counter[int] = Counter()
    for _, dialogue in rows.group_by("dialog", maintain_order=True):
        names = {fact["name"] for text in dialogue["triples_json"].drop_nulls() for fact in json.loads(text)}
        told.update(n for n in map(catalog.ids.number, sorted(names)) if n >= 0)
    return told


def _wanted(engine: Engine, targets: Sequence[int]) -> dict[str, Any]:
    shelf, checked = Desk(engine.fitted).shelf, Checked()
    columns = tuple(dict.fromkeys(column for column, _ in shelf.rows))
    order = np.argsort(-engine.fitted.dataset.counts, kind="stable")
    bm25 = Bm25.of(engine.catalog.texts)
    turns: dict[str, list[int]] = {"chat": [], "popular": [], "bm25": []}
    for target in targets:
        person = Wanting(shelf, target, True, np.random.default_rng(target))
        turns["chat"].append(conversation(engine, person, {}, checked, columns))
        turns["popular"].append(turn_of(order, target))
        turns["bm25"].append(_searching(bm25, person, columns))
    return {
        **{way: within(told) for way, told in turns.items()},
        "items": len(engine.catalog),
        **checked.told(),
    }


def _searching(bm25: Bm25, person: Wanting, columns: Sequence[str]) -> int:
    """The turn in which a search for all words that the same person says shows the target; nothing is shown twice."""
    words, said, shown = "", set[str](), np.zeros(0, np.int64)
    for turn in range(1, TURNS + 1):
        words = f"{words} {person.remark(shown[-SHOWN:], said, columns)}"
        order = np.argsort(-bm25.scores(words), kind="stable")
        shown = np.concatenate([shown, order[~np.isin(order, shown)][:SHOWN]])
        if person.target in shown:
            return turn
    return 0
