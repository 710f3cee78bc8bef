"""Versions promoted while people ask: no question fails, and no answer holds items of another version than it names."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from benchmarks.live.server import LOST, Caller, together

CALLERS = 4
BETWEEN = 40  # answers between two promotions, at least


@dataclass(eq=False)
class Watch:
    """Asks all that names a version, and looks whether each item of an answer is of that version."""

    marks: Mapping[str, str]
    users: int
    over: bool = False
    answers: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)

    def ask(self, url: str, first: int) -> None:
        """One caller, until it is over."""
        caller, number = Caller(url), first
        for path, body in cycle(questions()):
            if self.over:
                break
            number += 1
            self._ask(caller, path, {name: self._named(one, number) for name, one in body.items()})
        caller.close()

    def _named(self, given: Any, number: int) -> Any:
        if isinstance(given, list):
            return [{**one, "user": f"u{(number + place) % self.users}"} for place, one in enumerate(given)]
        return f"u{number % self.users}" if given == "user" else given

    def _ask(self, caller: Caller, path: str, body: dict[str, Any]) -> None:
        try:
            status, told = caller.post(path, body)
        except LOST as error:
            self.failed.append(f"{path}: {error!r}")
            return
        if status != 200:
            self.failed.append(f"{path}: {status} {told}")
            return
        self.answers[path] += 1
        for part in told.get("answers", [told]):
            mark = self.marks.get(part["version"])
            items = items_of(part)
            pure = mark is not None and bool(items) and all(item.startswith(mark) for item in items)
            if not pure or part["version"] != told["version"]:
                self.mixed.append(f"{path}: version {part['version']} of {told['version']} with {items[:3]}")


def questions() -> list[tuple[str, dict[str, Any]]]:
    """One of each kind; "user" stands for somebody."""
    return [
        ("/v1/recommend", {"user": "user", "n": 5}),
        ("/v1/recommend", {"user": "user", "n": 5, "explain": True}),
        ("/v1/recommend/batch", {"requests": [{"n": 3}] * 4}),
        ("/v1/explain", {"user": "user", "n": 2}),
        ("/v1/ask", {"user": "user", "text": "something of group 7", "n": 3}),
        ("/v1/chat", {"user": "user", "text": "what would you recommend to me?"}),
    ]


def items_of(told: Mapping[str, Any]) -> list[str]:
    """All items that an answer names."""
    rows = told.get("items", told.get("explanations", []))
    return [str(row["item"]) for row in rows]


def promoted(url: str, marks: Mapping[str, str], times: int, users: int) -> dict[str, Any]:
    """So many promotions in turns under load; `failed`, `mixed` and `stale` are to be empty.

    `stale`: questions asked after a promotion was acknowledged and answered by another version.
    """
    watch, boss = Watch(marks, users), Caller(url)
    threads = together(lambda place: watch.ask(url, 1_000 * place), CALLERS)
    took, stale = [], []
    try:
        for number, version in zip(range(times), turns(marks), strict=False):
            wait(watch, (number + 1) * BETWEEN)
            began = time.perf_counter()
            status, told = boss.post("/v1/models/promote", {"version": version})
            took.append(time.perf_counter() - began)
            if status != 200:
                watch.failed.append(f"promote: {status} {told}")
            for _ in range(5):
                status, told = boss.post("/v1/recommend", {"user": "u1", "n": 3})
                if status != 200 or told["version"] != version:
                    stale.append(f"promotion {number}: {told}"[:300])
    finally:
        watch.over = True
    for thread in threads:
        thread.join()
    boss.close()
    return {
        "promotions": len(took),
        "answers": watch.answers.total(),
        "by_route": dict(watch.answers),
        "failed": len(watch.failed),
        "mixed": len(watch.mixed),
        "stale": len(stale),
        "told": [*watch.failed[:5], *watch.mixed[:5], *stale[:5]],
        "seconds_a_promotion": round(sum(took) / max(len(took), 1), 2),
    }


def turns(marks: Mapping[str, str]) -> Iterator[str]:
    """The second version, the first, the second …"""
    versions = list(marks)
    return cycle([*versions[1:], versions[0]])


def wait(watch: Watch, answers: int) -> None:
    """Until so many were answered, or one failed."""
    until = time.monotonic() + 60
    while watch.answers.total() < answers and not watch.failed and time.monotonic() < until:
        time.sleep(0.005)
