"""One request through Engine.recommend at 12,101 items, on one core: p50, p95, p99 in milliseconds."""

from __future__ import annotations

import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.common import keep, loaded
from llm4rec.engine import Engine, read_settings

REQUESTS = 3_000


def main() -> None:
    data = loaded("amazon-beauty").dataset
    with TemporaryDirectory() as scratch:
        # Untuned, so that every part of the blend is in use and is paid for.
        Engine(read_settings(flags={"fit.tune": False})).fit(data).save(Path(scratch) / "engine")
        engine = Engine.load(Path(scratch) / "engine")
    users = np.random.default_rng(0).choice(len(data.users), REQUESTS)
    with threadpool_limits(1):
        known = timed([{"user": data.users.ids.ids[u]} for u in users], engine)
        bare = timed(
            [{"history": [data.catalog.ids.ids[i] for i in data.history(u).items]} for u in users], engine
        )
    result = {"items": len(data.catalog), "requests": REQUESTS, "known_user": known, "bare_history": bare}
    keep("latency", result)
    print(json.dumps(result, indent=1))


def timed(questions: list[dict[str, object]], engine: Engine) -> dict[str, float]:
    """Milliseconds of each request, after a hundred to warm up."""
    for question in questions[:100]:
        engine.recommend(**question)  # type: ignore[arg-type]
    took = []
    for question in questions:
        started = time.perf_counter()
        engine.recommend(**question)  # type: ignore[arg-type]
        took.append((time.perf_counter() - started) * 1e3)
    return {f"p{p}": round(float(np.percentile(took, p)), 3) for p in (50, 95, 99)}


if __name__ == "__main__":
    main()
