"""The section of docs/benchmarks.md about refits, from the result of `benchmarks.refits`. Measures nothing itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.blocks import block


def refits() -> Iterator[str]:
    """What a refit costs and is worth by what it begins from."""
    yield "## Refits: `python -m benchmarks.refits`\n"
    yield from block("refits-ml-100k", table)


def table(found: dict[str, Any]) -> Iterator[str]:
    """By model, more events and way."""
    yield (
        f"ml-100k in order of time: fitted on the first {found['share']:.0%} of the events and again with some more, then asked for each "
        f"positive event of the next {found['asked']:.0%}, knowing all that its person did before. `kept`: not fitted again; `anew`: settings chosen "
        "again; `cold`: settings taken over; `warm`: what was learnt taken over too, where the model can; `nightly`: warm four times, 2.5 % each. "
        "NDCG@10; the difference to `cold` is paired, its interval by people.\n"
    )
    yield "| model | more events | way | seconds | NDCG@10 | to cold |\n|---|---|---|---|---|---|"
    for name, one in found["models"].items():
        for more, part in one["more"].items():
            for way, row in part["ways"].items():
                spread = f"{row['to cold']:+.4f} ({row['low']:+.4f} to {row['high']:+.4f})"
                told = "" if way == "cold" else spread
                yield f"| {name} | {float(more):.1%} | {way} | {row['seconds']:.1f} | {row['ndcg@10']:.4f} | {told} |"
    yield ""
