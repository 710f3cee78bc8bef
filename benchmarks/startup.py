"""Seconds for `import llm4rec` and `llm4rec --help`, the best and the median of several fresh processes."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.common import keep

TIMES = 9


def main() -> None:
    script = str(Path(sys.executable).with_name("llm4rec"))
    result = {
        "import llm4rec": timed([sys.executable, "-c", "import llm4rec"]),
        "llm4rec --help": timed([script, "--help"]),
    }
    keep("startup", result)
    print(json.dumps(result, indent=1))


def timed(command: list[str]) -> dict[str, float]:
    """Wall seconds of the whole process, interpreter included."""
    took = []
    for _ in range(TIMES):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        took.append(time.perf_counter() - started)
    return {"median": round(statistics.median(took), 3), "best": round(min(took), 3)}


if __name__ == "__main__":
    main()
