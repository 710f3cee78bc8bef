"""The service under load from a second process on loopback: answers a second and their times, feedback a second, and what sizes cost.

python -m benchmarks.serving [ITEMS] [USERS] [SECONDS]: engine `sequence`, SQLite, impressions logged, one worker; beside it a bare
FastAPI route and Cornac's server under the same load, in turns, and one worker each; then two workers of ours. The data are drawn: people keep to one of 50
groups of items. Cornac lives where LLM4REC_PEERS_PYTHON says (benchmarks/peers-requirements.txt), and is left out without it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import ROOT, keep
from benchmarks.live.server import SERVE, Server
from benchmarks.live.shops import fit
from benchmarks.live.watching import prepared
from benchmarks.versus.job import NoInterpreter, interpreter

ITEMS, USERS, SECONDS, CONNECTIONS = 12_000, 12_000, 20.0, 32
BATCH = 100
RATE = 300.0
BARE = ("-m", "uvicorn", "benchmarks.workers.bare_route:app", "--no-access-log", "--port", "{port}")
CORNAC = ("-m", "gunicorn", "--worker-class", "gthread", "--threads", "4", "--bind", "127.0.0.1:{port}")
CORNAC_APP = "cornac.serving.app:app"


def main() -> None:
    given = [float(word) for word in sys.argv[1:]]
    items, users, seconds = (*given, *(ITEMS, USERS, SECONDS)[len(given) :])[:3]
    keep("serving", measured(int(items), int(users), seconds))


def measured(items: int, users: int, seconds: float) -> dict[str, Any]:
    """One engine under three loads, the bare route and another library's server beside it, and other sizes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fit(folder, items, users)
        asked = questions(folder, users)
        with Server(BARE, folder, "/openapi.json") as bare:
            before = load(bare, "/recommend", asked, seconds)
        with served(folder) as server:
            beside = load(server, "/v1/recommend", asked, seconds, RATE)
            ready(server, asked, seconds)
            full = load(server, "/v1/recommend", asked, seconds)
            steady = load(server, "/v1/recommend", asked, seconds, RATE)
            feedback = load(server, "/v1/feedback", events(folder, items, users), seconds)
        with served(folder, workers=2) as server:
            ready(server, asked, seconds)
            both = load(server, "/v1/recommend", asked, seconds)
        with Server(BARE, folder, "/openapi.json") as bare:
            after = load(bare, "/recommend", asked, seconds)
        other = cornac(folder, users, seconds)
    alone = (before["per_s"] + after["per_s"]) / 2
    return {
        "items": items,
        "users": users,
        "seconds": seconds,
        "connections": CONNECTIONS,
        "cores": os.cpu_count(),
        "busy": os.getloadavg()[0],
        "recommend": full,
        "recommend_two_workers": both,
        f"recommend_at_{RATE:.0f}": steady,
        "feedback_rows_per_s": round(feedback["per_s"] * BATCH),
        "feedback": feedback,
        "bare": [before, after],
        "ratio_to_bare": round(full["per_s"] / alone, 3),
        "cornac": other,
        "sizes": [*sizes(items, users, seconds), size(items, users, full, beside)],
    }


def sizes(items: int, users: int, seconds: float) -> Iterator[dict[str, Any]]:
    """A quarter and a half of the items; and a twelfth of the users."""
    for fewer, people in ((items // 4, users), (items // 2, users), (items, users // 12)):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            fit(folder, fewer, people)
            asked = questions(folder, people)
            with served(folder) as server:
                beside = load(server, "/v1/recommend", asked, seconds, RATE)
                ready(server, asked, seconds)
                yield size(fewer, people, load(server, "/v1/recommend", asked, seconds), beside)


def size(items: int, users: int, found: dict[str, Any], beside: dict[str, Any]) -> dict[str, Any]:
    """What a request costs at one size: processor of the server, which neither the load nor others add to; and the slowest hundredth
    at RATE `beside` what a service gets ready at its start, prices of knobs included where its fits are short enough.
    """
    told = {name: found[name] for name in ("processor_ms", "per_s")}
    return {"items": items, "users": users, **told, "p99_ms_at_the_start": beside["p99_ms"]}


def cornac(folder: Path, users: int, seconds: float) -> dict[str, Any]:
    """Cornac's own serving application over BPR on the same rows, under gunicorn with one worker; or why there is none."""
    try:
        python = interpreter("peers")
    except NoInterpreter as error:
        return {"missing": str(error)}
    import polars as pl

    rows = pl.read_parquet(folder / "data" / "interactions.parquet").select("user_id", "item_id").rows()
    (folder / "rows.json").write_text(json.dumps(rows))
    saved = folder / "cornac"
    fitted = [python, str(ROOT / "benchmarks" / "workers" / "fit_cornac.py"), "rows.json", str(saved)]
    done = subprocess.run(fitted, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"missing": f"Cornac did not fit: {done.stderr.strip()[-300:]}"}
    rng = np.random.default_rng(1)
    wanted = [f"/recommend?uid=u{u}&k=10&remove_seen=true" for u in rng.integers(users, size=2_000)]
    (folder / "cornac.json").write_text(json.dumps(wanted))
    said = {"MODEL_PATH": str(saved / "BPR"), "MODEL_CLASS": "cornac.models.BPR"}
    sign = "/recommend?uid=u0&k=1"
    with Server([*CORNAC, CORNAC_APP], folder, sign, python=python, more=said) as server:
        load(server, "", folder / "cornac.json", min(seconds, 3.0))
        return load(server, "", folder / "cornac.json", seconds)


@contextmanager
def served(folder: Path, workers: int = 1) -> Iterator[Server]:
    """The engine of a folder over a store beside it."""
    words = [*SERVE, "engine", "--store", "shop.db", "--port", "{port}", "--workers", str(workers)]
    with Server(words, folder) as server:
        yield server


def ready(server: Server, asked: Path, seconds: float) -> None:
    """Wait for what it gets ready beside its first answers, then ask a little."""
    prepared(server.url)
    load(server, "/v1/recommend", asked, min(seconds, 3.0))


def questions(folder: Path, users: int) -> Path:
    """Ten items for somebody, in a file."""
    rng = np.random.default_rng(1)
    file = folder / "asked.json"
    file.write_text(json.dumps([{"user": f"u{u}", "n": 10} for u in rng.integers(users, size=2_000)]))
    return file


def events(folder: Path, items: int, users: int) -> Path:
    """Batches of clicks of anybody on anything, in a file."""
    rng = np.random.default_rng(2)
    pairs = zip(rng.integers(users, size=200 * BATCH), rng.integers(items, size=200 * BATCH), strict=True)
    rows = [{"user": f"u{user}", "item": f"i{item}", "kind": "click"} for user, item in pairs]
    batches = [{"events": rows[start : start + BATCH]} for start in range(0, len(rows), BATCH)]
    file = folder / "told.json"
    file.write_text(json.dumps(batches))
    return file


def load(server: Server, path: str, file: Path, seconds: float, rate: float = 0.0) -> dict[str, Any]:
    """What the second process says, and what the server used of the processor for each answer."""
    words = [server.url, path, str(file), str(seconds), str(CONNECTIONS), *([str(rate)] if rate else [])]
    before = server.processor_seconds
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.workers.load", *words], cwd=ROOT, capture_output=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    used = server.processor_seconds - before
    found["processor_ms"] = round(1_000 * used / max(found["requests"], 1), 3)
    print(path or file.stem, rate or "", found, flush=True)
    return found


if __name__ == "__main__":
    main()
