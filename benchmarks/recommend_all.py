"""Ten items for everybody: `Engine.recommend_all` with `als` beside implicit's `recommend`, each in its own process.

Ours begins with histories and ends with a frame of ids; implicit's begins with the factors of its users and ends with
arrays of numbers. LLM4REC_PEERS_PYTHON names the Python that has implicit (0.7). Both take turns; the least time counts.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from scipy import sparse

from benchmarks.common import keep, loaded
from benchmarks.peers_process import implicit, ours, peers_python
from benchmarks.workers.shared import peak_mb
from llm4rec.data import split
from llm4rec.engine import Engine, read_settings

DATA = ("amazon-beauty", "amazon-games")
FACTORS = (64, 128)
ROUNDS = 3


def train_of(name: str) -> Any:
    """The training part of leave-last-out."""
    data = loaded(name)
    return split(data.dataset, "leave-last-out", data.marks, np.random.default_rng(0)).folds[0].train


def timed(name: str, factors: int) -> dict[str, Any]:
    """Seconds of three passes over everybody, after one that compiles; memory before and at its peak."""
    settings = read_settings(flags={"encoder.name": "none"})
    engine = Engine(settings, model="als", embedding_size=factors, tune=False, unobserved=0.003)
    engine.fit(train_of(name))
    engine.recommend_all(users=engine.fitted.dataset.users.ids.ids[:100])
    before, times = peak_mb(), []
    for _ in range(3):
        started = time.perf_counter()
        engine.recommend_all(n=10)
        times.append(time.perf_counter() - started)
    return {"recommend": times, "before_mb": before, "peak_mb": peak_mb()}


def compared(name: str, train: Path, factors: int, threads: int) -> dict[str, Any]:
    """Both sides, in turns."""
    # implicit at the weight that is best for it on validation (benchmarks.als_speed).
    model = {"factors": factors, "iterations": 10, "regularization": 0.01, "alpha": 20.0}
    own, theirs = [], []
    for _ in range(ROUNDS):
        theirs.append(implicit(train, threads, model=dict(model), recommend=3))
        own.append(ours("recommend_all", threads, "ours", name, factors))
    row: dict[str, Any] = {"data": name, "factors": factors, "threads": threads}
    for side, told in (("ours", own), ("implicit", theirs)):
        row[f"{side}_s"] = min(min(one["recommend"]) for one in told)
        row[f"{side}_peak_mb"] = min(one["peak_mb"] for one in told)
        row[f"{side}_added_mb"] = min(one["peak_mb"] - one["before_mb"] for one in told)
    return {**row, "times_faster": row["implicit_s"] / row["ours_s"]}


def main() -> None:
    peers_python()
    rows = []
    with TemporaryDirectory() as scratch:
        for name in DATA:
            train = Path(scratch) / f"{name}.npz"
            sparse.save_npz(train, train_of(name).matrix())
            for factors in FACTORS:
                for threads in (1, 2):
                    rows.append(compared(name, train, factors, threads))
                    print(json.dumps(rows[-1]), flush=True)
    keep("recommend_all", rows)


if __name__ == "__main__":
    if sys.argv[1:2] == ["ours"]:
        print(json.dumps(timed(sys.argv[2], int(sys.argv[3]))))
    else:
        main()
