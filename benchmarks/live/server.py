"""A service in a process of its own, and somebody who asks it over one kept connection. Knows nothing of what is served."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Thread
from typing import Any, Self
from urllib.parse import urlsplit

from benchmarks.common import ROOT

SECONDS = 120.0  # until a start counts as failed
SERVE = ("-m", "llm4rec.apps.cli.main", "serve")
LOST = (OSError, http.client.HTTPException)
"""What a connection raises whose other end is gone."""


class Server:
    """Python in a process of its own that listens on loopback: started, killed, and started again.

    `words` are its command line, "{port}" in them the port. `sign` is the route whose first answer says that it is up;
    `more` is said to it in its environment.
    """

    def __init__(
        self,
        words: Sequence[str],
        folder: Path,
        sign: str = "/health",
        *,
        python: str = sys.executable,
        more: Mapping[str, str] | None = None,
    ) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._words = [python, *(word.replace("{port}", str(port)) for word in words)]
        self._folder, self._sign, self._more = folder, sign, dict(more or {})
        self.url = f"http://127.0.0.1:{port}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> Self:
        """Returns with the first answer."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LLM4REC_")}
        path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
        own = {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            self._words,
            cwd=self._folder,
            env=kept | own | self._more,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + SECONDS
        while True:
            try:
                urllib.request.urlopen(self.url + self._sign, timeout=2).close()
                return self
            except OSError:
                if self._process.poll() is not None or time.monotonic() > until:
                    self.kill()
                    raise
                time.sleep(0.05)

    def stop(self) -> None:
        """In order, as a service manager would."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)

    def kill(self) -> None:
        """As `kill -9` does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(60)

    @property
    def processor_seconds(self) -> float:
        """What the process and those that it started have used of the processor since it began."""
        assert self._process is not None
        return sum(map(_processor, _family(self._process.pid)))

    @property
    def resident_mb(self) -> float:
        """Memory of the process, as Linux tells it."""
        assert self._process is not None
        told = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        found = re.search(r"VmRSS:\s+(\d+) kB", told)
        return int(found[1]) / 1024 if found else float("nan")


def _family(pid: int) -> list[int]:
    """A process and those that it started."""
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [pid, *(one for child in told.split() for one in _family(int(child)))]


def _processor(pid: int) -> float:
    told = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


class Caller:
    """One kept connection. `post` gives status and answer, and raises one of LOST where nobody is there any more."""

    def __init__(self, url: str, seconds: float = 60.0) -> None:
        place = urlsplit(url)
        self._http = http.client.HTTPConnection(place.hostname or "", place.port, timeout=seconds)

    def post(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """One question."""
        self._http.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = self._http.getresponse()
        return answer.status, json.loads(answer.read())

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()


def together(work: Callable[[int], None], callers: int) -> list[Thread]:
    """`work(0)`, `work(1)`, … begun in a thread each."""
    threads = [Thread(target=work, args=(number,), daemon=True) for number in range(callers)]
    for thread in threads:
        thread.start()
    return threads
