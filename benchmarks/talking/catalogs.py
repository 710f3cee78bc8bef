"""Catalogs that `benchmarks.conversation` makes of what dialogues and graphs say. Asks nobody."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from benchmarks.common import folder
from llm4rec.core import Catalog, Column, ColumnType, Dataset, Interactions, Users, Vocabulary

Told = dict[str, dict[str, tuple[str, ...]]]


def taken(catalog: Catalog, counts: Counter[int]) -> Dataset:
    """A data set in which each film was taken as often as it was named; one person a naming."""
    items = np.array(sorted(counts.elements()), dtype=np.int64)
    users = np.arange(len(items))
    events = Interactions.of(users, items, timestamps=users.astype(np.float64))
    return Dataset(events, catalog, Users(Vocabulary([f"n{n}" for n in range(len(items))])))


def places() -> Catalog:
    """Heads of the travel graph with what it says of them; district and whether it is free are read out of the texts."""
    told = _gathered(pl.read_parquet(folder("kdconv") / "item_relations.parquet").iter_rows())
    names = sorted(told)
    columns = {"title": Column(ColumnType.TEXT, objects(names))}
    columns |= _texts(told, {"Information": "简介", **{k: k for k in ("地址", "门票", "开放时间", "电话")}})
    area = [re.search(r"北京市?(\w{2,3}?)[区县]", "".join(told[name].get("地址", ()))) for name in names]
    columns["地区"] = Column(ColumnType.CATEGORY, objects([found and f"{found[1]}区" for found in area]))
    fees = ["".join(told[name].get("门票", ())) for name in names]
    free = [("免费" if re.search("免费|无需", fee) else "收费") if fee else None for fee in fees]
    columns["费用"] = Column(ColumnType.CATEGORY, objects(free))
    columns |= _tags(told, ("周边景点", "建议游玩时间"))
    return Catalog(Vocabulary(names), columns)


def chinese_films(rows: pl.DataFrame) -> Catalog:
    """Films of which the dialogues quote facts; people are left out."""
    facts = [fact for text in rows["triples_json"].drop_nulls() for fact in json.loads(text)]
    told = _gathered((fact["name"], fact["attrname"], fact["attrvalue"]) for fact in facts)
    of_film, of_person = {"导演", "类型", "片长", "制片地区"}, {"职业", "出生日期", "国籍"}
    told = {name: own for name, own in told.items() if of_film & set(own) and not of_person & set(own)}
    names = sorted(told)
    columns = {"title": Column(ColumnType.TEXT, objects(names))}
    columns |= _texts(told, {"Information": "简介", "主要奖项": "主要奖项", "票房": "票房"})
    columns |= _tags(told, ("类型", "制片地区", "导演", "主演", "编剧", "对白语言"))
    for name, relation, pattern in (("年份", "上映时间", r"(\d{4})"), ("片长", "片长", r"(\d+) *分钟")):
        read = [re.search(pattern, "".join(told[film].get(relation, ()))) for film in names]
        columns[name] = Column(ColumnType.NUMBER, np.array([float(r[1]) if r else np.nan for r in read]))
    return Catalog(Vocabulary(names), columns)


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
    return {name: Column(ColumnType.TEXT, objects(values)) for name, values in texts.items()}


def _tags(told: Told, names: Sequence[str]) -> dict[str, Column]:
    """Values parted at commas and slashes."""
    found = {}
    for name in names:
        parts = [
            [re.split(r"\s*[,，、/；]\s*", tail) for tail in told[n].get(name, ())] for n in sorted(told)
        ]
        values = [tuple(dict.fromkeys(v for row in rows for v in row if v)) for rows in parts]
        found[name] = Column(ColumnType.TAGS, objects(values))
    return found


def objects(values: Sequence[object]) -> np.ndarray:
    """(n,) of objects: tuples stay tuples."""
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made
