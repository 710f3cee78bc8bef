"""Rows a second that a store acknowledges, each durable: feedback in batches, impressions one by one from many threads.

One process. SQLite in the folder for temporary files, and PostgreSQL where LLM4REC_BENCH_POSTGRES gives its URL.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.common import keep
from llm4rec.core import Feedback, Impression, Shown, Store
from llm4rec.store import open_store

ROWS, BATCH, SHOWN, USERS, SLOTS, IN_FLIGHT = 40_000, 100, 20_000, 1_000, 10, 64


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        result = {"sqlite": measured(str(Path(folder) / "shop.db"))}
    url = os.environ.get("LLM4REC_BENCH_POSTGRES")
    if url:
        result["postgresql"] = measured(url)
    keep("store", result)
    print(json.dumps(result, indent=1))


def measured(url: str) -> dict[str, float]:
    """Rows a second of writing, milliseconds of reading."""
    with open_store(url) as store:
        return {
            "feedback_rows_per_s": round(ROWS / took(lambda: feedback(store))),
            "impressions_per_s": round(SHOWN / took(lambda: impressions(store))),
            "feedback_one_by_one_per_s": round(300 / took(lambda: single(store))),
            "last_50_of_a_user_ms": round(1_000 * took(lambda: last(store)) / 300, 3),
        }


def took(work: Callable[[], None]) -> float:
    """Wall seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def feedback(store: Store) -> None:
    """Batches of 100 under idempotency keys, each waited for before the next."""
    for start in range(0, ROWS, BATCH):
        rows = [Feedback(f"u{n % USERS}", f"i{n}", "click", float(n)) for n in range(start, start + BATCH)]
        store.append(rows, key=f"batch-{start}")


def impressions(store: Store) -> None:
    """Slates of 10, as many handed over at a time as requests are answered at a time."""
    slots = tuple(Shown(f"i{n}", 1.0 / (n + 1), 0.1) for n in range(SLOTS))
    waiting = []
    for n in range(SHOWN):
        waiting.append(store.append_soon([Impression(f"m{n}", f"u{n % USERS}", float(n), slots, "p1", "e1")]))
        if len(waiting) == IN_FLIGHT:
            waiting.pop(0).result()
    for one in waiting:
        one.result()


def single(store: Store) -> None:
    """One row at a time, each waited for: what one fsync costs."""
    for n in range(300):
        store.append([Feedback("u", f"i{n}", "click", float(n))])


def last(store: Store) -> None:
    """The last 50 events of a user, one question at a time."""
    for n in range(300):
        store.recent(Feedback, [f"u{n}"], n=50)


if __name__ == "__main__":
    main()
