"""What the page of figures says of items and people that are new. Measures nothing itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.blocks import Page
from benchmarks.cells import ends, head, of_metric, ranged, row
from benchmarks.cold_items import harmonic
from benchmarks.few_shot import ROWS

EVENTS = (1, 3, 5, 10)
IN_TURN = tuple(f"latest-{k}" for k in EVENTS)


def cold(page: Page) -> Iterator[str]:
    """Newcomers: five draws and the items that appeared last."""
    yield "## Items that nobody has touched: `python -m benchmarks.cold_items`\n"
    yield from page.block("cold-items", cold_table)


def cold_table(content: dict[str, Any]) -> Iterator[str]:
    """By model."""
    draws = [key for key in content if key.startswith("random")]
    yield (
        "`ml-100k`, ratings of 4 and more, 20 % of the films with three such ratings held out whole; they enter the fitted "
        f"engine by `add_items`. NDCG@20, mean and standard deviation over {len(draws)} random draws, and the films that appeared "
        "last. *Loss*: NDCG of known items when newcomers join the list, against the list without them. *Harmonic*: mean over the draws "
        "of the harmonic mean of NDCG@20 on known items and on newcomers.\n"
    )
    drawn = ("random, cold only", "by draw", "random, all items", "loss @10", "loss @20", "harmonic")
    yield head("model", *drawn, "last, cold only", "loss @10", "loss @20")
    for model in content[draws[0]]:
        rows = [content[draw][model]["metrics"] for draw in draws]
        last = [content["first-appearance"][model]["metrics"]]
        values = np.array([row["ndcg@20"]["mean"] for row in rows])
        alone = " ".join(f"{value:.3f}" for value in values)
        everything = np.mean([row["all/ndcg@20"]["mean"] for row in rows])
        chance = [f"{values.mean():.4f} ({values.std(ddof=1):.3f})", alone, f"{everything:.4f}"]
        both = [loss(rows, 10), loss(rows, 20), f"{harmonic(rows):.4f}"]
        latest = [f"{last[0]['ndcg@20']['mean']:.4f}", loss(last, 10), loss(last, 20)]
        yield row(model, *chance, *both, *latest)
    yield ""


def loss(rows: list[Any], k: int) -> str:
    """What newcomers in the list cost known items, in percent."""
    after, before = (
        np.mean([row[f"{view}/ndcg@{k}"]["mean"] for row in rows]) for view in ("warm", "warm-only")
    )
    return f"{1 - after / before:.2%}"


def new_users(page: Page) -> Iterator[str]:
    """Shares of the full-history value."""
    yield "## People never seen: `python -m benchmarks.new_users`\n"
    yield (
        "20 % of the users held out whole; the target is their last item. NDCG@10 with the whole history, and the share of it "
        "that the first or the latest k events reach. What the whole history holds is excluded in every column.\n"
    )
    yield from page.block("new-users-ml-100k", new_users_table)
    yield from page.block("new-users-draws-ml-100k", draws_of_users)
    yield from page.block("new-users-in-turn-ml-100k", users_in_turn)
    yield from page.block("new-users-amazon-beauty", new_users_table)


def new_users_table(content: dict[str, Any]) -> Iterator[str]:
    """One data set."""
    views = [f"{side}-{k}" for side in ("latest", "first") for k in EVENTS]
    yield f"`{content['protocol']['dataset']}`, fingerprint `{content['protocol']['fingerprint']}`\n"
    yield head("model", "whole", *views)
    for model, told in content["models"].items():
        whole = told["metrics"]["ndcg@10"]["mean"]
        shares = [f"{told['metrics'][f'{view}/ndcg@10']['mean'] / whole:.1%}" for view in views]
        yield row(model, of_metric(told, "ndcg@10"), *shares)
    yield ""


def draws_of_users(found: dict[str, Any]) -> Iterator[str]:
    """Shares over several draws of the people, where one draw is small."""
    whole = np.mean(found[""])
    told = ", ".join(f"{view} {np.mean(values) / whole:.1%}" for view, values in found.items() if view)
    by_draw = " ".join(f"{part / all_:.0%}" for part, all_ in zip(found["latest-5"], found[""], strict=True))
    yield (
        f"A draw of `ml-100k` has 188 people. `sequence` over {len(found[''])} draws: whole {whole:.4f}; {told}; latest-5 by draw: "
        f"{by_draw}.\n"
    )


def users_in_turn(turns: dict[str, Any]) -> Iterator[str]:
    """Several targets a person."""
    yield "One target a person leaves such shares at chance. With the last ten items of each as targets in turn (95 %):\n"
    yield head("model", "draws", "questions", *IN_TURN)
    for model, told in turns.items():
        shares = [ranged(told["shares"][view], ".1%") for view in IN_TURN]
        yield row(model, told["draws"], told["questions"], *shares)
    yield ""


def few_shot(page: Page) -> Iterator[str]:
    """Newcomers after their first events, two tables."""
    yield "## The first events of newcomers: `python -m benchmarks.few_shot`\n"
    yield from page.block("few-shot-ml-100k", few_shot_tables, needs=ROWS, within="models")


def few_shot_tables(found: dict[str, Any]) -> Iterator[str]:
    """By model and number of events."""
    yield (
        f"`{found['data']}`, `cold-users`, {found['draws']} draws, {found['questions']} questions of {found['people']} people; settings chosen on "
        "people of the training part. NDCG@10 with 95 % intervals over people; p: paired bootstrap, against Reptile and against what is popular.\n"
    )
    for view, told in (
        ("next", "The answers are the ten events behind the first k:"),
        ("last", "The answer is a person's last event, all others are ruled out (views `first-k`):"),
    ):
        yield f"{told}\n"
        yield head("model", *(f"k = {k}" for k in EVENTS))
        for name, told_of in found["models"].items():
            yield row(name, *(few_shot_cell(told_of[f"{view}-{k}"]) for k in EVENTS))
        yield ""


def few_shot_cell(cell: dict[str, float]) -> str:
    """ ".2657 (.2500-.2810), p .000 .000"."""
    beside = " ".join(f"{cell[key]:.4f}" for key in ("p reptile", "p popular") if key in cell)
    told = ranged(ends(cell))
    return f"{told}, p {beside}" if beside else told
