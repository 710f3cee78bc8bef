"""The peer in its own process: implicit's ALS on a matrix in a file. Needs nothing of llm4rec.

`python implicit_worker.py TRAIN.npz OPTIONS.json` prints one JSON line: seconds of each sweep, seconds of recommending
to everybody, peak memory, and keeps the factors where a place is given.
"""

import json
import resource
import sys
import time

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
        users, times = np.arange(matrix.shape[0]), []
        before = peak_mb()
        for _ in range(asked["recommend"]):
            started = time.perf_counter()
            ids, _ = model.recommend(users, matrix, N=10)
            times.append(time.perf_counter() - started)
        told |= {"recommend": times, "fit_mb": before, "peak_mb": peak_mb(), "lists": list(ids.shape)}
    if asked.get("keep"):
        np.savez(asked["keep"], users=model.user_factors, items=model.item_factors)
    print(json.dumps(told))


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
