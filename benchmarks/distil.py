"""A student of the stacker: its share of the teacher's NDCG@10, milliseconds a request on one core, memory, what it loads.

python -m benchmarks.distil [amazon-beauty|ml-100k ...] [KEY=VALUE ...]

The teacher is fitted on the training part (or read from out/benchmarks/teacher-NAME, where an earlier run left it), the student
is chosen on validation, and the test part is asked once. KEY=VALUE are settings of distilling or of the student
(student=transition epochs=5), or `teacher=VARIANT` (another name for its folder is made of it). Goals: 97 % of NDCG@10, p99 under
1 ms, under 200 MB resident, no neural encoder loaded. Exit code 1 where one is missed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import OUT, ROOT, keep, loaded
from llm4rec.apps.cli.evaluate import resolved
from llm4rec.apps.cli.screen import Bars
from llm4rec.core import Floats, Holdout, gains, masked
from llm4rec.data import split
from llm4rec.engine import Engine, parse_assignments, parse_variant, read_settings
from llm4rec.engine.distilling import Classroom, DistilConfig, distil
from llm4rec.engine.folder import MANIFEST, digest

TEACHER = "hybrid.linear(inputs=sequence+attention;questions=6000)"
DATA = {"ml-100k": "leave-last-out", "amazon-beauty": "official:split"}
SHARE, MS, MB = 0.97, 1.0, 200.0
ROWS, DRAWS = 256, 10_000


def main() -> int:
    """Exit code 1 where a goal is missed."""
    given = parse_assignments([word for word in sys.argv[1:] if "=" in word])
    teacher = str(given.pop("teacher", TEACHER))
    names = [word for word in sys.argv[1:] if "=" not in word] or list(DATA)
    results = {name: measured(name, teacher, given) for name in names}
    for name, result in results.items():
        keep(f"distil-{name}", result)
        print(json.dumps(result, indent=1), flush=True)
    return int(any(result["missed"] for result in results.values()))


def measured(name: str, variant: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """One data set: teacher, student, test, and the student in a process of its own."""
    data = loaded(name)
    fold = split(data.dataset, resolved(DATA[name], data), data.marks, np.random.default_rng(0)).folds[0]
    folder = OUT / f"teacher-{name}{'' if variant == TEACHER else '-' + re.sub('[^a-z0-9]+', '-', variant)}"
    started = time.monotonic()
    if not (folder / MANIFEST).is_file():
        Engine(read_settings().with_model(*parse_variant(variant))).fit(
            fold.train, holdout=fold.validation, progress=Bars()
        ).save(folder)
    teacher = Engine.load(folder)
    fitting = time.monotonic() - started
    own = {key: value for key, value in given.items() if key in DistilConfig.model_fields}
    options = {key: value for key, value in given.items() if key not in own}
    config = DistilConfig.of({**own, "options": options}, "distil")
    started = time.monotonic()
    room = Classroom(fold.validation, progress=Bars(), sign=digest(folder / MANIFEST))
    made = distil(teacher, OUT / f"distil-{name}", config, room)
    took = time.monotonic() - started
    student = made.engine.save(OUT / f"student-{name}")
    result: dict[str, Any] = {
        "teacher": variant,
        "protocol": DATA[name],
        "fitting_s": round(fitting, 1),
        "distilling_s": round(took, 1),
        "validation": dict(made.report),
        "test": compared(teacher, Engine.load(student), fold.tests[""]),
        "served": served(student),
        "folder_mb": round(sum(file.stat().st_size for file in student.iterdir()) / 1e6, 1),
    }
    return result | {"missed": missed(result)}


def compared(teacher: Engine, student: Engine, questions: Holdout) -> dict[str, Any]:
    """NDCG@10 of both, and the student's share with a 95 % interval over questions (paired bootstrap)."""
    theirs, own = (quality(engine, questions) for engine in (teacher, student))
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(DRAWS):
        rows = rng.integers(len(own), size=len(own))
        shares.append(own[rows].mean() / max(float(theirs[rows].mean()), 1e-9))
    low, high = np.percentile(shares, [2.5, 97.5])
    return {
        "questions": len(questions),
        "teacher_ndcg@10": float(theirs.mean()),
        "student_ndcg@10": float(own.mean()),
        "share": float(own.mean() / max(float(theirs.mean()), 1e-9)),
        "share_95": [float(low), float(high)],
    }


def quality(engine: Engine, questions: Holdout) -> Floats:
    """NDCG@10 of each question."""
    found = []
    for at in range(0, len(questions), ROWS):
        requests = questions.requests[at : at + ROWS]
        scores = masked(engine.score(requests), requests)
        found.append(gains(scores, questions.targets[at : at + ROWS]))
    return np.concatenate(found)


def served(folder: Path) -> dict[str, Any]:
    """The student in a fresh process with one thread."""
    environment = {
        **os.environ,
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "POLARS_MAX_THREADS": "1",
    }
    worker = ROOT / "benchmarks" / "workers" / "serve_engine.py"
    done = subprocess.run(
        [sys.executable, str(worker), str(folder)],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def missed(result: Mapping[str, Any]) -> list[str]:
    """Which goals are not reached, in words."""
    told, share = result["served"], result["test"]["share"]
    slowest = max(told["known_user_ms"]["p99"], told["bare_history_ms"]["p99"])
    goals = {
        f"share {share:.3f} of the teacher's NDCG@10 is under {SHARE}": share >= SHARE,
        f"p99 {slowest} ms is not under {MS}": slowest < MS,
        f"{told['resident_mb']} MB are not under {MB:g}": told["resident_mb"] < MB,
        f"loaded: {', '.join(told['heavy_modules'])}": not told["heavy_modules"],
    }
    return [words for words, reached in goals.items() if not reached]


if __name__ == "__main__":
    sys.exit(main())
