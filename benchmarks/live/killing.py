"""`kill -9` of a service while feedback is posted: nothing acknowledged is lost, and counts come out even."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from benchmarks.live.server import LOST, Caller, Server, together
from llm4rec.core import Feedback
from llm4rec.store import open_store

CALLERS = 16
TRIES = 20  # of one post that the service asks to send again


@dataclass(eq=False)
class Posts:
    """One event a post, each under a key of its own; `heard` are the acknowledged ones, `repeated` those kept before."""

    name: str
    heard: set[int] = field(default_factory=set)
    repeated: set[int] = field(default_factory=set)
    refused: Counter[str] = field(default_factory=Counter)

    def body(self, number: int) -> dict[str, Any]:
        """One post; `name` is the user of its event."""
        event = {"user": self.name, "item": f"i{number}", "kind": "click", "time": 1.7e9 + number}
        return {"events": [event], "key": f"{self.name}-{number}"}

    def send(self, url: str, numbers: Iterator[int]) -> None:
        """One caller: posts what is next until nothing is left, or nobody answers any more."""
        caller = Caller(url)
        try:
            for number in numbers:
                self._send(caller, number)
        except LOST:
            return
        finally:
            caller.close()

    def _send(self, caller: Caller, number: int) -> None:
        for _ in range(TRIES):
            status, told = caller.post("/v1/feedback", self.body(number))
            if status == 200:
                self.heard.add(number)
                if told["repeated"]:
                    self.repeated.add(number)
                return
            self.refused[f"{status} {told['error']['type']}"] += 1
            time.sleep(0.05)

    def kept(self, store: str, posts: int) -> Counter[int]:
        """How often each post is in the store."""
        with open_store(store) as opened:
            (rows,) = opened.recent(Feedback, [self.name], n=2 * posts)
        return Counter(int(str(row.item)[1:]) for row in rows)


def sent_by_all(sent: Posts, url: str, numbers: Iterable[int]) -> list[Thread]:
    """Many callers begin to send the numbers, each of which is given to one of them."""
    left: SimpleQueue[int] = SimpleQueue()
    for number in numbers:
        left.put(number)

    def taken() -> Iterator[int]:
        with suppress(Empty):
            while True:
                yield left.get_nowait()

    return together(lambda _: sent.send(url, taken()), CALLERS)


def round_of(server: Server, store: str, name: str, posts: int, at: int) -> dict[str, Any]:
    """One round on a running server, which is killed after `at` acknowledged posts and started again.

    `lost` and `doubled` are to be 0. `unheard` posts were kept although the kill came before their answer: sent again,
    each is told to be there already (`repeated`).
    """
    sent = Posts(name)
    began = time.perf_counter()
    threads = sent_by_all(sent, server.url, range(posts))
    while len(sent.heard) < at and any(thread.is_alive() for thread in threads):
        time.sleep(0.001)
    server.kill()
    for thread in threads:
        thread.join()
    before, kept = set(sent.heard), sent.kept(store, posts)
    down = time.perf_counter()
    server.start()
    started = time.perf_counter() - down
    for thread in sent_by_all(sent, server.url, [n for n in range(posts) if n not in before]):
        thread.join()
    after = sent.kept(store, posts)
    return {
        "posts": posts,
        "acknowledged_before_the_kill": len(before),
        "unheard": len(set(kept) - before),
        "repeated": len(sent.repeated),
        "acknowledged": len(sent.heard),
        "rows": after.total(),
        "lost": len(before - set(kept)) + len(sent.heard - set(after)),
        "doubled": sum(count > 1 for count in chain(kept.values(), after.values())),
        "refused": dict(sent.refused),
        "seconds_to_start": round(started, 2),
        "seconds": round(time.perf_counter() - began, 1),
    }


def even(told: dict[str, Any]) -> bool:
    """Whether everything of a round reconciles exactly."""
    return (
        told["lost"] == told["doubled"] == 0
        and told["rows"] == told["acknowledged"] == told["posts"]
        and told["unheard"] == told["repeated"]
    )
