"""docs/benchmarks.md from the results in out/benchmarks: python -m benchmarks.page. Measures nothing itself.

What was not measured here stands as the page has it (see benchmarks/blocks.py).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from benchmarks.accuracy_page import peers, ratings, stacked, warm
from benchmarks.adapted_page import adapted
from benchmarks.blocks import Page
from benchmarks.common import ROOT
from benchmarks.newcomers_page import cold, few_shot, new_users
from benchmarks.order_page import orders
from benchmarks.refits_page import refits
from benchmarks.serving_page import attacks, learning, offpolicy, trends
from benchmarks.speed_page import speed
from benchmarks.talking.page import words

PAGE = ROOT / "docs" / "benchmarks.md"
SECTIONS = (
    warm,
    stacked,
    ratings,
    cold,
    new_users,
    few_shot,
    attacks,
    offpolicy,
    learning,
    refits,
    trends,
    orders,
    peers,
    speed,
    adapted,
    words,
)
"""In the order of the page."""


def main() -> None:
    """Write the page anew where there are results, and say what was and what could not be."""
    page = Page(PAGE.read_text(encoding="utf-8") if PAGE.is_file() else "")
    body = [line for section in SECTIONS for line in section(page)]
    PAGE.write_text(page.whole([*opening(page), *body]), encoding="utf-8")
    print(f"written: {PAGE}; anew: {', '.join(page.anew) or 'nothing'}")
    for key, missing in page.lacking.items():
        print(f"{key} stands as it was: out/benchmarks lacks {', '.join(missing)}")


def opening(page: Page) -> Iterator[str]:
    """What holds for all figures. The machine is that of the last run which had any, so it comes after all sections."""
    yield "# Benchmarks\n"
    yield (
        "Measured figures, each with the command that reproduces it. `python -m benchmarks.page` writes a part of this page anew where all "
        "its results are in `out/benchmarks`, leaves it as it stands where they are not, and says so where there never were any. `make "
        "bench` measures all of them. The data sets are research data that the project does not contain: a command whose data set is "
        "missing says so and ends with 3.\n"
    )
    told = (
        f"Machine of the last writing: {machine()}. A part that stood then may come from another machine.\n"
    )
    yield from page.marked("machine", told if page.anew else None)
    yield (
        "Accuracy does not depend on the machine. Times were taken with one BLAS thread a process while other benchmarks ran on the "
        "second core, unless said otherwise. Intervals are 95 %, from 10,000 paired resamples over users. Full ranking of all items, "
        "ties at their expected value, seen items excluded, no target time, one seed (every model here is deterministic).\n"
    )


def machine() -> str:
    """Processor and cores in words."""
    info = Path("/proc/cpuinfo")
    names = [
        line.partition(":")[2].strip()
        for line in info.read_text().splitlines()
        if line.startswith("model name")
    ]
    return f"{len(names) or os.cpu_count()} cores of an {names[0] if names else 'unknown processor'}, no GPU"


if __name__ == "__main__":
    main()
