"""The section of docs/benchmarks.md about refits, from the result of `benchmarks.refits`. Measures nothing itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.blocks import Page
from benchmarks.cells import ends, head, ranged, row
from benchmarks.refits import MODELS


def refits(page: Page) -> Iterator[str]:
    """What a refit costs and is worth by what it begins from."""
    yield "## Refits: `python -m benchmarks.refits`\n"
    yield from page.block("refits-ml-100k", table, needs=MODELS, within="models")


def table(found: dict[str, Any]) -> Iterator[str]:
    """By model, more events and way."""
    yield (
        f"ml-100k in order of time: fitted on the first {found['share']:.0%} of the events and again with some more, then asked for each "
        f"positive event of the next {found['asked']:.0%}, knowing all that its person did before. `kept`: not fitted again; `anew`: settings chosen "
        "again; `cold`: settings taken over; `warm`: what was learnt taken over too, where the model can; `nightly`: warm four times, 2.5 % each. "
        "NDCG@10; the difference to `cold` is paired, its interval by people.\n"
    )
    yield head("model", "more events", "way", "seconds", "NDCG@10", "to cold")
    for name, one in found["models"].items():
        for more, part in one["more"].items():
            for way, told in part["ways"].items():
                apart = "" if way == "cold" else ranged(ends(told, "to cold"), "+.4f")
                figures = [f"{told['seconds']:.1f}", f"{told['ndcg@10']:.4f}", apart]
                yield row(name, f"{float(more):.1%}", way, *figures)
    yield ""
