"""The part `inspired` of `benchmarks.conversation`: recorded English dialogues about films."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from benchmarks.common import folder, loaded
from benchmarks.talking.catalogs import objects, taken
from benchmarks.talking.people import SEED, Checked
from llm4rec.core import Catalog, Column, ColumnType, Id, Vocabulary
from llm4rec.engine import Engine, Settings
from llm4rec.engine.remarks import counters
from llm4rec.engine.wishes import Desk
from llm4rec.writers.asking import Bm25, Lenient

DEPTHS = (1, 10, 50)
FOLDS = 5
UNSAID = ("image", "tmdb_match_suspect")


@dataclass(frozen=True)
class Moment:
    """A recommender named new films: in which dialogue, what the seeker had said with the films that stood before them
    then, films named before, and the new ones."""

    dialogue: int
    said: tuple[tuple[str, tuple[int, ...]], ...]
    before: frozenset[int]
    new: frozenset[int]

    @property
    def words(self) -> str:
        """All that the seeker had said."""
        return " ".join(text for text, _ in self.said)


def recorded(catalog: Catalog, split: str) -> list[Moment]:
    """The moments of a split of `inspired`."""
    rows = pl.read_parquet(folder("inspired") / "dialogs.parquet").filter(pl.col("split") == split)
    known = {_plain(title): number for number, title in enumerate(catalog.titles)}
    moments: list[Moment] = []
    for (name,), dialogue in rows.sort("utt_id").group_by("dialog_id", maintain_order=True):
        said: list[tuple[str, tuple[int, ...]]] = []
        before: set[int] = set()
        shown: tuple[int, ...] = ()
        for row in dialogue.iter_rows(named=True):
            titles = map(_plain, (row["movies"] or "").split(";"))
            films = dict.fromkeys(known[title] for title in titles if title in known)
            if row["speaker"] == "SEEKER":
                said.append((row["text"].replace("QUOTATION_MARK", '"'), shown))
            elif films:
                if new := frozenset(films) - before:
                    moments.append(Moment(int(str(name)), tuple(said), frozenset(before), new))
                shown = tuple(films)
            before |= set(films)
    return moments


def counted(moments: Sequence[Moment]) -> Counter[int]:
    """How often recommenders named each film for the first time in a dialogue."""
    return Counter(film for moment in moments for film in moment.new)


def _plain(title: str) -> str:
    """A title with its year, its article in front, without signs."""
    bare = re.sub(r"^(.*), (The|A|An) (\(\d{4}\))$", r"\2 \1 \3", title.strip())
    return re.sub(r"[^a-z0-9]+", " ", bare.lower()).strip()


def mentioned() -> Catalog:
    """Films: those of ml-100k with their plots, and those that the dialogues name, of which only title and year are known."""
    own = loaded("ml-100k").dataset.catalog
    known = {_plain(title) for title in own.titles}
    rows = pl.read_parquet(folder("inspired") / "dialogs.parquet")
    titles = {t.strip() for told in rows["movies"].drop_nulls() for t in told.split(";") if t.strip()}
    new = sorted(title for title in titles if _plain(title) not in known)
    years = [float(found[1]) if (found := re.search(r"\((\d{4})\)", title)) else np.nan for title in new]
    columns = {
        "title": Column(ColumnType.TEXT, objects(new)),
        "year": Column(ColumnType.NUMBER, np.array(years)),
    }
    first = Catalog(
        Vocabulary([f"m{i}" for i in own.ids.ids]), {k: c for k, c in own.columns.items() if k not in UNSAID}
    )
    return first.extended(Catalog(Vocabulary([f"i{n}" for n in range(len(new))]), columns))


def inspired(people: int) -> dict[str, Any]:
    """recall@k of films named next. dev: popularity is counted in the other four fifths of its dialogues; test: in dev."""
    del people
    catalog = mentioned()
    dev, test = recorded(catalog, "dev"), recorded(catalog, "test")
    folds = {name: place % FOLDS for place, name in enumerate(dict.fromkeys(m.dialogue for m in dev))}
    replays = []
    for fold in range(FOLDS):
        inside = [m for m in dev if folds[m.dialogue] == fold]
        replays.append(Replay.of(catalog, counted([m for m in dev if folds[m.dialogue] != fold]), inside))
    found = {"dev": _together(replays)}
    print("dev", json.dumps(found["dev"], indent=1), flush=True)
    found["test"] = _together([Replay.of(catalog, counted(dev), test)])
    print("test", json.dumps(found["test"], indent=1), flush=True)
    return found


@dataclass
class Replay:
    """What each way lists for the moments of some dialogues: hits by way and depth, a row a moment."""

    dialogues: list[int]
    hits: dict[str, list[float]]
    checked: Checked

    @classmethod
    def of(cls, catalog: Catalog, counts: Counter[int], moments: Sequence[Moment]) -> Replay:
        """The moments at which the seeker had said something; popularity as counted elsewhere."""
        engine = Engine(Settings(chat={"n": max(DEPTHS) * 2}), model="popular").fit(taken(catalog, counts))
        moments = [moment for moment in moments if moment.said]
        replay = cls([moment.dialogue for moment in moments], {}, Checked())
        for way, ordered in _ways(engine, replay.checked).items():
            for moment in moments:
                told = [n for n in ordered(moment) if n not in moment.before]
                for k in DEPTHS:
                    share = len(moment.new & set(told[:k])) / len(moment.new)
                    replay.hits.setdefault(f"{way} recall@{k}", []).append(share)
        return replay


def _ways(engine: Engine, checked: Checked) -> dict[str, Callable[[Moment], Sequence[int]]]:
    desk = Desk(engine.fitted)
    bm25 = Bm25.of(engine.catalog.texts)
    bm25 = Bm25(bm25.vocabulary, bm25.weights, most=10_000)
    popular = engine.fitted.dataset.counts.astype(np.float64)
    encoder, vectors = engine.fitted.raw_encoder, desk.vectors
    assert encoder is not None
    assert vectors is not None
    talker = Talker(engine, Lenient.like(counters(desk)[1]), checked)
    return {
        "popular": lambda m: _order(popular),
        "bm25": lambda m: _order(bm25.scores(m.words)),
        "encoder": lambda m: _order(vectors @ encoder.encode([m.words])[0]),
        "chat": talker.listed,
    }


def _order(scores: np.ndarray) -> list[int]:
    """The best of all; the sort is stable."""
    return [int(n) for n in np.argsort(-scores, kind="stable")[: 4 * max(DEPTHS)]]


@dataclass
class Talker:
    """The conversation in the place of the recommender. The recorded replies stand for its own: the films that they named
    are what the seeker has before them."""

    engine: Engine
    shelf: Lenient
    checked: Checked
    heard: dict[tuple[int, int], Any] = field(default_factory=dict)

    def listed(self, moment: Moment) -> list[int]:
        """The list after all that was said; for a question or answer of its own, what it would list next."""
        ids = self.engine.catalog.ids
        dialogue, items = None, tuple[Id, ...]()
        for turn, (text, shown) in enumerate(moment.said):
            key = (moment.dialogue, turn)
            if key not in self.heard:
                reply = self.engine.chat(text, _before(dialogue, tuple(ids.ids[n] for n in shown)), year=2020)
                self.checked.see(self.engine, self.shelf, reply)
                self.heard[key] = reply.dialogue, reply.answer.items
            dialogue, items = self.heard[key]
        if not items:
            asked = self.engine.chat("recommend me something", dialogue, year=2020)
            self.checked.see(self.engine, self.shelf, asked)
            items = asked.answer.items or self.engine.chat("whatever", asked.dialogue, year=2020).answer.items
        return [int(n) for n in ids.numbers(items)]


def _before(dialogue: Any, shown: tuple[Id, ...]) -> Any:
    """The conversation with what the recorded recommender showed instead of what it showed itself, and nothing asked."""
    if dialogue is None:
        return None
    focus = shown[0] if len(shown) == 1 else None
    state = dialogue.state.with_changes(shown=shown, focus=focus, question=None)
    return dialogue.model_copy(update={"state": state})


def _together(replays: Sequence[Replay]) -> dict[str, Any]:
    """Means with 95 % intervals over dialogues (bootstrap), and how far the conversation is above each other way."""
    names = np.concatenate([np.array(replay.dialogues) for replay in replays])
    hits = {way: np.concatenate([replay.hits[way] for replay in replays]) for way in replays[0].hits}
    groups = [np.flatnonzero(names == name) for name in np.unique(names)]
    rng = np.random.default_rng(SEED)
    draws = [
        np.concatenate([groups[g] for g in rng.integers(0, len(groups), len(groups))]) for _ in range(2000)
    ]
    found: dict[str, Any] = {"moments": len(names), "dialogues": len(groups)}
    for way, values in hits.items():
        low, high = np.quantile([values[rows].mean() for rows in draws], [0.025, 0.975])
        found[way] = [float(values.mean()), float(low), float(high)]
    for k in DEPTHS:
        for way in ("popular", "encoder"):
            more = hits[f"chat recall@{k}"] - hits[f"{way} recall@{k}"]
            low, high = np.quantile([more[rows].mean() for rows in draws], [0.025, 0.975])
            found[f"chat above {way} @{k}"] = [float(more.mean()), float(low), float(high)]
    told = [replay.checked.told() for replay in replays]
    return {**found, **{key: sum(part[key] for part in told) for key in told[0]}}
