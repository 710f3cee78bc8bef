"""ALS beside implicit's: seconds a sweep at the same factors, and accuracy on validation, each in its own process.

LLM4REC_PEERS_PYTHON names the Python that has implicit (0.7). Both are timed in turn, several times, and the least
time counts: other work on the machine only ever adds.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from scipy import sparse

from benchmarks.common import keep, loaded
from benchmarks.peers_process import implicit, ours, peers_python
from llm4rec.core import FitContext, Floats, Holdout
from llm4rec.data import split
from llm4rec.models.als import Als, AlsConfig
from llm4rec.models.tuning import quality

DATA = ("amazon-beauty", "ml-100k")
FACTORS = (64, 128)
ROUNDS = 5
GRID = [(reg, alpha) for reg in (0.01, 1.0, 10.0) for alpha in (1.0, 5.0, 20.0, 100.0)]


def timed_sweeps(train: Path, factors: int) -> dict[str, Any]:
    """Seconds of each sweep over people and items, compiling left out."""
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
    return {"sweeps": np.diff(moments).tolist()}


def speed(train: Path) -> list[dict[str, Any]]:
    """Least seconds a sweep of both, by threads and factors."""
    rows = []
    for threads in (1, 2):
        for factors in FACTORS:
            own, theirs = [], []
            for _ in range(ROUNDS):
                theirs += implicit(train, threads, model={"factors": factors, "iterations": 5})["sweeps"]
                own += ours("als_speed", threads, "sweeps", train, factors)["sweeps"]
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
    """NDCG@10 on validation: the peer at the best of a grid, ours without and with fading histories.

    Settings of both are chosen on 3,000 of the questions, the figures are over all of them.
    """
    questions: Holdout = fold.validation
    sample = questions.sample(3_000, np.random.default_rng(0))
    tried = []
    for reg, alpha in GRID:
        model = {"factors": factors, "iterations": 15, "regularization": reg, "alpha": alpha}
        implicit(train, 2, model=dict(model), keep=str(scratch / "factors.npz"))
        with np.load(scratch / "factors.npz") as kept:
            peer = Frozen(kept["users"], kept["items"])
        tried.append((quality(peer, sample), model, peer))
    _, best, peer = max(tried, key=lambda one: one[0])
    row: dict[str, Any] = {
        "factors": factors,
        "implicit": quality(peer, questions),
        "implicit_settings": best,
    }
    for name, decays in (("ours", (None,)), ("ours_fading", AlsConfig().decays)):
        model = Als(AlsConfig(embedding_size=factors, decays=decays))
        model.fit(fold.train, replace(FitContext(), holdout=sample))
        chosen = model.chosen.model_dump(mode="json", include={"decay", "unobserved", "reg", "epochs"})
        row |= {name: quality(model, questions), f"{name}_settings": chosen}
    return row


def main() -> None:
    peers_python()
    result: dict[str, Any] = {}
    with TemporaryDirectory() as folder:
        scratch = Path(folder)
        for name in DATA:
            data = loaded(name)
            fold = split(data.dataset, "leave-last-out", data.marks, np.random.default_rng(0)).folds[0]
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
