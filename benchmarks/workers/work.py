"""One fit of one library in a process of its own: python work.py JOB-FOLDER FILE-DESCRIPTOR.

Reads a job folder, fits, times, and streams full score rows (or predicted values) through the descriptor; never sees the
answers. Knows neither llm4rec nor metrics: a library's side is one file `with_NAME.py` beside this one.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
from shared import Data, Peer, peak_mb

N = 10
CHECKED = 200
CHUNK = 256


def main() -> int:
    job, out = Path(sys.argv[1]), int(sys.argv[2])
    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    warnings.simplefilter("ignore")
    asked = json.loads((job / "job.json").read_text(encoding="utf-8"))
    module = importlib.import_module(asked["module"])
    data = Data.read(job, asked)
    peer: Peer = module.PEERS[asked["kind"]](asked["setting"], asked["threads"], asked["seed"])
    peer.prepare(data)
    report: dict[str, object] = {"versions": versions(module), "base_mb": peak_mb()}
    began = time.perf_counter()
    peer.fit(data)
    report |= {"fit_seconds": time.perf_counter() - began, "fit_mb": peak_mb()}
    if asked["do"] == "rank" and asked["timed"]:
        report |= all_users(peer, data, job)
    report |= {"peak_mb": peak_mb(), **peer.said()}
    (job / "report.json").write_text(json.dumps(report), encoding="utf-8")
    with os.fdopen(out, "wb") as stream:
        if asked["do"] == "rate":
            write(stream, peer.rate(data, data.pair_users, data.pair_items, data.pair_times))
        elif asked["do"] == "rank":
            for at in range(0, len(data.asked), CHUNK):
                write(stream, peer.score(data, data.asked[at : at + CHUNK]))
    return 0


def end_with(parent: int) -> None:
    """Nobody wants the answer of a worker whose runner is gone."""
    while os.getppid() == parent:
        time.sleep(2.0)
    os._exit(1)


def all_users(peer: Peer, data: Data, job: Path) -> dict[str, object]:
    """The library's own lists for everybody it was fitted on, timed; and some for the questions, to check scores by."""
    everyone = np.unique(data.fit.users[data.fit.positive])
    began = time.perf_counter()
    peer.recommend(data, data.fit, everyone, N)
    seconds = time.perf_counter() - began
    known = np.unique(data.history.users[data.history.positive])
    checked = data.asked[np.isin(data.asked, known)][:CHECKED]
    lists = peer.recommend(data, data.history, checked, N) if peer.lists else None
    if lists is not None and len(checked):
        np.savez(job / "lists.npz", users=checked, lists=np.asarray(lists, dtype=np.int64))
    return {"recommend_seconds": seconds, "recommend_users": len(everyone)}


def write(stream: object, values: object) -> None:
    """Float32 in row order, nothing around it."""
    stream.write(np.ascontiguousarray(values, dtype=np.float32).tobytes())  # type: ignore[attr-defined]
    stream.flush()  # type: ignore[attr-defined]


def versions(module: object) -> str:
    """ "implicit 0.7.3": what was measured."""
    from importlib.metadata import version

    return ", ".join(f"{name} {version(name)}" for name in getattr(module, "PACKAGES", ()))


if __name__ == "__main__":
    sys.exit(main())
