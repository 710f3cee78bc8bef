"""Jobs in processes of their own: a peer under its own Python, and one of our benchmarks under ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.versus.job import VARIABLES, NoInterpreter, interpreter

WORKER = Path(__file__).parent / "workers" / "times_of_implicit.py"


@cache
def peers_python() -> str:
    """The interpreter with the peers; exit code 3 and a sentence where there is none.

    The variable is taken out of the environment: LLM4REC_... are settings there, and this is none.
    """
    try:
        found = interpreter("peers")
    except NoInterpreter as error:
        print(error, file=sys.stderr)
        sys.exit(3)
    os.environ.pop(VARIABLES["peers"], None)
    return found


def implicit(train: Path, threads: int, **asked: Any) -> dict[str, Any]:
    """What the worker tells of one fit of implicit's ALS; `model` are its options."""
    model = {"num_threads": threads, "random_state": 1, **asked.pop("model")}
    job = [peers_python(), "-W", "ignore", str(WORKER), str(train), json.dumps({"model": model, **asked})]
    return _told(job, threads)


def ours(module: str, threads: int, *arguments: object) -> dict[str, Any]:
    """What one of our benchmarks prints when it is asked for a single job."""
    return _told([sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)], threads)


def _told(job: list[str], threads: int) -> dict[str, Any]:
    """The last line of a job, as JSON. BLAS has one thread: both sides part the work themselves."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": str(threads)}
    done = subprocess.run(job, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(job[:4])} failed:\n{done.stderr}")
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told
