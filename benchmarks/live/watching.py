"""A service over a long time: how much memory it holds; and whether what somebody did counts in their next answer."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np

from benchmarks.live.server import Caller, Server, together

CALLERS = 4
FILLED = 25_000  # answers after which nothing that is bounded grows any more: see `Mix`
EVERY = 5.0  # seconds between two looks at the memory
LOOKS = 10


@dataclass(eq=False)
class Mix:
    """What a service is asked all day: of a hundred questions 86 lists, 10 times ten events, 2 explanations, 2 items changed.

    Memory that is bounded by a count is full after FILLED questions: the last 20,000 impressions, and of 100 people the
    newest 200 events each.
    """

    items: int
    users: int = 100
    asked: int = 0
    failed: list[str] = field(default_factory=list)

    def one(self, caller: Caller, rng: np.random.Generator) -> None:
        """The next question."""
        self.asked += 1
        path, body = self._question(rng)
        status, told = caller.post(path, body)
        if status != 200:
            self.failed.append(f"{path}: {status} {told}"[:300])

    def _question(self, rng: np.random.Generator) -> tuple[str, dict[str, Any]]:
        user, kind = f"u{rng.integers(self.users)}", rng.integers(100)
        if kind < 86:
            return "/v1/recommend", {"user": user, "n": 10}
        if kind < 96:
            who = rng.integers(self.users, size=10)
            what = rng.integers(self.items, size=10)
            pairs = zip(who, what, strict=True)
            return "/v1/feedback", {
                "events": [{"user": f"u{u}", "item": f"i{i}", "kind": "click"} for u, i in pairs]
            }
        if kind < 98:
            return "/v1/explain", {"user": user, "n": 2}
        item = f"i{rng.integers(20)}"
        return "/v1/items", {"items": [{"item": item, "attributes": {"title": f"number {rng.integers(9)}"}}]}


def soaked(server: Server, items: int, minutes: float, rate: float, filled: int = FILLED) -> dict[str, Any]:
    """Memory over some minutes at `rate` questions a second, behind as many questions as fill what is bounded, and behind
    what a service gets ready beside its first answers.
    """
    mix, held = Mix(items), list[float]()
    warm = paced(server.url, mix, filled, 0.0)
    prepared(server.url)
    fresh = server.resident_mb
    began, until = time.monotonic(), time.monotonic() + 60 * minutes
    while time.monotonic() < until:
        seconds = min(EVERY, until - time.monotonic())
        paced(server.url, mix, max(1, int(seconds * rate)), rate)
        held.append(server.resident_mb)
        if len(held) % 12 == 0:
            print(f"{(time.monotonic() - began) / 60:.0f} min, {held[-1]:.1f} MB", flush=True)
    part = max(1, len(held) // 10)
    first, last = median(held[:part]), median(held[-part:])
    return {
        "minutes": round((time.monotonic() - began) / 60, 1),
        "asked_to_fill": filled,
        "seconds_to_fill": round(warm, 1),
        "asked": mix.asked - filled,
        "failed": len(mix.failed),
        "told": mix.failed[:5],
        "filled_mb": round(fresh, 1),
        "first_mb": round(first, 1),
        "last_mb": round(last, 1),
        "growth": round(last / first - 1, 4),
        "held_mb": [round(one, 1) for one in held],
    }


def prepared(url: str, most: float = 600.0) -> None:
    """Wait until the price of a knob is measured, which is the last and longest of what is got ready: LOOKS connections in turn
    are told so, as each may find another worker.
    """
    until, told = time.monotonic() + most, 0
    while told < LOOKS and time.monotonic() < until:
        caller = Caller(url)
        status, answer = caller.post("/v1/recommend", {"user": "u0", "n": 10, "diversity": 0.5})
        caller.close()
        ready = status == 200 and "being measured" not in (answer["trade"].get("unpriced") or "")
        told = told + 1 if ready else 0
        if not ready:
            time.sleep(1.0)


def paced(url: str, mix: Mix, questions: int, rate: float) -> float:
    """So many questions, at even moments where there is a rate; the seconds they took."""
    began = time.monotonic()

    def ask(place: int) -> None:
        caller, rng = Caller(url), np.random.default_rng([place, mix.asked])
        for number in range(place, questions, CALLERS):
            if rate:
                time.sleep(max(0.0, began + number / rate - time.monotonic()))
            mix.one(caller, rng)
        caller.close()

    for thread in together(ask, CALLERS):
        thread.join()
    return time.monotonic() - began


def seen_at_once(url: str, users: int) -> dict[str, Any]:
    """Each of so many people takes the first item of their list: it is gone from the very next one, which names no trouble."""
    late: list[str] = []

    def ask(place: int) -> None:
        caller = Caller(url)
        for number in range(place, users, CALLERS):
            user = f"u{number}"
            _, before = caller.post("/v1/recommend", {"user": user, "n": 5})
            first = before["items"][0]["item"]
            event = {"user": user, "item": first, "kind": "click", "impression": before["impression"]}
            _, kept = caller.post("/v1/feedback", {"events": [event]})
            _, after = caller.post("/v1/recommend", {"user": user, "n": 5})
            shown = [row["item"] for row in after["items"]]
            if kept["rows"] != 1 or kept["unknown_impressions"] or first in shown or len(shown) != 5:
                late.append(user)
        caller.close()

    began = time.perf_counter()
    for thread in together(ask, CALLERS):
        thread.join()
    return {"users": users, "not_seen": len(late), "seconds": round(time.perf_counter() - began, 1)}
