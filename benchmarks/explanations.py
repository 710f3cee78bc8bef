"""Explanations of recommended items on ml-100k and the shop: do the cited things matter, is every claim so, how long."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from benchmarks.common import keep, loaded
from llm4rec.core import Dataset, Evidence, Explanation, Request
from llm4rec.data.shop import sample_shop
from llm4rec.engine import Engine, path
from llm4rec.engine.explaining import explained
from llm4rec.writers.explain import Checker
from llm4rec.writers.explain.removal import without

LISTS = 10  # items of a list
FEWEST = 5  # liked things of a person who is asked about: of fewer, random ones are mostly the cited ones


@dataclass
class Tally:
    """Counts over explanations."""

    explanations: int = 0
    covered: int = 0
    trials: int = 0
    better: int = 0
    claims: int = 0
    supported: int = 0
    facts: int = 0
    true: int = 0
    counterfactuals: int = 0
    letters: list[int] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)

    def result(self) -> dict[str, Any]:
        """Shares, and what they are shares of."""
        share = {
            "cited costs more than random": (self.better, self.trials),
            "coverage": (self.covered, self.explanations),
            "atomic claims with evidence": (self.supported, self.claims),
            "evidence that the raw data confirm": (self.true, self.facts),
            "with a counterfactual": (self.counterfactuals, self.explanations),
        }
        times = {"in a list of ten": self.milliseconds, "one alone": self.alone}
        return {
            **{name: {"share": part / max(whole, 1), "of": whole} for name, (part, whole) in share.items()},
            **{
                f"milliseconds, {name}": {
                    "median": float(np.median(took)) if took else None,
                    "p95": float(np.quantile(took, 0.95)) if took else None,
                }
                for name, took in times.items()
            },
            "letters, median": float(np.median(self.letters)),
        }


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--explanations", type=int, default=1000, help="of each data set")
    asked.add_argument("--models", default="sequence,hybrid.linear", help="names, separated by commas")
    asked.add_argument("--data", default="shop,ml-100k")
    asked.add_argument("--language", default="en")
    asked.add_argument(
        "--engine", help="a fitted engine folder instead of fitting; its data set's name is told"
    )
    given = asked.parse_args()
    results: dict[str, Any] = {}
    if given.engine:
        results[given.engine] = measured(Engine.load(given.engine), given.explanations, given.language)
    else:
        for name in given.data.split(","):
            dataset = sample_shop() if name == "shop" else loaded(name).dataset
            for model in given.models.split(","):
                engine = Engine(model=model).fit(dataset)
                results[f"{name} {model}"] = measured(engine, given.explanations, given.language)
    for name, result in results.items():
        print(name)
        for what, figure in result.items():
            print(f"  {what}: {figure}")
    keep("explanations", results)


def measured(engine: Engine, wanted: int, language: str) -> dict[str, Any]:
    """Figures over `wanted` explanations of people drawn at random who have liked enough."""
    dataset, tally, rng = engine.fitted.dataset, Tally(), np.random.default_rng(0)
    likers = [u for u in range(len(dataset.users)) if len(np.unique(dataset.history(u).liked)) >= 2 * FEWEST]
    explained(engine.fitted, Request(dataset.history(likers[0])), np.array([0]), language)  # makes its tables
    for user in rng.permutation(likers)[: -(-wanted // LISTS)].tolist():
        request = Request(dataset.history(user), user=user, n=LISTS)
        found, _ = path.candidates(engine.fitted, [request], exact=True)
        items = found.items[0]
        started = time.perf_counter()
        answers = explained(engine.fitted, request, items, language)
        tally.milliseconds += [1000 * (time.perf_counter() - started) / len(items)] * len(items)
        started = time.perf_counter()
        explained(engine.fitted, request, items[:1], language)
        tally.alone.append(1000 * (time.perf_counter() - started))
        judged(engine, request, answers, tally, rng)
    return tally.result()


def judged(
    engine: Engine,
    request: Request,
    answers: Sequence[Explanation],
    tally: Tally,
    rng: np.random.Generator,
) -> None:
    """Count what holds of the explanations of one list."""
    whole = path.scores(engine.fitted, [request])[0][0]
    for why in answers:
        tally.explanations += 1
        tally.covered += bool(why.of_kind("history", "near", "attribute"))
        tally.letters.append(len(why.text))
        claims = Checker(why.title, why.evidence, why.language).claims(why.text)
        tally.claims += len(claims)
        tally.supported += sum(claim.supported for claim in claims)
        for piece in why.evidence:
            tally.facts += 1
            tally.true += confirmed(engine, request, why, piece)
        tally.counterfactuals += bool(why.of_kind("without"))
        cited = numbers(engine, [i for e in why.of_kind("history") for i in e.items])
        others = np.setdiff1d(request.history.liked, cited)
        if cited and len(others) >= len(cited):
            item = numbers(engine, [why.item])[0]
            random = rng.choice(others, len(cited), replace=False).tolist()
            rows = path.scores(engine.fitted, [without(request, cited), without(request, random)])[0]
            tally.trials += 1
            tally.better += bool(whole[item] - rows[0, item] > whole[item] - rows[1, item])


def confirmed(engine: Engine, request: Request, why: Explanation, piece: Evidence) -> bool:
    """Whether the raw data, or scoring anew from ids, say what one piece of evidence says."""
    dataset, item = engine.fitted.dataset, numbers(engine, [why.item])[0]
    liked = set(request.history.liked.tolist())
    about = numbers(engine, piece.items)
    if piece.kind == "history":
        row = path.scores(engine.fitted, [request, without(request, about)])[0][:, item]
        return about[0] in liked and abs(float(row[0] - row[1]) - float(piece.drop or 0.0)) < 1e-3
    if piece.kind == "attribute":
        values = [has(dataset, piece.name, i) for i in (item, *about)]
        sharing = sum(piece.value in has(dataset, piece.name, i) for i in liked - {item})
        return (
            all(piece.value in v for v in values)
            and sharing == piece.count
            and len(liked - {item}) == piece.total
        )
    if piece.kind in ("review", "own words"):
        row_of = piece.rows[0]
        i = dataset.interactions
        mine = int(i.users[row_of]) == request.user
        return (
            i.texts is not None
            and piece.value in str(i.texts[row_of])
            and int(i.items[row_of]) == about[0]
            and mine == (piece.kind == "own words")
        )
    if piece.kind == "without":
        seen = dataset.catalog.ids.names(np.unique(request.history.items))
        left = replace(without(request, about), excluded=np.array(numbers(engine, seen)))
        shown, _ = path.candidates(engine.fitted, [left], exact=True)
        return item not in shown.items[0]
    takers = len(
        set(dataset.interactions.users[dataset.interactions.positive & (dataset.interactions.items == item)])
    )
    if piece.kind == "near":
        return all(word in dataset.catalog.texts[i].lower() for word in piece.words for i in (item, *about))
    return takers == (piece.count or 0)


def has(dataset: Dataset, column: str, item: int) -> tuple[str, ...]:
    """The values of an item in a column."""
    value = dataset.catalog.columns[column].values[item]
    return value if isinstance(value, tuple) else (value,)


def numbers(engine: Engine, ids: Sequence[Any]) -> list[int]:
    """Numbers of item ids."""
    found: list[int] = engine.catalog.ids.numbers(ids, "item").tolist()
    return found


if __name__ == "__main__":
    main()
