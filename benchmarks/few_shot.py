"""What a newcomer is shown after 1, 3, 5 and 10 first events, beside the Reptile baseline and what is popular.

People are held out whole (protocol `cold-users`), in several draws. *next*: the answers are the ten events behind the first k,
what a live service is to foretell; *last*: the views of the protocol, whose answer is a person's last event, with all
other events of theirs ruled out. Everything is chosen on people of the training part; the held-out ones are asked once.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Self

import numpy as np

from benchmarks import reptile
from benchmarks.common import keep, loaded
from llm4rec.core import Dataset, FitContext, Floats, Holdout, Request
from llm4rec.core.ranking import gains, masked
from llm4rec.data import split
from llm4rec.data.folds import Fold
from llm4rec.engine import Engine
from llm4rec.engine.build import build_model
from llm4rec.evaluation.samples import Sample
from llm4rec.evaluation.significance import bootstrap, interval, p_value
from llm4rec.models.episodes import LENGTHS, NEXT
from llm4rec.models.foldin import FoldIn
from llm4rec.models.prior import Prior

DRAWS = 3
DATA = "ml-100k"
BESIDE = ("reptile", "popular")
ENGINES = ("popular", "als", "ease", "transition", "sequence", "few-shot")
ROWS = ("reptile", "plain prior", "fold-in", *ENGINES)
Questions = dict[str, Holdout]


class PlainPrior(FoldIn):
    """Ridge: the same fold-in with mean zero and one variance for all directions, its strength chosen alike."""

    def _learn(self, dataset: Dataset, context: FitContext) -> Self:
        super()._learn(dataset, context)
        own, width = self.prior_, len(self.prior_.mean)
        variance = float(np.trace(own.covariance) + own.mean @ own.mean) / width
        self.prior_ = Prior(np.zeros(width), variance * np.eye(width), own.noise)
        return self


def main() -> None:
    names = tuple(sys.argv[1].split(",")) if len(sys.argv) > 1 else ROWS
    data = loaded(DATA)
    found: dict[str, dict[str, list[Floats]]] = {name: {} for name in names}
    people: list[bytes] = []
    told: dict[str, list[Any]] = {}
    for draw in range(DRAWS):
        fold = split(data.dataset, "cold-users", data.marks, np.random.default_rng(draw)).folds[0]
        asked = questions(fold)
        people += [request.history.items.tobytes() for request in fold.tests[""].requests]
        for name in names:
            began = time.monotonic()
            model, said = fitted(name, fold.train, told.get(name, []))
            for view, holdout in asked.items():
                found[name].setdefault(view, []).append(answered(model.score, holdout))
            told.setdefault(name, []).append(said)
            print(f"draw {draw} {name}: {time.monotonic() - began:.0f} s {said}", flush=True)
        keep(f"few-shot-{DATA}", result(draw + 1, found, people, told))
    for name, row in result(DRAWS, found, people, told)["models"].items():
        print(f"{name:12s}", {view: round(cell["mean"], 4) for view, cell in row.items()}, flush=True)


def result(
    draws: int, found: dict[str, dict[str, list[Floats]]], people: list[bytes], told: dict[str, list[Any]]
) -> dict[str, Any]:
    """What is kept, after every draw: a run takes long."""
    values = {name: {view: np.concatenate(own) for view, own in rows.items()} for name, rows in found.items()}
    about = {"data": DATA, "draws": draws, "people": len(set(people)), "questions": len(people)}
    return {**about, "chosen": told, "models": compared(values, people)}


def fitted(name: str, train: Dataset, before: list[Any]) -> tuple[Any, Any]:
    """Something that scores, fitted on the training part, and what it chose there.

    Reptile takes minutes to tune: it keeps what it chose in the first draw, among whom some people are asked in others.
    That can only be to its advantage.
    """
    if name == "reptile":
        return reptile.again(train, before[0]) if before else reptile.tuned(train)
    if name in ("fold-in", "plain prior"):
        kind = PlainPrior if name == "plain prior" else FoldIn
        model = kind().fit(train, FitContext(make=build_model))
        return model, {"strength": model.strength, "decay": model.decay}
    engine = Engine(model=name).fit(train)
    return engine, getattr(engine.model, "shares", "")


def questions(fold: Fold) -> Questions:
    """By view: the ten events behind the first k, and the last event after the first k."""
    whole = fold.tests[""]
    asked = {f"last-{k}": fold.tests[f"first-{k}"] for k in LENGTHS}
    for k in LENGTHS:
        requests, targets = [], []
        for request, last in zip(whole.requests, whole.targets, strict=True):
            liked = np.concatenate([request.history.liked, last])
            places = np.flatnonzero(request.history.positive)
            known = request.history.take(slice(0, int(places[min(k, len(places)) - 1]) + 1))
            later = liked[k : k + NEXT]
            requests.append(Request(known))
            targets.append(np.unique(later[~np.isin(later, known.items)]))
        asked[f"next-{k}"] = Holdout(requests, targets)
    return asked


def answered(score: Callable[[Any], Floats], holdout: Holdout) -> Floats:
    """NDCG@10 of each question, (questions,)."""
    requests = [replace(request, n=10) for request in holdout.requests]
    return gains(masked(np.array(score(requests)), requests), holdout.targets)


def compared(values: dict[str, dict[str, Floats]], people: list[bytes]) -> dict[str, Any]:
    """Means with 95 % intervals over people, and paired p-values against the baselines."""
    whose = np.unique(np.array(people, dtype=object), return_inverse=True)[1]
    names, result = list(values), {name: {} for name in values}
    for view in next(iter(values.values())):
        samples = [sample(values[name][view], whose) for name in names]
        draws = bootstrap(samples, np.random.default_rng(0))
        for column, name in enumerate(names):
            low, high = interval(draws[:, column])
            cell: dict[str, Any] = {"mean": samples[column].mean, "low": low, "high": high}
            for other in BESIDE:
                if other in names and other != name:
                    cell[f"p {other}"] = p_value(draws[:, column] - draws[:, names.index(other)])
            result[name][view] = cell
    return result


def sample(values: Floats, whose: Any) -> Sample:
    """The questions of a person together: somebody may be in several draws."""
    return Sample(np.bincount(whose, values), np.bincount(whose).astype(np.float64))


if __name__ == "__main__":
    main()
