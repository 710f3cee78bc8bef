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
ROUNDS = 3


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
    """Milliseconds of all requests on the clock and of the processor; and of each one's fastest round, which is what it costs itself.

    What slows a request in one round and not in the next is the machine, not the request: both are told.
    """
    for question in questions[:WARM]:
        engine.recommend(**question)  # type: ignore[arg-type]
    clock, processor = np.array([[asked(engine, q) for q in questions] for _ in range(ROUNDS)]).transpose(
        2, 0, 1
    )
    told = {f"p{p}": float(np.percentile(clock, p)) for p in (50, 95, 99)}
    told |= {f"processor_p{p}": float(np.percentile(processor, p)) for p in (50, 99)}
    told |= {f"fastest_round_p{p}": float(np.percentile(clock.min(axis=0), p)) for p in (50, 99)}
    return {name: round(value, 3) for name, value in told.items()}


def asked(engine: Engine, question: dict[str, object]) -> tuple[float, float]:
    """Milliseconds of one request, on the clock and of the processor."""
    started, worked = time.perf_counter(), time.thread_time()
    engine.recommend(**question)  # type: ignore[arg-type]
    return (time.perf_counter() - started) * 1e3, (time.thread_time() - worked) * 1e3


def memory(name: str) -> float:
    """A figure of this process in MiB, as Linux tells it."""
    told = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(rf"{name}:\s+(\d+) kB", told)
    return round(int(found[1]) / 1024, 1) if found else float("nan")


if __name__ == "__main__":
    main()
