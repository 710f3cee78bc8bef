"""Diversity and novelty in the training of `attention`, or behind it, at equal NDCG@10; and the whole front of three data sets.

The duel: ml-100k, ratings of 4 and more, the last fifth of each person's events as the test, the fifth before it for choosing (one event a person
could not tell a loss of 2 %). Epochs, weights and strengths are chosen on validation: for each gain the largest within each limit of NDCG
loss. The test part is asked once, of networks and of settings on the front. Every network and setting is kept as soon as it is measured: the same command
goes on after a cut.
Parts by name: duel, ml-100k, amazon-games, sample-shop; all without one.
Small trial: python -m benchmarks.tradeoff --small (few epochs, nothing is kept).
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import OUT, keep, loaded, result
from llm4rec import sample_shop
from llm4rec.apps.cli.screen import Bars
from llm4rec.core import Dataset
from llm4rec.data.folds import Split
from llm4rec.data.splits import split
from llm4rec.engine import Settings
from llm4rec.evaluation.tradeoff import Row, Sweep, tradeoff

LIMITS = (0.02, 0.05, 0.10)
TERMS = {
    "ild@10": ("mmr", [{"diversity_reg": reg} for reg in (0.5, 1.0, 2.0)]),
    "novelty@10": ("novel", [{"novelty_reg": reg} for reg in (0.25, 0.5, 1.0)]),
}
"""What is gained: which reranker is made for it, and which weights in training."""
FRONTS = ("ml-100k", "amazon-games", "sample-shop")
EPOCHS, MINUTES = 16, 10.0


def last_fifths(dataset: Dataset) -> Split:
    """The last fifth of each person's events is the test, the fifth before it the validation."""
    rows = dataset.interactions
    order = np.lexsort((np.arange(len(rows)), rows.timestamps, rows.users))
    users = rows.users[order]
    first = np.searchsorted(users, users)
    share = (np.arange(len(users)) - first) / np.bincount(users)[users]
    parts = np.empty(len(rows), dtype=object)
    parts[order] = np.select([share >= 0.8, share >= 0.6], ["test", "valid"], "train")
    return split(dataset, "official:fifth", {"fifth": parts})


def named(options: Mapping[str, Any]) -> str:
    """As a model is written on the command line."""
    return f"attention({';'.join(f'{key}={value}' for key, value in options.items())})"


def trained(dataset: Dataset, axis: str, folder: Path, small: bool) -> dict[str, Row]:
    """Networks with a term beside the plain one, and the reranker behind the plain one, on the same questions."""
    reranker, options = TERMS[axis]
    base: dict[str, Any] = {"epochs": 2 if small else EPOCHS}
    settings = Settings(encoder={"name": "none"}).with_model("attention", base)
    others = tuple(named({**base, **one}) for one in options[: 1 if small else None])
    sweep = Sweep(reranker, others, minutes=60.0)
    return dict(tradeoff(dataset, last_fifths(dataset), settings, sweep, folder, Bars()).rows)


def change(row: Row, metric: str) -> float:
    """The relative change of a figure against the plain network, on validation."""
    found = row.validation.get(metric, {}).get("change")
    return float("nan") if found is None else float(found)


def best(rows: Mapping[str, Row], axis: str, limit: float) -> str | None:
    """The row that gains most at a loss within the limit, on validation; None where all lose more."""
    cheap = [name for name, row in rows.items() if change(row, "ndcg@10") >= -limit]
    return max(cheap, key=lambda name: change(rows[name], axis), default=None)


def duel(folder: Path, small: bool) -> dict[str, Any]:
    """In training and behind it, for each gain and limit: what was chosen and its figures on both parts; and every setting on validation."""
    dataset = loaded("ml-100k", min_rating=4).dataset
    lines, tried = [], []
    for axis in TERMS:
        rows = trained(dataset, axis, folder, small)
        sides = {"in training": "other models", "behind it": TERMS[axis][0]}
        for side, curve in sides.items():
            mine = {name: row for name, row in rows.items() if row.curve == curve}
            tried += [
                {
                    "gain": axis,
                    "side": side,
                    "setting": name,
                    "ndcg@10": change(row, "ndcg@10"),
                    axis: change(row, axis),
                }
                for name, row in mine.items()
            ]
            for limit in LIMITS:
                name = best(mine, axis, limit)
                parts = {
                    part: None if name is None else getattr(mine[name], part)
                    for part in ("validation", "test")
                }
                lines.append({"gain": axis, "limit": limit, "side": side, "setting": name, **parts})
                print(told(lines[-1]), flush=True)
    return {"chosen": lines, "tried": tried}


def told(line: Mapping[str, Any]) -> str:
    """One line for the screen."""
    parts = [f"{line['gain']} at {line['limit']:.0%}, {line['side']}: {line['setting'] or 'nothing'}"]
    parts += [
        f"{part} {figure(line, part, 'ndcg@10')}, {line['gain']} {figure(line, part, line['gain'])}"
        for part in ("validation", "test")
        if line[part] is not None
    ]
    return "; ".join(parts)


def figure(line: Mapping[str, Any], part: str, metric: str) -> str:
    """A change with its interval, "-1.2 % (-2.0 to -.4)"."""
    found = line[part][metric]
    return f"{100 * found['change']:+.1f} % ({100 * found['change_low']:+.1f} to {100 * found['change_high']:+.1f})"


def fronted(name: str, folder: Path, small: bool) -> dict[str, Any]:
    """The whole front of a data set, as `llm4rec tradeoff` makes it: lists of EASE, settings of every reranker that suits the data."""
    if name == "sample-shop":
        dataset = sample_shop(seed=0)
        made = split(dataset, "leave-last-out")
    else:
        data = loaded(name, **({"min_rating": 4} if name == "ml-100k" else {}))
        dataset = data.dataset
        made = last_fifths(dataset) if name == "ml-100k" else split(dataset, "leave-last-out", data.marks)
    texts = name == "amazon-games" and not small
    settings = (Settings() if texts else Settings(encoder={"name": "none"})).with_model("ease", {})
    sweep = Sweep("mmr,novel" if small else None, minutes=1.0 if small else MINUTES)
    traded = tradeoff(dataset, made, settings, sweep, folder, Bars())
    traded.write(folder)
    content = traded.as_json()
    print(name, content["recommended"], content["volumes"], *traded.notes, sep="\n  ", flush=True)
    return {**content, "rows": {n: row for n, row in content["rows"].items() if row["test"] is not None}}


def main() -> None:
    """The duel and the fronts, or what is named."""
    small = "--small" in sys.argv
    names = [name for name in sys.argv[1:] if name != "--small"] or ["duel", *FRONTS]
    for name in names:
        folder = Path(tempfile.mkdtemp()) if small else OUT / f"tradeoff-{name}"
        content = duel(folder, small) if name == "duel" else fronted(name, folder, small)
        if not small:
            keep("tradeoff", {**(result("tradeoff") or {}), name: content})


if __name__ == "__main__":
    main()
