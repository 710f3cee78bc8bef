"""Engines over drawn people and items, as folders. Knows no service."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from llm4rec.core import EngineRecord
from llm4rec.engine.live import open_registry

EVENTS, GROUPS = 12, 50


def fit(folder: Path, items: int, users: int, mark: str = "i") -> Path:
    """An engine folder `engine` over people who keep to one of 50 groups of items; ids of items begin with `mark`."""
    import polars as pl

    from llm4rec import Engine
    from llm4rec.data import read_dataset
    from llm4rec.engine import Settings

    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(users), EVENTS)
    group = who % GROUPS
    what = group + GROUPS * (rng.beta(0.6, 2.0, len(who)) * (items // GROUPS)).astype(int)
    data = folder / "data"
    data.mkdir(parents=True)
    pl.DataFrame(
        {
            "user_id": [f"u{u}" for u in who],
            "item_id": [f"{mark}{i}" for i in what],
            "timestamp": 1.7e9 + np.arange(len(who)) % EVENTS * 3_600.0,
        }
    ).write_parquet(data / "interactions.parquet")
    ids = [f"{mark}{i}" for i in range(items)]
    titles = [f"group {i % GROUPS} number {i}" for i in range(items)]
    pl.DataFrame({"item_id": ids, "title": titles}).write_parquet(data / "items.parquet")
    settings = Settings(encoder={"name": "none"}, cache={"folder": "none"})  # type: ignore[arg-type]
    engine = Engine(settings, model="sequence", tune=False).fit(read_dataset(data))
    return engine.save(folder / "engine")


def two(folder: Path, store: str, items: int, users: int) -> dict[str, str]:
    """Two registered versions that share people and not one item: by version, how ids of its items begin. The first serves."""
    marks: dict[str, str] = {}
    for mark in ("one-", "two-"):
        made = fit(folder / mark, items, users, mark)
        with open_registry(store, new=True) as registry:
            record: EngineRecord = registry.register(made)
            if not marks:
                registry.promote(record.version)
        marks[record.version] = mark
    return marks
