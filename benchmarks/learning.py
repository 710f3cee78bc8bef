"""What learning while serving is worth among readers whose wishes are known: rewards, recovery, and popularity beside it.

python -m benchmarks.learning: three worlds; newcomers ask once a round, tastes turn over in the middle. Frozen and learning engines, and
the whole service with a store, without a cap on how often an item is shown and with one. All of it is synthetic.
"""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import Any

import numpy as np

from benchmarks.common import keep
from llm4rec import Engine
from llm4rec.apps.cli.living import Served
from llm4rec.engine import Settings
from llm4rec.evaluation.livesim import LiveConfig, Lived, live, lived, stage, told
from llm4rec.evaluation.ratios import ratio

SEEDS = (0, 1, 2)
READERS, ROUNDS, FLIP = 200, 80, 40
ENOUGH = 20
"""Interactions of a reader from which a request counts as late."""


def engine(model: str, cap: int) -> Engine:
    """One model with every setting at its default but the cap."""
    return Engine(Settings(live={"cap": cap}), model=model)


def world(seed: int) -> dict[str, Any]:
    """All ways in one world."""
    config = LiveConfig(readers=READERS, rounds=ROUNDS, flip_round=FLIP, seed=seed)
    scene = stage(config)
    popular = partial(engine, "popular", 0)
    found = {
        "popular, frozen": live(scene, popular, False),
        "sequence, frozen": live(scene, partial(engine, "sequence", 0), False),
        "sequence, learning": live(scene, partial(engine, "sequence", 0), True),
    }
    for cap in (0, 2):
        with closing(Served(scene, partial(engine, "sequence", cap))) as service:
            found[f"sequence, service cap={cap}"] = lived(scene, service)
    models = told(config, found)["models"]
    frozen = found["sequence, frozen"]
    return {
        name: {
            "clicks": models[name]["reward"]["mean"],
            "of_best": models[name]["of_best"],
            "late": late(one, frozen),
            "recovery": models[name]["recovery"],
            "below_popular": below(one, found["popular, frozen"]),
        }
        for name, one in found.items()
    }


def late(one: Lived, frozen: Lived) -> list[float]:
    """Clicks a request from ENOUGH interactions on, over those of the frozen engine in the same rounds of the same readers."""
    there = one.interactions >= ENOUGH
    above, under = (one.rewards * there).sum(axis=0), (frozen.rewards * there).sum(axis=0)
    some = there.any(axis=0)
    if some.sum() < 20:
        return []
    found = ratio(above[some], under[some], np.arange(int(some.sum())))
    return [found.value, *found.interval()]


def below(one: Lived, popular: Lived) -> list[int]:
    """The rounds in which fewer clicks came than from what is popular, beyond chance (95 %, the same readers)."""
    less = popular.rewards - one.rewards
    error = less.std(axis=1, ddof=1) / np.sqrt(less.shape[1])
    return np.flatnonzero(less.mean(axis=1) > 1.96 * np.maximum(error, 1e-12)).tolist()


def main() -> None:
    found = {}
    for seed in SEEDS:
        found[f"world {seed}"] = world(seed)
        print(f"world {seed}", found[f"world {seed}"], flush=True)
    keep("learning", found)


if __name__ == "__main__":
    main()
