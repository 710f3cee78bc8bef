"""What a reranker costs a person, by the number of candidates: lists of 10 for 256 people at once, CPU milliseconds, one thread.

CPU time does not depend on what else runs on the core, much. The least of several rounds. Times to the power of candidates (`slope`): 1 is linear.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.common import keep, loaded
from benchmarks.order import GENRES
from benchmarks.order_asked import FOREVER, N, decades
from llm4rec.core import Candidates, Request, RerankContext
from llm4rec.engine.registry import component

PEOPLE, ROUNDS, WIDTH = 256, 5, 256
DEPTHS = (50, 100, 200, 400)
ALONE: dict[str, tuple[str, dict[str, Any]]] = {
    "mmr, cosine": ("mmr", {"kernel": GENRES}),
    "mmr, texts": ("mmr", {"kernel": {"text": 1.0}}),
    "dpp, cosine": ("dpp", {"kernel": GENRES}),
    "dpp, texts": ("dpp", {"kernel": {"text": 1.0}}),
    "dpp, texts, window 5": ("dpp", {"kernel": {"text": 1.0}, "window": 5}),
    "ssd, texts": ("ssd", {}),
    "xquad": ("xquad", {"half_life": FOREVER}),
    "calibrated": ("calibrated", {"half_life": FOREVER}),
    "novel": ("novel", {}),
    "novel, distance and diversity": ("novel", {"distance": 1.0, "diversity": 1.0, "kernel": GENRES}),
    "fair": ("fair", {"field": "decade"}),
    "explore": ("explore", {}),
}


def asked() -> tuple[list[Request], Candidates, RerankContext]:
    """People of ml-100k with drawn candidates and drawn text vectors: time does not depend on which."""
    dataset = decades(loaded("ml-100k", min_rating=4).dataset)
    rng = np.random.default_rng(0)
    people = [u for u in range(len(dataset.users)) if len(dataset.history(u))][:PEOPLE]
    requests = [Request(dataset.history(u), user=u, n=N) for u in people]
    items = np.array([rng.permutation(len(dataset.catalog))[: max(DEPTHS)] for _ in people])
    scores = rng.normal(size=items.shape).astype(np.float32)
    vectors = rng.normal(size=(len(dataset.catalog), WIDTH)).astype(np.float32)
    context = RerankContext(dataset.catalog, N, vectors, dataset.counts, users=len(dataset.users))
    return requests, Candidates(items, -np.sort(-scores, axis=1)), context


def main() -> None:
    """A row a reranker."""
    requests, candidates, context = asked()
    rows = {}
    for label, (name, options) in ALONE.items():
        kind = component("reranker", name)
        reranker = kind(kind.config_type.of({**options, "strength": 0.3}))
        row = {}
        for depth in DEPTHS:
            cut = replace(candidates, items=candidates.items[:, :depth], scores=candidates.scores[:, :depth])
            spent = []
            for _ in range(ROUNDS):
                begin = time.process_time()
                reranker.rerank(requests, cut, replace(context, rng=np.random.default_rng(0)))
                spent.append(time.process_time() - begin)
            row[str(depth)] = 1e3 * min(spent) / len(requests)
        slope = np.polyfit(np.log(DEPTHS), np.log(list(row.values())), 1)[0]
        rows[label] = {"ms": row, "slope": float(slope)}
        print(label, {k: round(v, 3) for k, v in row.items()}, f"slope {slope:.2f}", flush=True)
    keep("order-speed", rows)


if __name__ == "__main__":
    main()
