"""Conversations: simulated people with a hidden target, and recorded dialogues.

python -m benchmarks.conversation [films] [inspired] [kdconv] [PEOPLE]

films     ml-100k, leave-last-out. Somebody wants their last film. Each turn they are shown ten films and say truthfully what
          is not right: they answer the question that is asked by what is true of their film, else they say one thing that it is
          and a shown one is not. Success: the film is in a list within five turns. Beside it: the next ten popular films each turn,
          the engine's own lists without a word, and newcomers, of whom nothing is known but what they answer.
inspired  recorded dialogues about films. What the seeker says is told to the conversation, message by message; the films that the
          recorded recommender named stand for what it showed itself. The films that the recommender names next, new in the
          dialogue, are the answers. recall@{1,10,50}, with films named before left out. Beside it: what is named most in other
          dialogues (for dev: the other four fifths of dev; for test: dev), BM25 and the encoder over the seeker's words.
kdconv    the places and films that Chinese dialogues begin with; people as in `films`, who speak Chinese. Beside it: the next ten that
          other dialogues speak of most, and BM25 over all that the same person says.

Every reply is checked: each item named is in the catalog, and none is known to break what is remembered.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from benchmarks.common import folder, keep, loaded
from llm4rec.core import Catalog, Column, ColumnType, Dataset, Id, Interactions, Numbers, Users, Vocabulary
from llm4rec.engine import Engine, Settings
from llm4rec.engine.chatting import Chatted
from llm4rec.engine.remarks import counters
from llm4rec.engine.wishes import desk_of
from llm4rec.writers.asking import Bm25, Lenient
from llm4rec.writers.asking.limits import Shelf

PEOPLE, TURNS, SHOWN, SEED = 300, 5, 10, 20_260
DEPTHS = (1, 10, 50)
FOLDS = 5
UNSAID = ("image", "tmdb_match_suspect")
MODEL: dict[str, Any] = {"model": "ease", "reg": 300.0, "tune": False}


def main() -> None:
    people = next((int(name) for name in sys.argv[1:] if name.isdigit()), PEOPLE)
    chosen = [name for name in sys.argv[1:] if not name.isdigit()] or list(PARTS)
    keep("conversation", {name: PARTS[name](people) for name in chosen})


@dataclass
class Checked:
    """What went wrong over all replies: items that do not exist, and items that break what is remembered."""

    named: int = 0
    unknown: int = 0
    broken: int = 0

    def see(self, engine: Engine, shelf: Lenient, reply: Chatted) -> None:
        allowed = shelf.allowed(reply.dialogue.state.reading.hard)
        for item in reply.answer.items:
            number = engine.catalog.ids.number(item)
            self.named += 1
            self.unknown += number < 0
            self.broken += number >= 0 and not allowed[number]

    def told(self) -> dict[str, float]:
        return {"items_named": self.named, "not_existing": self.unknown, "breaking": self.broken}


# People with a hidden target


@dataclass(frozen=True)
class Wanting:
    """Somebody who wants one item, and what they say: the truth about it, in one language."""

    shelf: Shelf
    target: int
    chinese: bool
    rng: np.random.Generator

    @cached_property
    def known(self) -> Lenient:
        """What is known of items: where nothing is, nothing is broken."""
        return Lenient.like(self.shelf)

    def true(self, column: str) -> list[str]:
        """What is true of the target in a column, as words of a person."""
        if column in self.shelf.numbers:
            value = float(self.shelf.numbers[column][self.target])
            if not np.isfinite(value):
                return []
            return [self._decade(value)] if "year" in column else [f"{column.replace('_', ' ')} {value:g}"]
        pairs = self.shelf.rows.items()
        return [value for (name, value), rows in pairs if name == column and self.target in rows]

    def _decade(self, year: float) -> str:
        start = int(year) // 10 * 10
        return f"{start}年代" if self.chinese else f"from the {start}s"

    def answer(self, question: Any) -> str:
        """To a question: an offered option that is true, something else that is, or that it does not matter."""
        if not question.column:
            return "没有" if self.chinese else "none"
        for option in question.options:
            if self.shelf.allowed([option.piece])[self.target]:
                return str(option.label)
        true = self.true(question.column)
        if true and question.column not in self.shelf.numbers:
            return str(self.rng.choice(true))
        return "随便" if self.chinese else "it doesn't matter"

    def remark(self, shown: Numbers, said: set[str], columns: Sequence[str]) -> str:
        """One thing that is true of the target and of few that are shown, or that is not true of it and of many."""
        best, told = -1.0, ""
        for (column, value), rows in self.shelf.rows.items():
            if column not in columns or value in said:
                continue
            share = float(np.isin(shown, rows).mean())
            mine = bool(np.isin(self.target, rows))
            worth = 1.0 - share if mine else share
            if worth > best + 1e-9 and (mine or share > 0):
                word = value if mine else (f"不要{value}" if self.chinese else f"no {value}")
                best, told = worth, word
        said.add(told.removeprefix("no ").removeprefix("不要"))
        return told


def conversation(
    engine: Engine, person: Wanting, who: dict[str, Any], checked: Checked, columns: Sequence[str]
) -> int:
    """The turn in which the target was shown, from 1; 0 where it was not within five."""
    target = engine.catalog.ids.ids[person.target]
    none = "都不是" if person.chinese else "none of these"
    text, dialogue, said = ("你好" if person.chinese else "hello"), None, set[str]()
    for turn in range(1, TURNS + 1):
        reply = engine.chat(text, dialogue, **who)
        checked.see(engine, person.known, reply)
        dialogue = reply.dialogue
        if target in reply.answer.items:
            return turn
        question = dialogue.state.question
        if question is not None:
            words = person.answer(question)
        else:
            shown = engine.catalog.ids.numbers(dialogue.state.shown)
            words = person.remark(shown, said, columns)
        text = f"{none}, {words}" if reply.answer.items else words
    return 0


def within(turns: Sequence[int]) -> dict[str, float]:
    """Share of successes with its 95 % interval (bootstrap), and the mean turn of a success."""
    hits = np.array([turn > 0 for turn in turns], dtype=np.float64)
    rng = np.random.default_rng(SEED)
    draws = hits[rng.integers(0, len(hits), (2000, len(hits)))].mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    mean = float(np.mean([turn for turn in turns if turn])) if hits.any() else 0.0
    return {
        "people": len(hits),
        "success": float(hits.mean()),
        "low": float(low),
        "high": float(high),
        "turn": mean,
    }


def films(people: int) -> dict[str, Any]:
    """ml-100k: each user's last film is the target, what was before is the history; validation: the film before that."""
    data = loaded("ml-100k").dataset
    found: dict[str, Any] = {}
    for part, back in (("validation", 2), ("test", 1)):
        train, targets = held_out(data, back)
        engine = Engine(_settings(), **MODEL).fit(train)
        chosen = np.random.default_rng(SEED + back).permutation(len(targets))[:people]
        found[part] = _filmed(engine, train, targets, chosen)
        print(part, json.dumps(found[part], indent=1), flush=True)
    return found


def _settings(**chat: Any) -> Settings:
    return Settings(encoder={"name": "none"}, chat={"n": SHOWN, **chat})


def held_out(data: Dataset, back: int) -> tuple[Dataset, Numbers]:
    """The data without the last `back` events of each user, and the item of the first of those."""
    ends = data.offsets[1:]
    rows = np.zeros(len(data.interactions), dtype=bool)
    for start, end in zip(data.offsets[:-1], ends, strict=True):
        rows[start : end - back] = True
    return data.only(rows), data.interactions.items[ends - back]


def _filmed(engine: Engine, train: Dataset, targets: Numbers, chosen: Numbers) -> dict[str, Any]:
    engine.chat("hello")  # the shelf is made once
    shelf, checked = desk_of(engine.fitted).shelf, Checked()
    order = np.argsort(-train.counts, kind="stable")
    turns: dict[str, list[int]] = {"chat": [], "popular": [], "lists": [], "newcomer": []}
    for user in chosen.tolist():
        target, seen = int(targets[user]), train.history(user).items
        person = Wanting(shelf, target, False, np.random.default_rng(user))
        name = train.users.ids.ids[user]
        turns["chat"].append(conversation(engine, person, {"user": name}, checked, ("categories",)))
        turns["newcomer"].append(_newcomer(engine, person, seen, checked))
        turns["popular"].append(_turn(order[~np.isin(order, seen)], target))
        best = engine.recommend(user=name, n=TURNS * SHOWN).items
        turns["lists"].append(_turn(engine.catalog.ids.numbers(best), target))
    return {**{way: within(told) for way, told in turns.items()}, **checked.told()}


def _newcomer(engine: Engine, person: Wanting, seen: Numbers, checked: Checked) -> int:
    """The same person unknown: asked which films they like, they say those of their history."""
    liked = {engine.catalog.ids.ids[number] for number in seen.tolist()}

    @dataclass(frozen=True)
    class Knowing(Wanting):
        def answer(self, question: Any) -> str:
            if question.column:
                return super().answer(question)
            places = [n for n, option in enumerate(question.options, 1) if set(option.piece.items) & liked]
            return " and ".join(map(str, places)) or "none"

    knowing = Knowing(person.shelf, person.target, person.chinese, person.rng)
    return conversation(engine, knowing, {}, checked, ("categories",))


def _turn(ordered: Numbers, target: int) -> int:
    """The turn in which a target comes when ten of a list are shown each turn."""
    place = np.flatnonzero(ordered[: TURNS * SHOWN] == target)
    return int(place[0]) // SHOWN + 1 if len(place) else 0


# Recorded dialogues


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
        "title": Column(ColumnType.TEXT, _objects(new)),
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


def taken(catalog: Catalog, counts: Counter[int]) -> Dataset:
    """A data set in which each film was taken as often as it was named; one person a naming."""
    items = np.array(sorted(counts.elements()), dtype=np.int64)
    users = np.arange(len(items))
    events = Interactions.of(users, items, timestamps=users.astype(np.float64))
    return Dataset(events, catalog, Users(Vocabulary([f"n{n}" for n in range(len(items))])))


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
    desk = desk_of(engine.fitted)
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


# Chinese


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
            engine = Engine(_settings(), model="popular").fit(taken(catalog, counts))
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
    shelf, checked = desk_of(engine.fitted).shelf, Checked()
    columns = tuple(dict.fromkeys(column for column, _ in shelf.rows))
    order = np.argsort(-engine.fitted.dataset.counts, kind="stable")
    bm25 = Bm25.of(engine.catalog.texts)
    turns: dict[str, list[int]] = {"chat": [], "popular": [], "bm25": []}
    for target in targets:
        person = Wanting(shelf, target, True, np.random.default_rng(target))
        turns["chat"].append(conversation(engine, person, {}, checked, columns))
        turns["popular"].append(_turn(order, target))
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


def places() -> Catalog:
    """Heads of the travel graph with what it says of them; district and whether it is free are read out of the texts."""
    told = _gathered(pl.read_parquet(folder("kdconv") / "item_relations.parquet").iter_rows())
    names = sorted(told)
    columns = {"title": Column(ColumnType.TEXT, _objects(names))}
    columns |= _texts(told, {"Information": "简介", **{k: k for k in ("地址", "门票", "开放时间", "电话")}})
    area = [re.search(r"北京市?(\w{2,3}?)[区县]", "".join(told[name].get("地址", ()))) for name in names]
    columns["地区"] = Column(ColumnType.CATEGORY, _objects([found and f"{found[1]}区" for found in area]))
    fees = ["".join(told[name].get("门票", ())) for name in names]
    free = [("免费" if re.search("免费|无需", fee) else "收费") if fee else None for fee in fees]
    columns["费用"] = Column(ColumnType.CATEGORY, _objects(free))
    columns |= _tags(told, ("周边景点", "建议游玩时间"))
    return Catalog(Vocabulary(names), columns)


def chinese_films(rows: pl.DataFrame) -> Catalog:
    """Films of which the dialogues quote facts; people are left out."""
    facts = [fact for text in rows["triples_json"].drop_nulls() for fact in json.loads(text)]
    told = _gathered((fact["name"], fact["attrname"], fact["attrvalue"]) for fact in facts)
    of_film, of_person = {"导演", "类型", "片长", "制片地区"}, {"职业", "出生日期", "国籍"}
    told = {name: own for name, own in told.items() if of_film & set(own) and not of_person & set(own)}
    names = sorted(told)
    columns = {"title": Column(ColumnType.TEXT, _objects(names))}
    columns |= _texts(told, {"Information": "简介", "主要奖项": "主要奖项", "票房": "票房"})
    columns |= _tags(told, ("类型", "制片地区", "导演", "主演", "编剧", "对白语言"))
    for name, relation, pattern in (("年份", "上映时间", r"(\d{4})"), ("片长", "片长", r"(\d+) *分钟")):
        read = [re.search(pattern, "".join(told[film].get(relation, ()))) for film in names]
        columns[name] = Column(ColumnType.NUMBER, np.array([float(r[1]) if r else np.nan for r in read]))
    return Catalog(Vocabulary(names), columns)


Told = dict[str, dict[str, tuple[str, ...]]]


def _gathered(facts: Iterable[tuple[str, ...]]) -> Told:
    """By head and relation, what is said, each thing once."""
    told: dict[str, dict[str, dict[str, None]]] = {}
    for head, relation, tail in facts:
        told.setdefault(head, {}).setdefault(relation, {})[tail.strip()] = None
    return {head: {name: tuple(tails) for name, tails in own.items()} for head, own in told.items()}


def _texts(told: Told, names: dict[str, str]) -> dict[str, Column]:
    texts = {
        new: ["。".join(told[n].get(old, ())) or None for n in sorted(told)] for old, new in names.items()
    }
    return {name: Column(ColumnType.TEXT, _objects(values)) for name, values in texts.items()}


def _tags(told: Told, names: Sequence[str]) -> dict[str, Column]:
    """Values parted at commas and slashes."""
    found = {}
    for name in names:
        parts = [
            [re.split(r"\s*[,，、/；]\s*", tail) for tail in told[n].get(name, ())] for n in sorted(told)
        ]
        values = [tuple(dict.fromkeys(v for row in rows for v in row if v)) for rows in parts]
        found[name] = Column(ColumnType.TAGS, _objects(values))
    return found


def _objects(values: Sequence[object]) -> np.ndarray:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


PARTS = {"films": films, "inspired": inspired, "kdconv": chinese}

if __name__ == "__main__":
    main()
