"""What a full ranking costs at three sizes: CPU seconds a million pairs of user and item, which should not grow.

Made-up data: twelve events a person over items of uneven popularity, the last one asked for. Fitting is not counted.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from benchmarks.common import keep
from llm4rec.core import Catalog, Dataset, Interactions, Users, Vocabulary
from llm4rec.data import Fold, split
from llm4rec.engine import Engine, read_settings
from llm4rec.evaluation import parse_metrics, rank

SIZES = ((2_000, 2_000), (4_000, 4_000), (8_000, 8_000))
EVENTS = 12
MODELS = ("popular", "ease", "transition")
METRICS = ("ndcg@10", "hr@10", "mrr", "coverage@10")
TIMES = 3


def main() -> None:
    result = {model: grown(model) for model in MODELS}
    keep("growth", result)
    for model, rows in result.items():
        for row in rows:
            print(
                f"{model:12s} {row['users']:6,} users x {row['items']:6,} items: {row['cpu_seconds']:7.2f} CPU s, "
                f"{row['per_million_pairs']:.4f} a million pairs"
            )
        print(f"{model:12s} grows as pairs to the power of {exponent(rows):.2f}", flush=True)


def grown(model: str) -> list[dict[str, Any]]:
    """The least of a few rankings at each size: what else the machine does can only add."""
    settings = read_settings(flags={"encoder.name": "none", "fit.tune": False}).with_model(model, {})
    rows = []
    for users, items in SIZES:
        fold = made(users, items)
        engine = Engine(settings).fit(fold.train)
        took = min(asked(engine, fold, items) for _ in range(TIMES))
        pairs = users * items / 1e6
        rows.append(
            {
                "users": users,
                "items": items,
                "cpu_seconds": took,
                "per_million_pairs": took / pairs,
            }
        )
    return rows


def asked(engine: Engine, fold: Fold, items: int) -> float:
    """CPU seconds of ranking all items for everybody."""
    began = time.process_time()
    rank(engine, fold.tests[""], items, parse_metrics(METRICS))
    return time.process_time() - began


def exponent(rows: list[dict[str, Any]]) -> float:
    """Slope of log seconds over log pairs between the smallest and the largest: 1 is linear, less is a fixed part."""
    first, last = rows[0], rows[-1]
    pairs = [row["users"] * row["items"] for row in (first, last)]
    return float(np.log(last["cpu_seconds"] / first["cpu_seconds"]) / np.log(pairs[1] / pairs[0]))


def made(users: int, items: int) -> Fold:
    """Twelve different items a person, drawn by popularity as 1 / rank ** 0.7."""
    rng = np.random.default_rng(0)
    # The largest keys are a draw without replacement (Efraimidis and Spirakis 2006), here by the Gumbel trick.
    weight = -0.7 * np.log(np.arange(1, items + 1))
    taken = np.concatenate(
        [np.argpartition(-(weight + rng.gumbel(size=items)), EVENTS)[:EVENTS] for _ in range(users)]
    )
    people, things = ([f"{name}{n}" for n in range(size)] for name, size in (("u", users), ("i", items)))
    rows = Interactions.of(
        np.repeat(np.arange(users), EVENTS), taken, timestamps=np.tile(np.arange(EVENTS, dtype=float), users)
    )
    catalog = Catalog(Vocabulary(things), {})
    return split(Dataset(rows, catalog, Users(Vocabulary(people)), "made-up"), "leave-last-out").folds[0]


if __name__ == "__main__":
    main()
