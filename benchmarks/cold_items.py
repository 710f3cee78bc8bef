"""Items that nobody has touched: a fifth of the films of ml-100k enters a fitted engine without refitting.

Ratings of 4 and 5 are the interactions. Five random draws of the items, and the items that appeared last. Views:
cold-only candidates, all candidates, and what newcomers in the list cost known items ("warm" against "warm-only").
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.common import keep, loaded
from llm4rec.apps.cli.screen import Bars
from llm4rec.data import LoadedDataset, split
from llm4rec.engine import Engine, parse_variant, read_settings
from llm4rec.evaluation import Options, evaluate

DRAWS = range(5)
STACKER = "hybrid.linear(inputs=sequence+attention)"
MODELS = (
    "sequence",
    "sequence(leave_out=text+words)",
    "sequence(leave_out=attributes)",
    "attention",
    STACKER,
    "content",
    "popular",
)
RAW = "content(attributes=0;decay=none)"
METRICS = ["ndcg@20", "recall@20", "ndcg@10"]


def main() -> None:
    data = loaded("ml-100k", min_rating=4.0)
    result = {f"random-{draw}": asked(data, "cold-items:random", draw) for draw in DRAWS}
    result["first-appearance"] = asked(data, "cold-items", 0)
    keep("cold-items", result)
    table(result)


def asked(data: LoadedDataset, protocol: str, draw: int) -> dict[str, Any]:
    """All rows under one draw of the items; the raw cosine is the text alone, not whitened."""
    made = split(data.dataset, protocol, data.marks, np.random.default_rng(draw))
    rows = {}
    for variants, whiten in ((MODELS, True), ((RAW,), False)):
        settings = read_settings(flags={"encoder.whiten": whiten})

        def engine_for(variant: str, seed: int, settings: Any = settings) -> Engine:
            name, options = parse_variant(variant)
            return Engine(settings.with_model(name, options))

        found = evaluate(
            data.dataset, made, list(variants), engine_for, Options(metrics=METRICS), Bars()
        ).as_json()
        rows |= {name if whiten else "raw MiniLM cosine": row for name, row in found["models"].items()}
    return rows


def table(result: dict[str, Any]) -> None:
    """Means over the draws, and the loss of known items."""
    for name in next(iter(result.values())):
        drawn = [result[f"random-{draw}"][name]["metrics"] for draw in DRAWS]
        last = result["first-appearance"][name]["metrics"]
        print(
            f"{name:40s} random N@20 {_mean(drawn, 'ndcg@20')}  all {_mean(drawn, 'all/ndcg@20')}  "
            f"loss of warm N@10 {_loss(drawn):.2%}  harmonic mean of warm-only and cold N@20 {harmonic(drawn):.4f}"
            f"  | last items N@20 {last['ndcg@20']['mean']:.4f}"
        )


def _mean(drawn: list[Any], metric: str) -> str:
    values = np.array([row[metric]["mean"] for row in drawn])
    return f"{values.mean():.4f} (sd {values.std(ddof=1):.4f})"


def harmonic(drawn: list[Any]) -> float:
    """Mean over the draws of the harmonic mean of NDCG@20 on known items and on newcomers."""
    pairs = np.array([[row[name]["mean"] for name in ("warm-only/ndcg@20", "ndcg@20")] for row in drawn])
    return float(np.mean(2 * pairs.prod(axis=1) / np.maximum(pairs.sum(axis=1), 1e-9)))


def _loss(drawn: list[Any]) -> float:
    after, before = (
        np.mean([row[f"{view}/ndcg@10"]["mean"] for row in drawn]) for view in ("warm", "warm-only")
    )
    return float(1 - after / before)


if __name__ == "__main__":
    main()
