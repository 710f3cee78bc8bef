"""People the engine has never seen: a fifth of the users is held out as a whole and asks with a bare history.

The target is their last item; the history is cut to its first or latest k events. What the whole history holds is
excluded in every row, so that all rows choose among the same items. Where people are few, the last ten items of each
are targets in turn, in several draws of the people: one target a person leaves the shares at chance.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.common import evaluated, keep, loaded
from llm4rec.core import Holdout, Request
from llm4rec.data import split
from llm4rec.engine import Engine
from llm4rec.evaluation import parse_metrics, rank

DRAWS = 5
TURNS = 10
LATEST = (1, 3, 5, 10)
VIEWS = ("", "latest-1", "latest-3", "latest-5", "latest-10", "first-5")
NAMES = ("ml-100k", "amazon-beauty")
IN_TURN = {
    "sequence": DRAWS,
    "hybrid.linear": 2,
}  # draws a model; `auto` chooses the second here, and it takes minutes
MODELS = "sequence,transition,ease,popular"


def main() -> None:
    for name in sys.argv[1:] or NAMES:
        print(f"-- {name}", flush=True)
        if name == "ml-100k":  # 188 people a draw are few
            keep(f"new-users-draws-{name}", drawn(name))
            turns_of = {model: in_turn(name, model, count) for model, count in IN_TURN.items()}
            keep(f"new-users-in-turn-{name}", turns_of)
        content = evaluated(loaded(name), "cold-users", MODELS, metrics=["ndcg@10"])
        keep(f"new-users-{name}", content)
        shares(content)


def drawn(name: str) -> dict[str, list[float]]:
    """NDCG@10 of the default model by view, for several draws of the people who are held out."""
    data = loaded(name)
    found: dict[str, list[float]] = {view: [] for view in VIEWS}
    for draw in range(DRAWS):
        fold = split(data.dataset, "cold-users", data.marks, np.random.default_rng(draw)).folds[0]
        engine = Engine(model="sequence").fit(fold.train)
        for view in VIEWS:
            metrics = parse_metrics(["ndcg@10"])
            ranked = rank(engine, fold.tests[view], len(fold.train.catalog), metrics, "sequence")
            found[view].append(float(ranked.values["ndcg@10"].mean()))
    return found


def in_turn(name: str, model: str, draws: int) -> dict[str, Any]:
    """NDCG@10 of a model over the last items of each held-out person in turn, by latest k, all draws."""
    data = loaded(name)
    found: dict[str, list[list[float]]] = {}
    for draw in range(draws):
        fold = split(data.dataset, "cold-users", data.marks, np.random.default_rng(draw)).folds[0]
        engine = Engine(model=model).fit(fold.train)
        requests, targets = turns(fold)
        for k in (0, *LATEST):
            cut = [shortened(r, k) for r in requests]
            holdout = Holdout(cut, targets)
            ranked = rank(engine, holdout, len(fold.train.catalog), parse_metrics(["ndcg@10"]), model)
            found.setdefault(f"latest-{k}" if k else "", []).append(ranked.values["ndcg@10"].tolist())
    return {
        "draws": draws,
        "questions": sum(len(values) for values in found[""]),
        "means": {view: [float(np.mean(values)) for values in draws] for view, draws in found.items()},
        "shares": share_intervals({view: np.concatenate(draws) for view, draws in found.items()}),
    }


def turns(fold: Any) -> tuple[list[Request], list[Any]]:
    """The last items of each held-out person in turn, each with all that came before it."""
    requests, targets = [], []
    for request, last in zip(fold.tests[""].requests, fold.tests[""].targets, strict=True):
        past = request.history
        for place in range(max(6, len(past) + 1 - TURNS), len(past) + 1):
            target = last if place == len(past) else past.items[place : place + 1]
            before = past.take(slice(0, place))
            if target[0] not in before.items:
                requests.append(Request(before))
                targets.append(target)
    return requests, targets


def shortened(request: Request, k: int) -> Request:
    """The latest k events (0: all); what the whole history holds stays excluded."""
    past = request.history
    return replace(
        request,
        history=past.take(slice(len(past) - k, None)) if 0 < k < len(past) else past,
        excluded=past.items,
    )


def share_intervals(values: dict[str, Any], resamples: int = 2000) -> dict[str, list[float]]:
    """Each view's mean as a share of the whole one's, with a 95 % bootstrap interval over questions."""
    rng = np.random.default_rng(0)
    size = len(values[""])
    drawn_rows = [rng.integers(0, size, size) for _ in range(resamples)]
    result = {}
    for view, own in values.items():
        ratios = [own[rows].mean() / values[""][rows].mean() for rows in drawn_rows]
        low, high = np.quantile(ratios, [0.025, 0.975])
        result[view] = [float(own.mean() / values[""].mean()), float(low), float(high)]
    return result


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
