"""What the page of figures says of encoders adapted to the data. Measures nothing itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.blocks import Page
from benchmarks.cells import head, of_metric, row

SETS = ("ml-100k", "amazon-games")


def adapted(page: Page) -> Iterator[str]:
    """New items with either encoder, and heads beside their twins."""
    yield "## The encoder adapted: `python -m benchmarks.adapting`\n"
    yield (
        "What else was measured of adapted encoders is in [adapting.md](adapting.md#measured); of compressed ones in "
        "[compression.md](compression.md), of students in [distilling.md](distilling.md).\n"
    )
    for name in SETS:
        yield from page.block(f"adapting-cold-{name}", lambda content, name=name: found(content["0"], name))
    where = "0/report/tasks/sentiment"
    yield from page.block(
        "adapting-sentiment", lambda content: twins(content["0"]["report"]), needs=("twin",), within=where
    )


def found(content: dict[str, Any], name: str) -> Iterator[str]:
    """Items nobody has touched, with the encoder as it was and adapted."""
    report = content["report"]
    probe = report["probe"]
    yield (
        f"`{name}`, `python -m benchmarks.adapting cold {name} draws=1 method={report['method']}`: 20 % of the items held out whole, task "
        f"{', '.join(report['tasks'])}. Recall@20 of new items among each other, and of known ones where new ones are in the way. General "
        f"similarity (100 at best) {probe['before']:.1f} before and {probe['after']:.1f} after.\n"
    )
    yield head("model", "new items, frozen", "adapted", "gain", "known items, frozen", "adapted")
    for model, frozen in content["frozen"].items():
        both = (frozen, content["adapted"][model])
        new = [of_metric(one, "recall@20") for one in both]
        known = [f"{one['metrics']['warm/recall@20']['mean']:.4f}" for one in both]
        before, after = (one["metrics"]["recall@20"]["mean"] for one in both)
        gain = after / before - 1
        yield row(f"`{model}`", *new, f"{gain:+.1%}", *known)
    yield ""


def twins(report: dict[str, Any]) -> Iterator[str]:
    """Each head beside the one that learnt alone."""
    yield (
        "Reviews, `python -m benchmarks.adapting sentiment twins=true draws=1`: several heads on one encoder, each beside its twin that learnt "
        f"alone by the same settings, on held-out texts ({report['method']}, {report['steps']} steps each).\n"
    )
    yield head("head", "figure", "held-out", "together", "alone", "difference")
    for task, told in report["tasks"].items():
        figures = (told["after"], told["twin"], told["against_twin"])
        yield row(
            task,
            told["figure"],
            told["held_out"],
            *(f"{value:.3f}" for value in figures[:2]),
            f"{figures[2]:+.3f}",
        )
    yield ""
