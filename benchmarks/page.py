"""docs/benchmarks.md from the results in out/benchmarks: python -m benchmarks.page. Measures nothing itself.

What was not measured here stands as the page has it (see benchmarks/blocks.py).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.blocks import PAGE, block
from benchmarks.cold_items import harmonic
from benchmarks.order_page import orders
from benchmarks.refits_page import refits
from benchmarks.speed_page import speed
from benchmarks.talking.page import words
from benchmarks.versus.catalogue import TABLES
from benchmarks.versus.compare import page as compared

HEAD = """# Benchmarks

Measured figures, each with the command that reproduces it; this page is written by `python -m benchmarks.page` from what
the commands left in `out/benchmarks`: a part whose results are not there stands as it was. `make bench` runs all of them. The
data sets are research data that the project does not contain: a command whose data set is missing says so and ends with 3.

Machine of the last writing: {machine}. Accuracy does not depend on it. Times were taken with one BLAS thread a process while other benchmarks ran on
the second core, unless said otherwise. Intervals are 95 %, from 10,000 paired resamples over users. Full ranking of all items, ties
at their expected value, seen items excluded, no target time, one seed (every model here is deterministic).
"""


def main() -> None:
    """Write the page from the results that are there."""
    parts = [
        HEAD.format(machine=machine()),
        *warm(),
        *stacked(),
        *ratings(),
        *cold(),
        *new_users(),
        *few_shot(),
        *attacks(),
        *offpolicy(),
        *learning(),
        *refits(),
        *trends(),
        *orders(),
        *peers(),
        *speed(),
        *words(),
    ]
    PAGE.write_text("\n".join(parts).rstrip() + "\n", encoding="utf-8")
    print(f"written: {PAGE}")


def machine() -> str:
    """Processor and cores in words."""
    info = Path("/proc/cpuinfo")
    names = [
        line.partition(":")[2].strip()
        for line in info.read_text().splitlines()
        if line.startswith("model name")
    ]
    return f"{len(names) or os.cpu_count()} cores of an {names[0] if names else 'unknown processor'}, no GPU"


def warm() -> Iterator[str]:
    """One table a data set."""
    yield "## Known users and items: `python -m benchmarks.warm`\n"
    yield (
        "Fitted on the training part alone; settings chosen on validation; the test part is asked once. `leave_out` rows are "
        "knock-outs: no text, no attributes, neither. Losing rows stay.\n"
    )
    for name in ("amazon-beauty", "amazon-games", "ml-100k"):
        yield from block(f"warm-{name}", warm_table)
    yield (
        "On the idle machine with both cores, `llm4rec evaluate` of `sequence` on `amazon-beauty`, reading, fitting, choosing and "
        "asking 22,363 users, takes 86 s and 3.8 GB with texts in the vector cache; reading the texts the first time adds about "
        "a minute and a half. Fit and peak columns above were taken beside other work.\n"
    )
    yield (
        "Published, Beauty, same split and rule (NDCG@10 / HR@10): SASRec with sampled softmax .0531 / .0921, eSASRec "
        ".0523 / .0928, HSTU .0439 / .0788, TIGER .0384 / .0648.\n"
    )


def warm_table(content: dict[str, Any]) -> Iterator[str]:
    """One data set."""
    yield protocol(content)
    yield "| model | NDCG@10 | HR@10 | coverage@10 | fit s | peak MB |\n|---|---|---|---|---|---|"
    for model, row in content["models"].items():
        cells = [
            interval(row, "ndcg@10"),
            interval(row, "hr@10"),
            f"{row['metrics']['coverage@10']['mean']:.3f}",
        ]
        yield f"| {model} | {' | '.join(cells)} | {row['fit_seconds']:.0f} | {row['peak_rss_mb']:.0f} |"
    yield ""


def protocol(content: dict[str, Any]) -> str:
    """Data set, protocol and its fingerprint."""
    told = content["protocol"]
    return f"`{told['dataset']}`, {told['name']}, fingerprint `{told['fingerprint']}`\n"


def interval(row: dict[str, Any], metric: str) -> str:
    """ ".0657 (.0629–.0684)"."""
    found = row["metrics"][metric]
    return f"{found['mean']:.4f} ({found['low']:.4f}–{found['high']:.4f})"


def attacks() -> Iterator[str]:
    """Share of lists that show a pushed item, attack by attack."""
    yield "## Fake profiles: `python -m benchmarks.attack`\n"
    yield from block("attack", attack_table)


def attack_table(content: dict[str, Any]) -> Iterator[str]:
    """By model and attack."""
    yield (
        f"ml-100k, ratings of 4 and more: 1 % fake profiles push an item that at most three of {content['people']} people took. Share of "
        f"genuine lists of ten that show it: mean and largest of {content['targets']} items, without and with caps on an account.\n"
    )
    yield "| model | attack | without caps | with caps |\n|---|---|---|---|"
    for model, ways in content["models"].items():
        for kind in ways["capped"]:
            cells = [
                f"{100 * ways[w][kind][v]:.2f} %" for w in ("uncapped", "capped") for v in ("mean", "most")
            ]
            yield f"| {model} | {kind} | {cells[0]}, {cells[1]} | {cells[2]}, {cells[3]} |"
    yield ""


def stacked() -> Iterator[str]:
    """The stacker beside its inputs, with paired differences."""
    yield "## The stacker: `python -m benchmarks.stacked`\n"
    yield (
        "Fitted on the training part alone, the order of candidates learnt from validation questions, the test part asked once. Inputs "
        "are rows as they stand inside the stacker. *Difference*: NDCG@10 of the stacker less that of the row, paired over people. `auto` "
        "is what an engine does when no model is named. Epochs of `attention` are said with each table.\n"
    )
    for name in ("amazon-beauty", "amazon-games", "ml-100k", "ml-100k-temporal"):
        yield from block(f"stacked-{name}", stacked_table)


def stacked_table(content: dict[str, Any]) -> Iterator[str]:
    """One data set."""
    yield protocol(content)
    yield "| model | NDCG@10 | HR@10 | coverage@10 | difference | fit s |\n|---|---|---|---|---|---|"
    best = next(iter(content["models"]))
    epochs = content["models"][best]["settings"].get("options", {}).get("attention", {}).get("epochs", "?")
    for model, row in content["models"].items():
        cells = [interval(row, "ndcg@10"), interval(row, "hr@10")]
        cells += [f"{row['metrics']['coverage@10']['mean']:.3f}", difference(content, best, model)]
        yield f"| {model} | {' | '.join(cells)} | {row['fit_seconds']:.0f} |"
    yield ""
    yield f"A schedule of {epochs} epochs.\n"
    for note in content.get("notes", []):
        yield f"{note}.\n"
    if chances := content.get("chances"):
        yield (
            f"Chances of the {chances['shown']:,} items shown: said {chances['said']:.4f} on average, came {chances['came']:.4f}, "
            f"expected calibration error {chances['ece@10']:.4f}.\n"
        )


def difference(content: dict[str, Any], one: str, other: str) -> str:
    """ "+0.0148 (0.0060–0.0240), p .001", or nothing where the two were not compared."""
    for first, second, sign in ((one, other, 1), (other, one, -1)):
        found = content["models"][first]["versus"].get(second, {}).get("ndcg@10")
        if found:
            ends = sorted((sign * found["low"], sign * found["high"]))
            return f"{sign * found['difference']:+.4f} ({ends[0]:.4f}–{ends[1]:.4f}), p {found['p_holm']:.4f}"
    return ""


def ratings() -> Iterator[str]:
    """Stars: error and intervals by fold."""
    yield "## Stars: `python -m benchmarks ratings`\n"
    yield from block("ratings", ratings_table)


def ratings_table(content: dict[str, Any]) -> Iterator[str]:
    """By row and fold."""
    yield (
        "`fm` on the five official folds of `ml-100k`, fitted on the training part of each, every setting at its default. Intervals are "
        "asked for 90 %; *width* is in stars.\n"
    )
    folds = next(iter(content.values()))["folds"]
    yield f"| row | figure | {' | '.join(folds)} | mean |\n|{'---|' * (len(folds) + 3)}"
    for name, row in content.items():
        label = f"{name} (time-aware)" if name == "dates" else name
        for key, digits in (("rmse", 4), ("mae", 4), ("coverage", 4), ("width", 2)):
            values = [fold[key] for fold in row["intervals"]]
            cells = [f"{value:.{digits}f}" for value in (*values, float(np.mean(values)))]
            yield f"| {label} | {key} | {' | '.join(cells)} |"
    yield ""


def cold() -> Iterator[str]:
    """Newcomers: five draws and the items that appeared last."""
    yield "## Items that nobody has touched: `python -m benchmarks.cold_items`\n"
    yield from block("cold-items", cold_table)


def cold_table(content: dict[str, Any]) -> Iterator[str]:
    """By model."""
    draws = [key for key in content if key.startswith("random")]
    yield (
        "`ml-100k`, ratings of 4 and more, 20 % of the films with three such ratings held out whole; they enter the fitted "
        f"engine by `add_items`. NDCG@20, mean and standard deviation over {len(draws)} random draws, and the films that appeared "
        "last. *Loss*: NDCG of known items when newcomers join the list, against the list without them. *Harmonic*: mean over the draws "
        "of the harmonic mean of NDCG@20 on known items and on newcomers.\n"
    )
    yield (
        "| model | random, cold only | by draw | random, all items | loss @10 | loss @20 | harmonic | last, cold only | loss @10 | loss @20 |\n"
        "|---|---|---|---|---|---|---|---|---|---|"
    )
    for model in content[draws[0]]:
        rows = [content[draw][model]["metrics"] for draw in draws]
        last = [content["first-appearance"][model]["metrics"]]
        values = np.array([row["ndcg@20"]["mean"] for row in rows])
        alone = " ".join(f"{value:.3f}" for value in values)
        everything = np.mean([row["all/ndcg@20"]["mean"] for row in rows])
        yield (
            f"| {model} | {values.mean():.4f} ({values.std(ddof=1):.3f}) | {alone} | {everything:.4f} | {loss(rows, 10)} | "
            f"{loss(rows, 20)} | {harmonic(rows):.4f} | {last[0]['ndcg@20']['mean']:.4f} | {loss(last, 10)} | {loss(last, 20)} |"
        )
    yield ""


def loss(rows: list[Any], k: int) -> str:
    """What newcomers in the list cost known items, in percent."""
    after, before = (
        np.mean([row[f"{view}/ndcg@{k}"]["mean"] for row in rows]) for view in ("warm", "warm-only")
    )
    return f"{1 - after / before:.2%}"


def new_users() -> Iterator[str]:
    """Shares of the full-history value."""
    yield "## People never seen: `python -m benchmarks.new_users`\n"
    yield (
        "20 % of the users held out whole; the target is their last item. NDCG@10 with the whole history, and the share of it "
        "that the first or the latest k events reach. What the whole history holds is excluded in every column.\n"
    )
    yield from block("new-users-ml-100k", new_users_table)
    yield from block("new-users-draws-ml-100k", draws_of_users)
    yield from block("new-users-in-turn-ml-100k", users_in_turn)
    yield from block("new-users-amazon-beauty", new_users_table)


def new_users_table(content: dict[str, Any]) -> Iterator[str]:
    """One data set."""
    views = [f"{side}-{k}" for side in ("latest", "first") for k in (1, 3, 5, 10)]
    yield f"`{content['protocol']['dataset']}`, fingerprint `{content['protocol']['fingerprint']}`\n"
    yield f"| model | whole | {' | '.join(views)} |\n|{'---|' * (len(views) + 2)}"
    for model, row in content["models"].items():
        whole = row["metrics"]["ndcg@10"]["mean"]
        shares = [f"{row['metrics'][f'{view}/ndcg@10']['mean'] / whole:.1%}" for view in views]
        yield f"| {model} | {interval(row, 'ndcg@10')} | {' | '.join(shares)} |"
    yield ""


IN_TURN = ("latest-1", "latest-3", "latest-5", "latest-10")


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
    yield f"| model | draws | questions | {' | '.join(IN_TURN)} |\n|{'---|' * (len(IN_TURN) + 3)}"
    for model, row in turns.items():
        shares = [row["shares"][view] for view in IN_TURN]
        told = " | ".join(f"{share:.1%} ({low:.1%}–{high:.1%})" for share, low, high in shares)
        yield f"| {model} | {row['draws']} | {row['questions']} | {told} |"
    yield ""


def few_shot() -> Iterator[str]:
    """Newcomers after their first events, two tables."""
    yield "## The first events of newcomers: `python -m benchmarks.few_shot`\n"
    yield from block("few-shot-ml-100k", few_shot_tables)


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
        yield "| model | k = 1 | k = 3 | k = 5 | k = 10 |\n|---|---|---|---|---|"
        for name, row in found["models"].items():
            yield f"| {name} | {' | '.join(few_shot_cell(row[f'{view}-{k}']) for k in (1, 3, 5, 10))} |"
        yield ""


def few_shot_cell(cell: dict[str, float]) -> str:
    """ ".2657 (.2500-.2810), p .000 .000"."""
    beside = " ".join(f"{cell[key]:.4f}" for key in ("p reptile", "p popular") if key in cell)
    told = f"{cell['mean']:.4f} ({cell['low']:.4f}–{cell['high']:.4f})"
    return f"{told}, p {beside}" if beside else told


def peers() -> Iterator[str]:
    """Other libraries, one table a data set and protocol."""
    yield "## Beside other libraries: `python -m benchmarks.peers`\n"
    yield (
        "Same split, same candidates, same metrics code; each row fits, recommends and answers in a process of its own, with settings "
        "chosen on validation from the grid in `benchmarks/versus/catalogue.py`. A library is asked with the history at the time of "
        "asking where it takes one. *fit s* is one fit with the settings chosen; *all users s* is the library's own call for ten items "
        "for everybody it was fitted on; *peak MB* is the whole process, imports included. Losing rows stay.\n"
    )
    for name in TABLES:
        yield from block(f"peers-{name}", lambda content: iter([compared(content)]))


def learning() -> Iterator[str]:
    """Frozen, learning and serving engines in worlds with known truth."""
    yield "## Learning while serving: `python -m benchmarks.learning`\n"
    yield from block("learning", learning_table)


def learning_table(found: dict[str, Any]) -> Iterator[str]:
    """By world and way."""
    yield (
        "Synthetic: newcomers among the shop's readers ask once a round, 80 rounds; after 40 all tastes turn over. *Late* are requests of "
        "readers with 20 interactions and more, over the frozen engine in the same rounds. *Of the best*: clicks as a share of those of the "
        "best list of items not taken yet. *Back*: events a reader until 90 % of the share before the turn is back.\n"
    )
    yield "| world | way | clicks a request | of the best | late, over frozen | back | rounds below popular |\n|---|---|---|---|---|---|---|"
    for world, ways in found.items():
        for way, told in ways.items():
            over = "{:.2f} ({:.2f}–{:.2f})".format(*told["late"]) if told["late"] else "–"
            back = told["recovery"]["events"]
            cells = [f"{told['clicks']:.3f}", f"{told['of_best']:.3f}", over]
            cells += ["never" if back is None else f"{back:.1f}", str(len(told["below_popular"]))]
            yield f"| {world} | {way} | {' | '.join(cells)} |"
    yield ""


def offpolicy() -> Iterator[str]:
    """Coverage by estimator, and how often orders of policies are right."""
    yield "## Off-policy estimates: `python -m benchmarks.offpolicy`\n"
    yield from block("offpolicy", offpolicy_table)


def offpolicy_table(found: dict[str, Any]) -> Iterator[str]:
    """By size of the log and estimator."""
    yield (
        "Synthetic: the shop's readers click by the simulator's truth on slates of five of 20 books that one policy drew; five other policies "
        "are judged from that log alone. Coverage of 95 % intervals, least and most over the five policies; root mean squared error, mean over "
        "them; share of pairs of policies in the right order.\n"
    )
    yield "| slates | estimator, form | coverage | RMSE | refused | right order |\n|---|---|---|---|---|---|"
    for rows, cells in found["logs"].items():
        for cell, told in cells.items():
            judged = [row for row in told["policies"].values() if "coverage" in row]
            covered = [row["coverage"] for row in judged]
            refused = sum(row["refused"] for row in told["policies"].values())
            figures = (
                f"{100 * min(covered):.1f}–{100 * max(covered):.1f} % | {np.mean([row['rmse'] for row in judged]):.4f}"
                if judged
                else "– | –"
            )
            order = "–" if told["ordered"] is None else f"{100 * told['ordered']:.1f} %"
            yield f"| {rows} | {cell} | {figures} | {refused} | {order} |"
    yield ""


def trends() -> Iterator[str]:
    """What is taken now against what was popular at the last fit, for people unknown and known."""
    yield "## Trends: `python -m benchmarks.trends`\n"
    yield (
        "Events in order of time, the last tenth asked for before it is learnt, the first five of a person; NDCG@10. Half-lives (hours), prior "
        "and weight are chosen on the tenth before. Intervals of the difference by people.\n"
    )
    for name in ("ml-100k", "amazon-beauty"):
        yield f"`{name}`:\n"
        yield from block(f"trends-{name}", trends_table)


def trends_table(found: dict[str, Any]) -> Iterator[str]:
    """One data set."""
    chosen = found["chosen"]
    yield (
        f"Half-lives {', '.join(f'{h:g}' for h in chosen['hours'])} hours, prior {chosen['prior']:g}, weight for people who are known "
        f"{chosen['weight']:g}.\n"
    )
    yield "| for whom | questions | without | with | difference |\n|---|---|---|---|---|"
    rows = {"unknown": found["unknown"]} | {
        f"known, weight {weight}": row for weight, row in found["known"].items()
    }
    for whom, row in rows.items():
        figures = f"{row['questions']} | {row['without']:.4f} | {row['with']:.4f}"
        yield f"| {whom} | {figures} | {row['difference']:+.4f} ({row['low']:+.4f} to {row['high']:+.4f}) |"
    yield ""


if __name__ == "__main__":
    main()
