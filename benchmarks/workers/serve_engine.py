"""An engine folder in a process of its own: how long one request takes, how much memory is held, what is loaded.

python benchmarks/workers/serve_engine.py FOLDER [REQUESTS]: JSON on standard output. Imports nothing but what serving needs.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

import numpy as np

from llm4rec.engine import Engine

HEAVY = ("torch", "transformers", "sentence_transformers", "numba", "lightgbm", "sklearn", "faiss")
WARM = 100


def main() -> None:
    engine = Engine.load(sys.argv[1])
    loaded = memory("VmRSS")
    data = engine.fitted.dataset
    wanted = int(sys.argv[2]) if len(sys.argv) > 2 else 3_000
    users = np.random.default_rng(0).choice(len(data.users), wanted)
    known = [{"user": data.users.ids.ids[u]} for u in users]
    bare = [{"history": [data.catalog.ids.ids[i] for i in data.history(u).items]} for u in users]
    told = {
        "items": len(data.catalog),
        "known_user_ms": timed(engine, known),
        "bare_history_ms": timed(engine, bare),
        "loaded_mb": loaded,
        "resident_mb": memory("VmRSS"),
        "peak_mb": memory("VmHWM"),
        "heavy_modules": sorted(set(HEAVY) & {name.partition(".")[0] for name in sys.modules}),
    }
    print(json.dumps(told))


def timed(engine: Engine, questions: list[dict[str, object]]) -> dict[str, float]:
    """Milliseconds of each request, after some to warm up: on the clock, and of the processor, which others do not delay."""
    took = []
    for number, question in enumerate([*questions[:WARM], *questions]):
        started, worked = time.perf_counter(), time.thread_time()
        engine.recommend(**question)  # type: ignore[arg-type]
        if number >= WARM:
            took.append(((time.perf_counter() - started) * 1e3, (time.thread_time() - worked) * 1e3))
    clock, processor = np.array(took).T
    told = {f"p{p}": round(float(np.percentile(clock, p)), 3) for p in (50, 95, 99)}
    return told | {f"processor_p{p}": round(float(np.percentile(processor, p)), 3) for p in (50, 99)}


def memory(name: str) -> float:
    """A figure of this process in MiB, as Linux tells it."""
    told = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(rf"{name}:\s+(\d+) kB", told)
    return round(int(found[1]) / 1024, 1) if found else float("nan")


if __name__ == "__main__":
    main()
