"""Simulated people who want one item and say what is true of it, and how well a conversation serves them. Knows no data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from llm4rec.core import Numbers
from llm4rec.engine import Engine, Settings
from llm4rec.engine.chatting import Chatted
from llm4rec.writers.asking import Lenient
from llm4rec.writers.asking.limits import Shelf

TURNS, SHOWN, SEED = 5, 10, 20_260


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


def settings(**chat: Any) -> Settings:
    """Of all engines here: no encoder, lists of ten."""
    return Settings(encoder={"name": "none"}, chat={"n": SHOWN, **chat})


def turn_of(ordered: Numbers, target: int) -> int:
    """The turn in which a target comes when ten of a list are shown each turn."""
    place = np.flatnonzero(ordered[: TURNS * SHOWN] == target)
    return int(place[0]) // SHOWN + 1 if len(place) else 0
