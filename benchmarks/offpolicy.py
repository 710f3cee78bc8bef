"""Do off-policy intervals hold the truth, and is the order of policies right: many simulated logs with known truth.

One policy draws slates of five books for the shop's readers, readers click as the simulator's truth says, and from the log alone
five other policies are judged. The truth of each is computed exactly. python -m benchmarks.offpolicy [RUNS].
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from scipy import stats

from benchmarks.common import keep
from llm4rec.core.errors import CannotSayError
from llm4rec.core.plackett import drawn_places, following_chances, place_chances, taken
from llm4rec.data import Moments, WorldConfig, shop_simulation
from llm4rec.evaluation.offpolicy import Chances, Judged, Slates, judged

RUNS, PEOPLE, CANDIDATES, PLACES = 500, 400, 20, 5
LOGS = {"3,000": (3_000, 1), "50,000": (50_000, 10)}
"""Slates of a log, and by how much fewer such logs are drawn: an order of policies needs few."""
CELLS = (
    ("position", "ips"),
    ("position", "clipped"),
    ("position", "snips"),
    ("position", "dr"),
    ("cascade", "snips"),
    ("cascade", "dr"),
    ("slate", "snips"),
)
POLICIES = {
    "warmer": (0.3, 0.0, 0.0),
    "popular": (1.2, 0.0, 0.0),
    "quality": (0.3, 0.6, 0.0),
    "taste": (0.3, 0.0, 0.6),
    "all": (0.6, 0.4, 0.5),
}
"""Weights of popularity, quality and (noisy) taste in the logits; the log was drawn with (0.6, 0, 0)."""
LOGGING = (0.6, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Crowd:
    """Everybody who may ask: candidates, their chance of a click at every place, and logits of every policy."""

    items: np.ndarray
    click: np.ndarray
    features: np.ndarray
    logits: Mapping[str, np.ndarray]
    places: Mapping[str, np.ndarray]

    def truth(self, name: str) -> float:
        """Expected clicks a slate."""
        return float((self.places[name] * self.click).sum(axis=(1, 2)).mean())


def crowd(seed: int = 0) -> Crowd:
    """Readers of the shop, each with candidates of their own."""
    rng = np.random.default_rng(seed)
    simulation = shop_simulation(WorldConfig(readers=PEOPLE), rng)
    truth, world = simulation.truth, simulation.world
    moments = Moments(np.arange(PEOPLE), np.full(PEOPLE, world.config.end - 1.0))
    items = np.argsort(rng.random((PEOPLE, len(world.catalog))), axis=1)[:, :CANDIDATES]
    taste = truth.affinity(moments, items) / max(world.config.taste_strength, 1e-9)
    parts = [
        truth.items.popularity[items],
        truth.items.quality[items],
        taste + rng.normal(0, 0.5, taste.shape),
    ]
    click = truth.attraction(moments, items)[:, None, :] * truth.examination(PLACES)[None, :, None]
    logits = {
        name: sum(w * part for w, part in zip(weights, parts, strict=True))
        for name, weights in {"logging": LOGGING, **POLICIES}.items()
    }
    places = {name: place_chances(found, PLACES) for name, found in logits.items()}
    return Crowd(items, click, np.stack(parts, axis=2), logits, places)


def logged(known: Crowd, rows: int, rng: np.random.Generator) -> tuple[Slates, np.ndarray]:
    """A log of so many answers and who asked; everybody who asks is a person of their own."""
    who = rng.integers(0, len(known.items), rows)
    columns = drawn_places(known.logits["logging"][who], PLACES, rng)
    clicked = rng.random(columns.shape) < taken(known.click[who], columns)
    users = np.full(rows, -1)
    filled = np.ones(columns.shape, dtype=bool)
    return Slates(
        clicked.astype(np.float64), filled, users, columns, known.items[who], known.features[who]
    ), who


def chances(known: Crowd, name: str, form: str, who: np.ndarray, columns: np.ndarray) -> Chances:
    """What a policy would do at each answer of the log."""
    if form == "position":
        over = known.places[name][who]
    else:
        over = following_chances(known.logits[name][who], columns)
    return Chances(form, taken(over, columns), over)


def one_run(known: Crowd, rows: int, rng: np.random.Generator) -> dict[tuple[str, str, str], Judged | None]:
    """Every policy by every estimator; None where the log cannot carry it."""
    slates, who = logged(known, rows, rng)
    assert slates.columns is not None
    found: dict[tuple[str, str, str], Judged | None] = {}
    for form in dict.fromkeys(form for form, _ in CELLS):
        behaviour = chances(known, "logging", form, who, slates.columns)
        for name in POLICIES:
            target = chances(known, name, form, who, slates.columns)
            for estimator in (e for f, e in CELLS if f == form):
                try:
                    found[form, estimator, name] = judged(slates, behaviour, target, estimator)
                except CannotSayError:
                    found[form, estimator, name] = None
    return found


def summed(known: Crowd, runs: list[dict[tuple[str, str, str], Judged | None]]) -> dict[str, Any]:
    """By estimator and policy: coverage with its own interval, bias, error, refusals; and how often orders are right."""
    content: dict[str, Any] = {}
    for form, estimator in CELLS:
        rows: dict[str, Any] = {}
        for name in POLICIES:
            truth = known.truth(name)
            there = [one for run in runs if (one := run[form, estimator, name]) is not None]
            rows[name] = {"truth": truth, "refused": len(runs) - len(there)}
            if there:
                inside = sum(one.estimate.low <= truth <= one.estimate.high for one in there)
                off = np.array([one.estimate.mean for one in there]) - truth
                rows[name] |= {
                    "coverage": inside / len(there),
                    "coverage interval": list(stats.binomtest(inside, len(there)).proportion_ci()),
                    "bias": float(off.mean()),
                    "rmse": float(np.sqrt(np.mean(off**2))),
                    "ess": float(np.mean([one.ess for one in there])),
                }
        content[f"{estimator}, {form}"] = {"policies": rows, **ordered(known, runs, (form, estimator))}
    return content


def ordered(known: Crowd, runs: list[Any], cell: tuple[str, str]) -> dict[str, Any]:
    """Share of pairs of policies in the right order, over pairs and runs that were judged."""
    right = total = 0
    for one, other in combinations(POLICIES, 2):
        apart = known.truth(one) - known.truth(other)
        for run in runs:
            first, second = run[*cell, one], run[*cell, other]
            if first is not None and second is not None:
                total += 1
                right += (first.estimate.mean - second.estimate.mean) * apart > 0
    return {"ordered": right / total if total else None, "pairs": total}


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    known = crowd()
    content: dict[str, Any] = {"runs": count, "logs": {}}
    for name, (rows, fewer) in LOGS.items():
        runs = [
            one_run(known, rows, np.random.default_rng([1, rows, run]))
            for run in range(max(1, count // fewer))
        ]
        content["logs"][name] = found = summed(known, runs)
        for cell, told in found.items():
            covered = {
                p: (round(r["coverage"], 3), r["refused"]) if "coverage" in r else ("–", r["refused"])
                for p, r in told["policies"].items()
            }
            print(name, cell, covered, "ordered", told["ordered"], flush=True)
    keep("offpolicy", content)


if __name__ == "__main__":
    main()
