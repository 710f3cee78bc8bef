"""Stars on the five official folds of ml-100k: error with and without the day of the question, and how intervals hold.

Three rows: no dates at all; fitted with dates but asked without; asked with the time of the question (time-aware).
Fitted on the training part of each fold alone, every setting at its default.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.common import keep, loaded
from llm4rec.apps.cli.screen import Bars
from llm4rec.core import Holdout, Request
from llm4rec.data import LoadedDataset, split
from llm4rec.data.folds import Pairs, Split
from llm4rec.engine import Engine, parse_variant, read_settings
from llm4rec.evaluation import Options, evaluate

FOLDS = ("u1", "u2", "u3", "u4", "u5")
ROWS = {"no dates": ("fm(date=false)", False), "dates": ("fm(date=true)", True)}
COVERAGE = 0.9


def main() -> None:
    folds = sys.argv[1:] or FOLDS
    data = loaded("ml-100k")
    result: dict[str, Any] = {}
    for name, (variant, timed) in ROWS.items():
        made = only_pairs(split(data.dataset, protocol(folds), data.marks, target_time=timed))
        content, engines = measured(data, made, variant, timed)
        held = [judged(e, f.pairs) for e, f in zip(engines, made.folds, strict=True) if f.pairs]
        result[name] = {"model": variant, "folds": list(folds), "evaluation": content, "intervals": held}
        show(name, content["models"][variant], held)
        if timed:
            blind = [
                judged(e, timeless(f.pairs)) for e, f in zip(engines, made.folds, strict=True) if f.pairs
            ]
            result["dates, time unknown"] = {"model": variant, "folds": list(folds), "intervals": blind}
            show("dates, time unknown", None, blind)
    keep("ratings", result)


def protocol(folds: list[str] | tuple[str, ...]) -> str:
    return f"folds:{','.join(f'{fold}_test' for fold in folds)}"


def only_pairs(made: Split) -> Split:
    """The split without its ranking questions: here only values are predicted."""
    nothing = {"": Holdout([], [])}
    return replace(made, folds=tuple(replace(fold, tests=nothing) for fold in made.folds))


def timeless(pairs: Pairs) -> Pairs:
    bare: dict[int, Request] = {}
    requests = [bare.setdefault(id(r.history), replace(r, time=None)) for r in pairs.requests]
    return replace(pairs, requests=requests)


def measured(
    data: LoadedDataset, made: Split, variant: str, timed: bool
) -> tuple[dict[str, Any], list[Engine]]:
    """The evaluation as its JSON, and the engines that were fitted for it, a fold each."""
    engines: list[Engine] = []

    def engine_for(name: str, seed: int) -> Engine:
        del seed
        engines.append(Engine(read_settings().with_model(*parse_variant(name))))
        return engines[-1]

    asked = Options(metrics=["rmse", "mae"], marks=data.marks, target_time=timed)
    found = evaluate(data.dataset, made, [variant], engine_for, asked, Bars())
    return found.as_json(), engines


def judged(engine: Engine, pairs: Pairs) -> dict[str, float]:
    """Error, and how often and how wide 90 % intervals are, of one fold."""
    model: Any = engine.model
    wrong = model.rate(pairs.requests, pairs.items) - pairs.values
    low, high = model.interval(pairs.requests, pairs.items, COVERAGE).T
    inside = (low <= pairs.values) & (pairs.values <= high)
    return {
        "rmse": float(np.sqrt(np.mean(wrong**2))),
        "mae": float(np.abs(wrong).mean()),
        "coverage": float(inside.mean()),
        "width": float((high - low).mean()),
        "rows": len(pairs.values),
    }


def show(name: str, row: dict[str, Any] | None, held: list[dict[str, float]]) -> None:
    print(f"-- {name}", flush=True)
    for key in ("rmse", "mae", "coverage", "width"):
        values = [fold[key] for fold in held]
        print(f"{key:9s}", *(f"{v:.4f}" for v in values), f"mean {np.mean(values):.4f}", flush=True)
    if row is not None:
        told = {
            key: (round(m["mean"], 4), round(m["low"], 4), round(m["high"], 4))
            for key, m in row["metrics"].items()
        }
        print(
            "pooled with 95 % interval over people",
            told,
            f"seconds a fit {row['fit_seconds']:.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
