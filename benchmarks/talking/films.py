"""The part `films` of `benchmarks.conversation`: ml-100k, the last film of people is what they want."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.common import loaded
from benchmarks.talking.people import (
    SEED,
    SHOWN,
    TURNS,
    Checked,
    Wanting,
    conversation,
    settings,
    turn_of,
    within,
)
from llm4rec.core import Dataset, Numbers
from llm4rec.engine import Engine
from llm4rec.engine.wishes import Desk

MODEL: dict[str, Any] = {"model": "ease", "reg": 300.0, "tune": False}


def films(people: int) -> dict[str, Any]:
    """ml-100k: each user's last film is the target, what was before is the history; validation: the film before that."""
    data = loaded("ml-100k").dataset
    found: dict[str, Any] = {}
    for part, back in (("validation", 2), ("test", 1)):
        train, targets = held_out(data, back)
        engine = Engine(settings(), **MODEL).fit(train)
        chosen = np.random.default_rng(SEED + back).permutation(len(targets))[:people]
        found[part] = _filmed(engine, train, targets, chosen)
        print(part, json.dumps(found[part], indent=1), flush=True)
    return found


def held_out(data: Dataset, back: int) -> tuple[Dataset, Numbers]:
    """The data without the last `back` events of each user, and the item of the first of those."""
    ends = data.offsets[1:]
    rows = np.zeros(len(data.interactions), dtype=bool)
    for start, end in zip(data.offsets[:-1], ends, strict=True):
        rows[start : end - back] = True
    return data.only(rows), data.interactions.items[ends - back]


def _filmed(engine: Engine, train: Dataset, targets: Numbers, chosen: Numbers) -> dict[str, Any]:
    engine.chat("hello")  # the shelf is made once
    shelf, checked = Desk(engine.fitted).shelf, Checked()
    order = np.argsort(-train.counts, kind="stable")
    turns: dict[str, list[int]] = {"chat": [], "popular": [], "lists": [], "newcomer": []}
    for user in chosen.tolist():
        target, seen = int(targets[user]), train.history(user).items
        person = Wanting(shelf, target, False, np.random.default_rng(user))
        name = train.users.ids.ids[user]
        turns["chat"].append(conversation(engine, person, {"user": name}, checked, ("categories",)))
        turns["newcomer"].append(_newcomer(engine, person, seen, checked))
        turns["popular"].append(turn_of(order[~np.isin(order, seen)], target))
        best = engine.recommend(user=name, n=TURNS * SHOWN).items
        turns["lists"].append(turn_of(engine.catalog.ids.numbers(best), target))
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
