"""Memory of a full ranking of amazon-games (50,546 people x 16,859 items) with each model, in a process of its own.

python -m benchmarks.memory [MODEL ...]: peak of the process while reading, while fitting, and while ranking after the fit is done. The
goal is a ranking under 3 GB with any model. Every model of the registry is asked unless some are named; rows measured before stay.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import OUT, ROOT, folder, keep, loaded
from benchmarks.workers.shared import peak_mb
from llm4rec.data import split
from llm4rec.engine import Engine, parse_variant, read_settings
from llm4rec.engine.registry import names
from llm4rec.evaluation import parse_metrics, rank

DATA, PROTOCOL = "amazon-games", "official:split"
METRICS = ("ndcg@10", "hr@10", "coverage@10", "novelty@10")
GOAL_MB = 3 * 1024
ONE = "--one"
MODELS = [name for name in names("model") if name != "prompted"]  # which needs a language model


def main() -> int:
    """Exit code 1 where a model could not be measured or its ranking is over the goal."""
    if sys.argv[1:2] == [ONE]:
        print(json.dumps(one(sys.argv[2])))
        return 0
    folder(DATA)
    file = OUT / "memory.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    result = {}
    for model in sys.argv[1:] or MODELS:
        result[model] = apart(model)
        print(told(model, result[model]), flush=True)
        keep("memory", known | result)
    return int(any(row.get("ranking_mb", np.inf) > GOAL_MB for row in result.values()))


def told(model: str, row: dict[str, Any]) -> str:
    """One line a model."""
    if "failed" in row:
        return f"{model:12s} failed: {row['failed']}"
    verdict = "under" if row["ranking_mb"] <= GOAL_MB else "OVER"
    return (
        f"{model:12s} reading {row['reading_mb']:6.0f} MB, fitting {row['fitting_mb']:6.0f} MB, ranking "
        f"{row['ranking_mb']:6.0f} MB ({verdict} 3 GB), NDCG@10 {row['ndcg@10']:.4f}"
    )


def apart(model: str) -> dict[str, Any]:
    """`one` in a fresh process; what it said last where it died."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.memory", ONE, model],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=environment,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()
        return {"failed": said[-1] if said else f"exit code {done.returncode}, without a word"}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def one(model: str) -> dict[str, float]:
    """Read, fit with settings chosen on validation, rank; the peak of each step."""
    data = loaded(DATA)
    fold = split(data.dataset, PROTOCOL, data.marks).folds[0]
    name, options = parse_variant(model)
    engine = Engine(read_settings().with_model(name, options))
    reading = since_then()
    engine.fit(fold.train, holdout=fold.validation)
    fitting = since_then()
    ranked = rank(engine, fold.tests[""], len(fold.train.catalog), parse_metrics(METRICS), name)
    quality = float(ranked.values["ndcg@10"].mean())
    return {"reading_mb": reading, "fitting_mb": fitting, "ranking_mb": since_then(), "ndcg@10": quality}


def since_then() -> float:
    """Peak memory since the last call, MiB; where the system cannot forget a peak, since the start."""
    peak = peak_mb()
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError as error:
        print(f"peaks are not told apart: {error}", file=sys.stderr)
    return peak


if __name__ == "__main__":
    sys.exit(main())
