"""The stacker against each of its inputs: full ranking, fitted on the training part alone, the test part asked once.

Inputs are rows as they were fitted inside the stacker, so that each data set is fitted once and "better than each of its
inputs" is a paired comparison in one run. Other models are rows of their own; `auto` is what a user gets who names none.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from benchmarks.common import keep, loaded
from llm4rec.apps.cli.evaluate import resolved, show
from llm4rec.apps.cli.screen import Bars
from llm4rec.core import Holdout, masked, top_k
from llm4rec.data import split
from llm4rec.engine import Engine, parse_variant, read_settings
from llm4rec.evaluation import Options, evaluate

INPUTS = ("sequence", "attention")
STACKER = f"hybrid.linear(inputs={'+'.join(INPUTS)};questions=6000)"
PLAIN = ("popular(window_days=7)", "ease(decay=none;tune=false)")
DATA = {  # data set: protocol, and further rows
    "ml-100k": ("leave-last-out", ("auto",)),
    "ml-100k temporal": ("temporal", ("auto", *PLAIN)),
    "amazon-beauty": ("official:split", ()),
    "amazon-games": ("official:split", ()),
}
BINS = 20
METRICS = ("ndcg@10", "hr@10", "coverage@10")


class Inside:
    """An input of a stacker that was fitted before, as an engine of its own."""

    def __init__(self, stacker: Engine, name: str) -> None:
        self._stacker, self._name = stacker, name
        self._engine = Engine(model=name)

    def fit(self, dataset: Any, *, holdout: Any = None, refit: Any = None) -> Inside:
        """Take the input out of the stacker; it has seen the same data."""
        inside: Any = self._stacker.model
        found = inside.inputs_.models[self._name]
        self._engine._fitted = self._stacker.fitted.with_changes(
            self._stacker.settings, model=found, name=self._name
        )
        return self

    def add_items(self, catalog: Any) -> None:
        self._engine.add_items(catalog)

    def score(self, requests: Any) -> Any:
        return self._engine.score(requests)

    @property
    def model(self) -> Any:
        return self._engine.model


def stacked(name: str) -> dict[str, Any]:
    """The evaluation of one data set as its JSON."""
    data = loaded(name.split(maxsplit=1)[0])
    protocol, more = DATA[name]
    made = split(data.dataset, resolved(protocol, data), data.marks, np.random.default_rng(0))
    stacker = Engine(read_settings().with_model(*parse_variant(STACKER)))

    def engine_for(variant: str, seed: int) -> Any:
        del seed
        if variant == STACKER:
            return stacker
        if variant in INPUTS:
            return Inside(stacker, variant)
        return Engine(read_settings().with_model(*parse_variant(variant)))

    rows = (STACKER, *INPUTS, *more)
    found = evaluate(data.dataset, made, rows, engine_for, Options(metrics=METRICS, marks=data.marks), Bars())
    content = found.as_json()
    content["protocol"] |= {"dataset": data.dataset.name, "synthetic": data.dataset.synthetic}
    content["notes"] = list(stacker.fitted.notes)
    content["chances"] = judged(stacker, made.folds[0].tests[""])
    show(content)
    print(*stacker.fitted.notes, content["chances"], sep="\n", flush=True)
    return content


def judged(engine: Engine, questions: Holdout) -> dict[str, float]:
    """How well the chances of the first ten hold: expected calibration error over BINS of as many chances each.

    Naeini et al. (AAAI 2015), over all shown items with a chance; beside it the means of what was said and what came.
    """
    said, came = [], []
    for at in range(0, len(questions), 256):
        requests = questions.requests[at : at + 256]
        answers = top_k(masked(engine.score(requests), requests), 10)
        chances = engine.model.chances(requests, answers)[0]  # type: ignore[attr-defined]
        hits = [np.isin(row, t) for row, t in zip(answers, questions.targets[at : at + 256], strict=True)]
        known = np.isfinite(chances)
        said.append(chances[known])
        came.append(np.array(hits)[known])
    p, y = np.concatenate(said).astype(float), np.concatenate(came).astype(float)
    parts = np.array_split(np.argsort(p, kind="stable"), BINS)
    error = sum(len(part) * abs(p[part].mean() - y[part].mean()) for part in parts) / len(p)
    return {"ece@10": float(error), "said": float(p.mean()), "came": float(y.mean()), "shown": len(p)}


def main() -> None:
    for name in sys.argv[1:] or DATA:
        print(f"-- {name}", flush=True)
        keep(f"stacked-{name.replace(' ', '-')}", stacked(name))


if __name__ == "__main__":
    main()
