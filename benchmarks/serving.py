"""The service under load from a second process on loopback: answers a second and their times, feedback a second.

python -m benchmarks.serving [ITEMS] [USERS] [SECONDS]: engine `sequence`, SQLite, impressions logged, one worker; beside it a bare
FastAPI route under the same load, in turns, and one worker each. The data are drawn: people keep to one of 50 groups of items.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import ROOT, keep

ITEMS, USERS, SECONDS, EVENTS, GROUPS, CONNECTIONS = 12_000, 12_000, 20.0, 12, 50, 32
BATCH = 100
RATE = 300.0


def main() -> None:
    given = [float(word) for word in sys.argv[1:]]
    items, users, seconds = (*given, *(ITEMS, USERS, SECONDS)[len(given) :])[:3]
    keep("serving", measured(int(items), int(users), seconds))


def measured(items: int, users: int, seconds: float) -> dict[str, Any]:
    """One engine under three loads, and the bare route under the first of them, before and after."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fit(folder, items, users)
        rng = np.random.default_rng(1)
        asked = [{"user": f"u{u}", "n": 10} for u in rng.integers(users, size=2_000)]
        rows = [[event(rng, items, users) for _ in range(BATCH)] for _ in range(200)]
        (folder / "asked.json").write_text(json.dumps(asked))
        (folder / "told.json").write_text(json.dumps([{"events": batch} for batch in rows]))
        serve = ["-m", "llm4rec.apps.cli.main", "serve", "engine", "--store", "shop.db", "--port"]
        bare = ["-m", "uvicorn", "benchmarks.workers.bare_route:app", "--no-access-log", "--port"]
        with running(bare, folder, "/openapi.json") as url:
            before = load(url, "/recommend", folder / "asked.json", seconds)
        with running(serve, folder, "/health") as url:
            load(url, "/v1/recommend", folder / "asked.json", min(seconds, 3.0))
            full = load(url, "/v1/recommend", folder / "asked.json", seconds)
            steady = load(url, "/v1/recommend", folder / "asked.json", seconds, RATE)
            feedback = load(url, "/v1/feedback", folder / "told.json", seconds)
        with running(bare, folder, "/openapi.json") as url:
            after = load(url, "/recommend", folder / "asked.json", seconds)
    alone = (before["per_s"] + after["per_s"]) / 2
    return {
        "items": items,
        "users": users,
        "seconds": seconds,
        "connections": CONNECTIONS,
        "cores": os.cpu_count(),
        "busy": os.getloadavg()[0],
        "recommend": full,
        f"recommend_at_{RATE:.0f}": steady,
        "feedback_rows_per_s": round(feedback["per_s"] * BATCH),
        "feedback": feedback,
        "bare": [before, after],
        "ratio_to_bare": round(full["per_s"] / alone, 3),
    }


def fit(folder: Path, items: int, users: int) -> None:
    """An engine folder over drawn people."""
    import polars as pl

    from llm4rec import Engine
    from llm4rec.data import read_dataset
    from llm4rec.engine import Settings

    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(users), EVENTS)
    group = who % GROUPS
    what = group + GROUPS * (rng.beta(0.6, 2.0, len(who)) * (items // GROUPS)).astype(int)
    data = folder / "data"
    data.mkdir()
    pl.DataFrame(
        {
            "user_id": [f"u{u}" for u in who],
            "item_id": [f"i{i}" for i in what],
            "timestamp": 1.7e9 + np.arange(len(who)) % EVENTS * 3_600.0,
        }
    ).write_parquet(data / "interactions.parquet")
    ids = [f"i{i}" for i in range(items)]
    titles = [f"group {i % GROUPS} number {i}" for i in range(items)]
    pl.DataFrame({"item_id": ids, "title": titles}).write_parquet(data / "items.parquet")
    settings = Settings(encoder={"name": "none"}, cache={"folder": "none"})  # type: ignore[arg-type]
    engine = Engine(settings, model="sequence", tune=False).fit(read_dataset(data))
    engine.save(folder / "engine")


def event(rng: np.random.Generator, items: int, users: int) -> dict[str, Any]:
    """A click of somebody on something."""
    return {"user": f"u{rng.integers(users)}", "item": f"i{rng.integers(items)}", "kind": "click"}


@contextmanager
def running(words: list[str], folder: Path, sign: str) -> Iterator[str]:
    """A server in a process of its own, from its first answer on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "LLM4REC_ENCODER__NAME": "none",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    process = subprocess.Popen(
        [sys.executable, *words, str(port)],
        cwd=folder,
        env=environment | {"PYTHONPATH": path},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        waited(url + sign, process)
        yield url
    finally:
        process.terminate()
        process.wait(60)


def waited(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.1)


def load(url: str, path: str, file: Path, seconds: float, rate: float = 0.0) -> dict[str, Any]:
    """What the second process says."""
    words = [url, path, str(file), str(seconds), str(CONNECTIONS), *([str(rate)] if rate else [])]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.workers.load", *words], cwd=ROOT, capture_output=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    print(path, rate or "", found, flush=True)
    return found


if __name__ == "__main__":
    main()
