"""What a refit costs and is worth by what it begins from: nothing, settings as chosen, or all that was learnt.

python -m benchmarks.refits [MODEL,MODEL …] [SHARE]

Events of ml-100k in order of time. An engine is fitted on the first 80 of 100 (SHARE), and again with 2.5, 5 and 10 more;
then the next 5 are asked for, each event with all that its person did before, at most so many a person. `kept` is the engine
as it was, `anew` chooses settings again, `cold` takes them over, `warm` takes over what was learnt too; `nightly` is warm
four times, 2.5 each. Intervals of the differences are over people.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.common import keep, loaded
from llm4rec.core import Dataset, Floats, Holdout, Numbers, Request, gains, masked, silent
from llm4rec.engine import Engine
from llm4rec.engine.fitting import fit_like
from llm4rec.evaluation.samples import Rows, pooled
from llm4rec.evaluation.significance import bootstrap, interval

DATA, SHARE = "ml-100k", 0.8
MORE, ASKED = (0.025, 0.05, 0.1), 0.05
FIRST, BATCH = 20, 256
MODELS: dict[str, dict[str, Any]] = {
    "sequence": {},
    "als": {},
    "mf": {},
    "attention": {"epochs": 16},
    "few-shot": {},
    "hybrid.linear": {},
}


@dataclass(frozen=True, eq=False)
class Stream:
    """A data set and its rows in order of time."""

    dataset: Dataset
    order: Numbers

    @classmethod
    def of(cls, dataset: Dataset) -> Stream:
        """Rows of the same second in the order they stand in."""
        times = dataset.interactions.timestamps
        return cls(dataset, np.lexsort((np.arange(len(times)), times)))

    def until(self, share: float) -> Dataset:
        """The first part of the events."""
        known = np.zeros(len(self.order), dtype=bool)
        known[self.order[: round(share * len(self.order))]] = True
        return self.dataset.only(known)

    def questions(self, share: float) -> tuple[Holdout, Numbers]:
        """The next positive events of people who did something before, and whose each is."""
        events, asked = self.dataset.interactions, dict[int, int]()
        start, stop = (round(s * len(self.order)) for s in (share, share + ASKED))
        requests, targets = [], []
        for row in self.order[start:stop].tolist():
            user, item = int(events.users[row]), int(events.items[row])
            past = self.dataset.history(user).take(slice(0, row - int(self.dataset.offsets[user])))
            fresh = events.positive[row] and item not in past.items and len(past.liked)
            if fresh and asked.get(user, 0) < FIRST:
                asked[user] = asked.get(user, 0) + 1
                requests.append(Request(past, user=user))
                targets.append(np.array([item]))
        return Holdout(requests, targets), np.array([request.user for request in requests])


def refitted(engine: Engine, data: Dataset, warm: bool) -> Engine:
    """The engine fitted on more, with the settings it chose."""
    return engine.over(fit_like(engine.settings, engine.fitted, data, silent, warm))


def ways(
    base: Engine, stream: Stream, share: float, more: float
) -> Iterator[tuple[str, Callable[[], Engine]]]:
    """How the engine of `share` becomes one of `share + more`."""
    data = stream.until(share + more)
    yield "kept", lambda: base
    yield "anew", lambda: Engine(base.settings).fit(data)
    yield "cold", lambda: refitted(base, data, warm=False)
    yield "warm", lambda: refitted(base, data, warm=True)
    if more == MORE[-1]:
        yield "nightly", lambda: nightly(base, stream, share, more)


def nightly(base: Engine, stream: Stream, share: float, more: float) -> Engine:
    """Warm refits one after the other, each with a little more."""
    engine = base
    for night in range(1, round(more / MORE[0]) + 1):
        engine = refitted(engine, stream.until(share + night * MORE[0]), warm=True)
    return engine


def answered(engine: Engine, questions: Holdout) -> Floats:
    """NDCG@10 of each question."""
    parts = []
    for at in range(0, len(questions), BATCH):
        requests = questions.requests[at : at + BATCH]
        scores = masked(np.array(engine.score(requests)), requests)
        parts.append(gains(scores, questions.targets[at : at + BATCH]))
    return np.concatenate(parts)


def compared(found: dict[str, tuple[float, Floats]], users: Numbers) -> dict[str, Any]:
    """Seconds and means by way, and how far each is from `cold`, with an interval."""
    names = list(found)
    draws = bootstrap([pooled([Rows(users, found[n][1])]) for n in names], np.random.default_rng(0))
    rows: dict[str, Any] = {}
    for column, name in enumerate(names):
        seconds, values = found[name]
        low, high = interval(draws[:, column] - draws[:, names.index("cold")])
        mean = float(values.mean())
        gain = mean - float(found["cold"][1].mean())
        rows[name] = {"seconds": seconds, "ndcg@10": mean, "to cold": gain, "low": low, "high": high}
    return rows


def measured(name: str, stream: Stream, share: float) -> dict[str, Any]:
    """One model: its first fit, and what each refit took and is worth."""
    began = time.perf_counter()
    base = Engine(model=name, **MODELS.get(name, {})).fit(stream.until(share))
    result: dict[str, Any] = {"first_seconds": time.perf_counter() - began, "more": {}}
    for more in MORE:
        questions, users = stream.questions(share + more)
        found: dict[str, tuple[float, Floats]] = {}
        for way, make in ways(base, stream, share, more):
            began = time.perf_counter()
            engine = make()
            seconds = time.perf_counter() - began
            found[way] = (seconds, answered(engine, questions))
        told = {"questions": len(questions), "people": len(np.unique(users))}
        result["more"][f"{more:g}"] = told | {"ways": compared(found, users)}
        for way, row in result["more"][f"{more:g}"]["ways"].items():
            figures = f"{row['seconds']:7.2f} s  {row['ndcg@10']:.4f}  {row['to cold']:+.4f}"
            print(
                f"{name} +{more:g} {way:8s} {figures} ({row['low']:+.4f} to {row['high']:+.4f})", flush=True
            )
    return result


def main() -> None:
    """Measure each model; what is there is kept after every one."""
    names = sys.argv[1].split(",") if len(sys.argv) > 1 else list(MODELS)
    share = float(sys.argv[2]) if len(sys.argv) > 2 else SHARE
    stream, models = Stream.of(loaded(DATA).dataset), dict[str, Any]()
    for name in names:
        models[name] = measured(name, stream, share)
        keep(f"refits-{DATA}", {"data": DATA, "share": share, "asked": ASKED, "models": models})


if __name__ == "__main__":
    main()
