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
    show(content)
    print(*stacker.fitted.notes, sep="\n", flush=True)
    return content


def main() -> None:
    for name in sys.argv[1:] or DATA:
        print(f"-- {name}", flush=True)
        keep(f"stacked-{name.replace(' ', '-')}", stacked(name))


if __name__ == "__main__":
    main()
