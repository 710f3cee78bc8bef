"""The peer in its own process: implicit's ALS on a matrix in a file. Needs nothing of llm4rec.

`python times_of_implicit.py TRAIN.npz OPTIONS` prints one line of JSON: seconds of each sweep, seconds of recommending to
everybody, memory before and at its peak, and keeps the factors where a place is given.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from scipy import sparse


def main() -> None:
    matrix = sparse.load_npz(sys.argv[1]).tocsr().astype(np.float32)
    asked = json.loads(sys.argv[2])
    model = AlternatingLeastSquares(dtype=np.float32, **asked["model"])
    sweeps: list[float] = []
    model.fit(matrix, show_progress=False, callback=lambda epoch, seconds, loss: sweeps.append(seconds))
    told: dict[str, object] = {"sweeps": sweeps}
    if asked.get("recommend"):
        users, times, before = np.arange(matrix.shape[0]), [], peak_mb()
        for _ in range(asked["recommend"]):
            started = time.perf_counter()
            model.recommend(users, matrix, N=10)
            times.append(time.perf_counter() - started)
        told |= {"recommend": times, "before_mb": before, "peak_mb": peak_mb()}
    if asked.get("keep"):
        np.savez(asked["keep"], users=model.user_factors, items=model.item_factors)
    print(json.dumps(told))


def peak_mb() -> float:
    """Peak resident memory since this program began (ru_maxrss would count what started it)."""
    told = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(told.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main()
