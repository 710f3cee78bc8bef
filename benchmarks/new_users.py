"""People the engine has never seen: a fifth of the users is held out as a whole and asks with a bare history.

The target is their last item; the history is cut to its first or latest k events. What the whole history holds is
excluded in every row, so that all rows choose among the same items.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from benchmarks.common import evaluated, keep, loaded
from llm4rec.data import split
from llm4rec.engine import Engine
from llm4rec.evaluation import parse_metrics, rank

DRAWS = 5
VIEWS = ("", "latest-1", "latest-3", "latest-5", "latest-10", "first-5")
NAMES = ("ml-100k", "amazon-beauty")
MODELS = "sequence,transition,ease,popular"


def main() -> None:
    for name in sys.argv[1:] or NAMES:
        print(f"-- {name}", flush=True)
        if name == "ml-100k":  # 188 people a draw are few
            keep(f"new-users-draws-{name}", drawn(name))
        content = evaluated(loaded(name), "cold-users", MODELS, metrics=["ndcg@10"])
        keep(f"new-users-{name}", content)
        shares(content)


def drawn(name: str) -> dict[str, list[float]]:
    """NDCG@10 of the default model by view, for several draws of the people who are held out."""
    data = loaded(name)
    found: dict[str, list[float]] = {view: [] for view in VIEWS}
    for draw in range(DRAWS):
        fold = split(data.dataset, "cold-users", data.marks, np.random.default_rng(draw)).folds[0]
        engine = Engine().fit(fold.train)
        for view in VIEWS:
            metrics = parse_metrics(["ndcg@10"])
            ranked = rank(engine, fold.tests[view], len(fold.train.catalog), metrics, "sequence")
            found[view].append(float(ranked.values["ndcg@10"].mean()))
    return found


def shares(content: dict[str, Any]) -> None:
    """Each truncated history as a share of the whole one."""
    for model, row in content["models"].items():
        whole = row["metrics"]["ndcg@10"]["mean"]
        parts = {
            view.partition("/")[0]: f"{value['mean'] / whole:.1%}"
            for view, value in row["metrics"].items()
            if "/" in view
        }
        print(f"{model:12s} whole {whole:.4f}", parts, flush=True)


if __name__ == "__main__":
    main()
