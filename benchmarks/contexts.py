"""What a request tells beside the history, and how far that changes the ranking: a search, the session so far, place and device.

python -m benchmarks.contexts [DATA ...]

ml-100k, last event held out, `sequence`: a search is one genre of the film that was taken, or that and a word of its text; a session
is the last three films before it, told to an engine that was fitted without them. The weight of a search is chosen on validation.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.common import keep, loaded
from llm4rec.core import Catalog, Floats, Holdout, Request, gains, masked
from llm4rec.core.languages import words_of
from llm4rec.data import Fold, split
from llm4rec.engine import Engine
from llm4rec.engine.intent import intended
from llm4rec.engine.settings import AskSettings

WEIGHTS = (0.25, 0.5, 1.0, 2.0, 4.0)
SESSION, ROWS = 3, 128


def main() -> None:
    """The table of each data set."""
    for name in sys.argv[1:] or ["ml-100k"]:
        result = searched(name) | {"session": told_sessions(name)}
        keep(f"contexts-{name}", result)
        print(result)


def fold_of(name: str) -> tuple[Fold, Holdout]:
    """Last events held out, and the ones before them."""
    data = loaded(name)
    fold = split(data.dataset, "leave-last-out", data.marks, np.random.default_rng(0)).folds[0]
    assert fold.validation is not None, "leave-last-out has one"
    return fold, fold.validation


def searched(name: str) -> dict[str, Any]:
    """NDCG@10 without a search and with one of either kind; its weight chosen on validation."""
    fold, validation = fold_of(name)
    chosen: dict[str, dict[float, float]] = {}
    found: dict[str, Any] = {}
    held = Engine(model="sequence").fit(fold.train)
    for kind, query in QUERIES.items():
        chosen[kind] = {weight: float(asked(held, validation, query, weight).mean()) for weight in WEIGHTS}
    engine = Engine(model="sequence").fit(fold.train, holdout=validation, refit=fold.refit)
    test = fold.tests[""]
    found["none"] = interval(asked(engine, test, None, 0.0))
    for kind, query in QUERIES.items():
        weight = max(chosen[kind], key=lambda one: chosen[kind][one])
        found[kind] = interval(asked(engine, test, query, weight)) | {"weight": weight}
        found[f"{kind}, as set"] = interval(asked(engine, test, query, AskSettings().intent))
    return {"validation": chosen, "test": found}


def genre(catalog: Catalog, item: int) -> str:
    """The first genre."""
    told = catalog.columns["categories"].values[item] or ("",)
    return str(told[0])


def genre_and_word(catalog: Catalog, item: int) -> str:
    """The first genre and a word of the text, drawn alike in every run; not of the title."""
    title = set(words_of(catalog.titles[item]))
    words = [word for word in words_of(catalog.texts[item]) if word not in title and len(word) > 4]
    drawn = words[int(np.random.default_rng(item).integers(len(words)))] if words else ""
    return f"{genre(catalog, item)} {drawn}".strip()


QUERIES: dict[str, Callable[[Catalog, int], str]] = {"genre": genre, "genre and a word": genre_and_word}


def asked(
    engine: Engine, holdout: Holdout, query: Callable[[Catalog, int], str] | None, weight: float
) -> Floats:
    """NDCG@10 of each question."""
    settings = AskSettings(intent=weight)
    found = []
    for at in range(0, len(holdout.requests), ROWS):
        requests = list(holdout.requests[at : at + ROWS])
        targets = holdout.targets[at : at + ROWS]
        if query is not None:
            told = [query(engine.catalog, int(target[0])) or None for target in targets]
            requests = [
                intended(engine.fitted, replace(request, query=words), settings)[0]
                for request, words in zip(requests, told, strict=True)
            ]
        found.append(gains(masked(engine.score(requests), requests), targets))
    return np.concatenate(found)


def told_sessions(name: str) -> dict[str, Any]:
    """The same question with and without the latest events, to an engine that learnt none of them."""
    fold, validation = fold_of(name)
    train = fold.train
    kept = np.ones(len(train.interactions), dtype=bool)
    for user in range(len(train.users)):
        end = int(train.offsets[user + 1])
        kept[max(int(train.offsets[user]) + 1, end - SESSION) : end] = False
    engine = Engine(model="sequence").fit(train.only(kept))
    full = list(validation.requests)
    cut = [shortened(request) for request in full]
    targets = validation.targets
    rows: dict[str, Sequence[Request]] = {"without": cut, "with": full}
    scored = {}
    for key, requests in rows.items():
        hidden = [
            replace(r, excluded=np.unique(whole.history.items))
            for r, whole in zip(requests, full, strict=True)
        ]
        scored[key] = gains(masked(engine.score(hidden), hidden), targets)
    gain = scored["with"] - scored["without"]
    return {key: interval(value) for key, value in scored.items()} | {"gain": interval(gain)}


def shortened(request: Request) -> Request:
    """Without the latest events."""
    return replace(request, history=request.history.take(slice(0, max(1, len(request.history) - SESSION))))


def interval(values: Floats) -> dict[str, Any]:
    """The mean and its 95 % interval by bootstrap over questions."""
    rng = np.random.default_rng(0)
    means = np.array([values[rng.integers(len(values), size=len(values))].mean() for _ in range(2000)])
    low, high = np.quantile(means, [0.025, 0.975])
    return {
        "mean": round(float(values.mean()), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
    }


if __name__ == "__main__":
    main()
