"""Fake profiles on ml-100k: ratings of 4 and more, 1 % of the users push an item that hardly anybody took.

python -m benchmarks.attack [MODEL ...]. Each attack against each model, without caps on what an account is worth and with those of the settings: the mean and the
largest share of genuine people's lists that show the item, over the items pushed. Models are fitted again as chosen.
"""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from benchmarks.common import keep, loaded, result
from llm4rec.apps.cli.screen import Bars
from llm4rec.core import Dataset, Request
from llm4rec.engine import Engine, Settings, parse_variant
from llm4rec.engine.fitting import fit_again
from llm4rec.engine.settings import FitSettings
from llm4rec.engine.shield import Shield
from llm4rec.evaluation.manipulation import KINDS, Attack, attacked, lists_of, reached, unpopular

MODELS = ("ease", "ease(support=2)", "sequence", "hybrid.linear")
TARGETS, SHARE, SEED = 5, 0.01, 7
UNCAPPED = {"user_events": 10**9, "user_repeats": 10**9, "coordinated": False}


def played(name: str, caps: dict[str, Any], dataset: Dataset, targets: np.ndarray) -> dict[str, Any]:
    """One model with these caps against every attack."""
    settings = Settings(fit=FitSettings(**caps)).with_model(*parse_variant(name))
    engine = Engine(settings).fit(dataset, progress=Bars())
    requests = [Request(dataset.history(u), user=u) for u in range(len(dataset.users))]
    before = lists_of(engine, requests, len(dataset.catalog))
    found: dict[str, Any] = {"before": summed([reached(before, t, requests) for t in targets.tolist()])}
    for kind in KINDS:
        rng = np.random.default_rng(SEED)
        shares = []
        for target in targets.tolist():
            data = attacked(dataset, Attack(kind, target, math.ceil(SHARE * len(requests))), rng)
            seen = Shield.of(settings.fit).data(data)
            model = fit_again(engine.model, seen, engine.fitted.context(settings))
            shares.append(reached(lists_of(model, requests, len(dataset.catalog)), target, requests))
        found[kind] = summed(shares)
        print(name, "capped" if not caps else "uncapped", kind, found[kind], flush=True)
    return found


def summed(shares: list[float]) -> dict[str, float]:
    """Mean and largest."""
    return {"mean": float(np.mean(shares)), "most": float(np.max(shares))}


def main() -> None:
    dataset = loaded("ml-100k", min_rating=4).dataset
    targets = unpopular(dataset, TARGETS, np.random.default_rng(SEED))
    for name in sys.argv[1:] or MODELS:
        found = {
            how: played(name, caps, dataset, targets)
            for how, caps in (("uncapped", UNCAPPED), ("capped", {}))
        }
        # Models that are not asked for keep what was measured of them.
        before = (result("attack") or {}).get("models", {})
        keep("attack", {"people": len(dataset.users), "targets": TARGETS, "models": before | {name: found}})


if __name__ == "__main__":
    main()
