"""A worker in a process of its own: its job folder, its stream of rows, its report, its end. Knows no metrics."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

import numpy as np

from benchmarks.common import ROOT
from llm4rec.core import ComponentError, Floats, Interactions, Numbers, Sparse, Times

WORKERS = ROOT / "benchmarks" / "workers"
VARIABLES = {"peers": "LLM4REC_PEERS_PYTHON", "sasrec": "LLM4REC_PEERS_SASREC_PYTHON"}
SCRIPT = WORKERS / "work.py"
THREADS = int(os.environ.get("LLM4REC_PEERS_THREADS", "1"))
SECONDS = float(os.environ.get("LLM4REC_PEERS_SECONDS", "7200"))
TAIL = 12
NONE = np.zeros(0, dtype=np.int64)


class NoInterpreter(ComponentError):
    """There is no interpreter that has the library."""


def interpreter(home: str) -> str:
    """The Python that has the libraries of `home`; NoInterpreter says how to make one."""
    if home == "ours":
        return sys.executable
    variable = VARIABLES[home]
    found = os.environ.get(variable, "")
    if not found or not Path(found).is_file():
        which = f"{variable}={found} is no file" if found else f"{variable} is not set"
        raise NoInterpreter(
            f"{which}. The other libraries live in an environment of their own: make it as "
            f"benchmarks/{home}-requirements.txt says and set {variable}=/path/to/its/bin/python"
        )
    return found


@dataclass(frozen=True, eq=False)
class Job:
    """What one worker is given. `said` is job.json; `pairs` are user, item and time of values to predict."""

    name: str
    home: str
    said: Mapping[str, Any]
    fit: Interactions
    history: Interactions
    asked: Numbers = field(default_factory=lambda: NONE)
    pairs: tuple[Numbers, Numbers, Times] = (NONE, NONE, np.zeros(0))
    features: Mapping[str, Sparse] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """The job folder. The answers are not in it."""
        from scipy import sparse

        (folder / "job.json").write_text(json.dumps(dict(self.said)), encoding="utf-8")
        for name, rows in (("fit", self.fit), ("history", self.history)):
            columns = {
                key: getattr(rows, key) for key in ("users", "items", "values", "timestamps", "positive")
            }
            np.savez(folder / f"{name}.npz", **columns)
        users, items, times = self.pairs
        np.savez(folder / "asked.npz", asked=self.asked, pair_users=users, pair_items=items, pair_times=times)
        for name, block in self.features.items():
            sparse.save_npz(folder / f"{name}.npz", block.tocsr(), compressed=False)


class Worker:
    """A running worker. ComponentError carries its name and the end of what it printed when it dies or stays silent."""

    def __init__(self, job: Job, script: Path = SCRIPT) -> None:
        self.name = job.name
        python = interpreter(job.home)
        self._scratch = TemporaryDirectory(prefix="peers-")
        self.folder = Path(self._scratch.name)
        job.write(self.folder)
        ours, theirs = os.pipe()
        with (self.folder / "log.txt").open("wb") as log:
            self._process = subprocess.Popen(
                [python, str(script), str(self.folder), str(theirs)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(theirs,),
                env=environment(job.home),
                cwd=self.folder if job.home != "ours" else ROOT,
            )
        os.close(theirs)
        self._stream: IO[bytes] = os.fdopen(ours, "rb", buffering=0)
        self._late = threading.Timer(SECONDS, self._process.kill)
        self._late.daemon = True
        self._late.start()

    def read(self, count: int) -> Floats:
        """The next `count` numbers."""
        parts, left = [], 4 * count
        while left:
            part = self._stream.read(min(left, 1 << 20))
            if not part:
                raise self._died(f"stopped {left:,} bytes short")
            parts.append(part)
            left -= len(part)
        return np.frombuffer(b"".join(parts), dtype=np.float32)

    def lists(self) -> Mapping[int, Numbers]:
        """The library's own top lists by user, where it gave some; there before the first row is."""
        path = self.folder / "lists.npz"
        if not path.exists():
            return {}
        with np.load(path) as found:
            return dict(zip(found["users"].tolist(), found["lists"], strict=True))

    def finish(self) -> dict[str, Any]:
        """Its report, once it has ended well and left nothing unread."""
        rest = self._stream.read(1)
        code = self._process.wait()
        if code or rest:
            raise self._died(f"ended with {code}" if code else "gave more rows than were asked for")
        report: dict[str, Any] = json.loads((self.folder / "report.json").read_text(encoding="utf-8"))
        self.close()
        return report

    def close(self) -> None:
        """End the process if it is still there, and remove its folder."""
        self._late.cancel()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._stream.close()
        self._scratch.cleanup()

    def _died(self, what: str) -> ComponentError:
        code = self._process.wait() if self._process.poll() is not None else None
        try:
            code = self._process.wait(timeout=10) if code is None else code
        except subprocess.TimeoutExpired:
            code = None
        log = (self.folder / "log.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        end = "\n".join(log[-TAIL:]) or "it printed nothing"
        self.close()
        return ComponentError(f"{self.name}: its process {what} (exit code {code}):\n{end}")


def environment(home: str) -> dict[str, str]:
    """One thread for everything, unless LLM4REC_PEERS_THREADS says otherwise; others never see our sources."""
    # LLM4REC_... are settings of ours, and these are none.
    result = {k: v for k, v in os.environ.items() if not k.startswith("LLM4REC_PEERS_")}
    for name in ("OMP", "OPENBLAS", "MKL", "NUMBA", "VECLIB_MAXIMUM", "NUMEXPR", "RAYON"):
        result[f"{name}_NUM_THREADS"] = str(THREADS)
    result |= {"LK_NUM_THREADS": str(THREADS), "CUDA_VISIBLE_DEVICES": "", "TQDM_DISABLE": "1"}
    if home == "ours":
        result["PYTHONPATH"] = os.pathsep.join(
            filter(None, [str(ROOT), str(ROOT / "src"), result.get("PYTHONPATH")])
        )
    else:
        result.pop("PYTHONPATH", None)
    return result
