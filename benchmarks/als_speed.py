"""ALS beside implicit's: seconds a sweep at the same factors, and accuracy on validation, each in its own process.

LLM4REC_PEERS_PYTHON names the Python that has implicit (0.7). Both are timed in turn, several times, and the least
time counts: other work on the machine only ever adds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from scipy import sparse

from benchmarks.common import keep, loaded
from llm4rec.core import FitContext, Floats, Holdout, Request
from llm4rec.data import split
from llm4rec.models.als import Als, AlsConfig
from llm4rec.models.tuning import quality

DATA = ("amazon-beauty", "ml-100k")
FACTORS = (64, 128)
ROUNDS = 5
WORKER = Path(__file__).with_name("implicit_worker.py")
GRID = [(reg, alpha) for reg in (0.01, 0.1, 1.0, 5.0) for alpha in (1.0, 5.0, 20.0)]


def peers_python() -> str:
    """The interpreter with the peers; exit code 3 and a sentence where there is none."""
    found = os.environ.get("LLM4REC_PEERS_PYTHON", "")
    if not found or not Path(found).is_file():
        print(
            "LLM4REC_PEERS_PYTHON must name a Python that has implicit: "
            "python -m venv peers && peers/bin/pip install implicit==0.7.3, then "
            "LLM4REC_PEERS_PYTHON=peers/bin/python",
            file=sys.stderr,
        )
        sys.exit(3)
    return found


def implicit(train: Path, threads: int, **asked: Any) -> dict[str, Any]:
    """What the worker tells of one fit."""
    model = {"num_threads": threads, "random_state": 1, **asked.pop("model")}
    told = subprocess.run(
        [peers_python(), "-W", "ignore", str(WORKER), str(train), json.dumps({"model": model, **asked})],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": str(threads)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(told.stdout)  # type: ignore[no-any-return]


def ours(train: Path, threads: int, factors: int) -> list[float]:
    """Seconds a sweep of our own, in a process of its own."""
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.als_speed", "sweeps", str(train), str(factors)],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": str(threads)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(told.stdout)  # type: ignore[no-any-return]


def timed_sweeps(train: Path, factors: int) -> list[float]:
    """Seconds of each sweep over people and items, compiling left out."""
    import time

    matrix = sparse.load_npz(train).tocsr()
    first = (np.random.default_rng(0).standard_normal((matrix.shape[1], factors)) * 0.01).astype(np.float32)
    Als(AlsConfig(epochs=1))._learn(matrix, first, lambda steps, *_: steps)  # compiles
    moments: list[float] = []

    def watch(steps: Any, *_: Any) -> Any:
        for step in steps:
            moments.append(time.perf_counter())
            yield step
        moments.append(time.perf_counter())

    Als(AlsConfig(epochs=5))._learn(matrix, first, watch)
    return np.diff(moments).tolist()  # type: ignore[no-any-return]


def speed(train: Path) -> list[dict[str, Any]]:
    """Least seconds a sweep of both, by threads and factors."""
    rows = []
    for threads in (1, 2):
        for factors in FACTORS:
            asked = {"model": {"factors": factors, "iterations": 5}}
            theirs, own = [], []
            for _ in range(ROUNDS):
                theirs += implicit(train, threads, model=dict(asked["model"]))["sweeps"]
                own += ours(train, threads, factors)
            row = {"threads": threads, "factors": factors, "ours_s": min(own), "implicit_s": min(theirs)}
            rows.append({**row, "ratio": min(own) / min(theirs)})
            print(json.dumps(rows[-1]), flush=True)
    return rows


class Frozen:
    """The peer's factors as a scorer of its own users: it knows people as rows."""

    def __init__(self, users: Floats, items: Floats) -> None:
        self.users, self.items = users, items

    def score(self, requests: Any, items: Any = None) -> Floats:
        return self.users[[r.user for r in requests]] @ self.items.T


def accuracy(fold: Any, train: Path, scratch: Path, factors: int) -> dict[str, Any]:
    """NDCG@10 on validation: the peer at the best of a grid, ours without and with fading histories."""
    questions: Holdout = fold.validation
    best: dict[str, Any] = {"implicit": -1.0}
    for reg, alpha in GRID:
        model = {"factors": factors, "iterations": 15, "regularization": reg, "alpha": alpha}
        implicit(train, 2, model=model, keep=str(scratch / "factors.npz"))
        with np.load(scratch / "factors.npz") as kept:
            found = quality(Frozen(kept["users"], kept["items"]), questions)
        if found > best["implicit"]:
            best = {"implicit": found, "implicit_settings": {"regularization": reg, "alpha": alpha}}
    sample = questions.sample(3_000, np.random.default_rng(0))
    for name, decays in (("ours", (None,)), ("ours_fading", AlsConfig().decays)):
        model = Als(AlsConfig(embedding_size=factors, decays=decays))
        model.fit(fold.train, replace(FitContext(), holdout=sample))
        best |= {name: quality(model, questions), f"{name}_settings": model.chosen.model_dump(mode="json")}
    return {"factors": factors, **best}


def main() -> None:
    peers_python()
    result: dict[str, Any] = {}
    with TemporaryDirectory() as folder:
        scratch = Path(folder)
        for name in DATA:
            data = loaded(name)
            fold = split(data.dataset, "leave-last-out", data.marks, np.random.default_rng(0)).folds[0]
            assert all(isinstance(r, Request) for r in fold.validation.requests[:1])
            train = scratch / f"{name}.npz"
            sparse.save_npz(train, fold.train.matrix())
            print(f"-- {name}", flush=True)
            result[name] = {"speed": speed(train), "accuracy": []}
            for factors in FACTORS:
                result[name]["accuracy"].append(accuracy(fold, train, scratch, factors))
                print(json.dumps(result[name]["accuracy"][-1]), flush=True)
    keep("als_speed", result)


if __name__ == "__main__":
    if sys.argv[1:2] == ["sweeps"]:
        print(json.dumps(timed_sweeps(Path(sys.argv[2]), int(sys.argv[3]))))
    else:
        main()
