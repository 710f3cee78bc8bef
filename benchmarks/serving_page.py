"""What the page of figures says of engines in service: fake profiles, logs that judge policies, learning, trends. Measures nothing itself."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from benchmarks.attack import MODELS, TARGETS
from benchmarks.blocks import Page
from benchmarks.cells import ends, head, ranged, row


def attacks(page: Page) -> Iterator[str]:
    """Share of lists that show a pushed item, model by model and attack by attack."""
    yield "## Fake profiles: `python -m benchmarks.attack`\n"
    yield (
        "ml-100k, ratings of 4 and more: 1 % fake profiles push an item that at most three of 943 people took. Share of genuine lists of "
        f"ten that show it: mean and largest of {TARGETS} items, without and with caps on an account.\n"
    )
    for model in MODELS:
        yield from page.block(f"attack/models/{model}", partial(attack_table, model))


def attack_table(model: str, ways: dict[str, Any]) -> Iterator[str]:
    """By attack."""
    yield head(f"`{model}`", "without caps", "with caps")
    for kind in ways["capped"]:
        cells = [f"{100 * ways[w][kind][v]:.2f} %" for w in ("uncapped", "capped") for v in ("mean", "most")]
        yield row(kind, ", ".join(cells[:2]), ", ".join(cells[2:]))
    yield ""


def offpolicy(page: Page) -> Iterator[str]:
    """Coverage by estimator, and how often orders of policies are right."""
    yield "## Off-policy estimates: `python -m benchmarks.offpolicy`\n"
    yield from page.block("offpolicy", offpolicy_table)


def offpolicy_table(found: dict[str, Any]) -> Iterator[str]:
    """By size of the log and estimator."""
    yield (
        "Synthetic: the shop's readers click by the simulator's truth on slates of five of 20 books that one policy drew; five other policies "
        "are judged from that log alone. Coverage of 95 % intervals, least and most over the five policies; root mean squared error, mean over "
        "them; share of pairs of policies in the right order.\n"
    )
    yield head("slates", "estimator, form", "coverage", "RMSE", "refused", "right order")
    for slates, ways in found["logs"].items():
        for way, told in ways.items():
            judged = [one for one in told["policies"].values() if "coverage" in one]
            covered = [100 * one["coverage"] for one in judged]
            refused = sum(one["refused"] for one in told["policies"].values())
            figures = ["–", "–"]
            if judged:
                error = np.mean([one["rmse"] for one in judged])
                figures = [f"{min(covered):.1f}–{max(covered):.1f} %", f"{error:.4f}"]
            order = "–" if told["ordered"] is None else f"{100 * told['ordered']:.1f} %"
            yield row(slates, way, *figures, refused, order)
    yield ""


def learning(page: Page) -> Iterator[str]:
    """Frozen, learning and serving engines in worlds with known truth."""
    yield "## Learning while serving: `python -m benchmarks.learning`\n"
    yield from page.block("learning", learning_table)


def learning_table(found: dict[str, Any]) -> Iterator[str]:
    """By world and way."""
    yield (
        "Synthetic: newcomers among the shop's readers ask once a round, 80 rounds; after 40 all tastes turn over. *Late* are requests of "
        "readers with 20 interactions and more, over the frozen engine in the same rounds. *Of the best*: clicks as a share of those of the "
        "best list of items not taken yet. *Back*: events a reader until 90 % of the share before the turn is back.\n"
    )
    columns = ("clicks a request", "of the best", "late, over frozen", "back", "rounds below popular")
    yield head("world", "way", *columns)
    for world, ways in found.items():
        for way, told in ways.items():
            over = ranged(told["late"], ".2f") if told["late"] else "–"
            back = told["recovery"]["events"]
            cells = [f"{told['clicks']:.3f}", f"{told['of_best']:.3f}", over]
            cells += ["never" if back is None else f"{back:.1f}", str(len(told["below_popular"]))]
            yield row(world, way, *cells)
    yield ""


def trends(page: Page) -> Iterator[str]:
    """What is taken now against what was popular at the last fit, for people unknown and known."""
    yield "## Trends: `python -m benchmarks.trends`\n"
    yield (
        "Events in order of time, the last tenth asked for before it is learnt, the first five of a person; NDCG@10. Half-lives (hours), prior "
        "and weight are chosen on the tenth before. Intervals of the difference by people.\n"
    )
    yield "`ml-100k`; the other large data sets have an order of events and no clock.\n"
    yield from page.block("trends-ml-100k", trends_table)


def trends_table(found: dict[str, Any]) -> Iterator[str]:
    """One data set."""
    chosen = found["chosen"]
    yield (
        f"Half-lives {', '.join(f'{h:g}' for h in chosen['hours'])} hours, prior {chosen['prior']:g}, weight for people who are known "
        f"{chosen['weight']:g}.\n"
    )
    yield head("for whom", "questions", "without", "with", "difference")
    rows = {f"known, weight {weight}": told for weight, told in found["known"].items()}
    for whom, told in ({"unknown": found["unknown"]} | rows).items():
        figures = [f"{told[how]:.4f}" for how in ("without", "with")]
        yield row(whom, told["questions"], *figures, ranged(ends(told, "difference"), "+.4f"))
    yield ""
