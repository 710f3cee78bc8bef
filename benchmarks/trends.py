"""What is popular now against what was popular at the last fit; and whether trends help people who are known.

python -m benchmarks.trends [DATA ...]        (only data whose times are a clock: what is taken now means nothing in an order without one)

Events in order of time: the engine is fitted on the first 80 of 100 (for the test: 90), then the next 10 are asked for, each
before it is learnt; what is taken is followed as the service follows it, and put into the lists once a day. A list for nobody
known is asked for the first events of each person in the part. Half-lives, prior and weight are chosen on validation.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import keep, loaded
from llm4rec.core import DAY, DataError, Dataset, Feedback, Floats, History, Numbers, Request, masked
from llm4rec.engine import Engine, Settings
from llm4rec.engine.live.trending import Trends, tilt_of
from llm4rec.evaluation.ratios import ratio

HALF_LIVES: tuple[tuple[float, ...], ...] = (
    (24.0,), (168.0,), (1.0, 24.0, 168.0), (24.0, 168.0), (168.0, 720.0), (720.0,), (168.0, 720.0, 2880.0),
)  # fmt: skip
PRIORS = (30.0, 100.0, 300.0, 1000.0, 3000.0)
WEIGHTS = (0.0, 0.02, 0.05, 0.1, 0.2)
FIRST, MOST, TOP = 5, 1_000, 10
Rows = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Part:
    """A stretch of the stream: the data before it, its rows that are asked for, and blocks of a day."""

    dataset: Dataset
    before: Dataset
    rows: Numbers
    asked: Numbers

    def blocks(self) -> Iterator[tuple[Numbers, float]]:
        """Rows of a day, and when it begins."""
        times = self.dataset.interactions.timestamps[self.rows]
        days = (times // DAY).astype(np.int64)
        for day in np.unique(days):
            yield self.rows[days == day], float(times[days == day][0])


def part_of(dataset: Dataset, start: float, stop: float) -> Part:
    """From one share of the events to another."""
    events = dataset.interactions
    order = np.lexsort((np.arange(len(events)), events.timestamps))
    low, high = int(start * len(order)), int(stop * len(order))
    known = np.zeros(len(order), dtype=bool)
    known[order[:low]] = True
    rows = order[low:high]
    taken: dict[int, int] = {}
    asked = []
    for row in rows[events.positive[rows]].tolist():
        user = int(events.users[row])
        taken[user] = taken.get(user, 0) + 1
        if taken[user] <= FIRST:
            asked.append(row)
    some = np.random.default_rng(0).permutation(len(asked))[:MOST]
    return Part(dataset, dataset.only(known), rows, np.array(asked)[np.sort(some)])


def told(dataset: Dataset, rows: Numbers) -> list[Feedback]:
    """Events as the store has them."""
    events = dataset.interactions
    columns = (events.users[rows], events.items[rows], events.timestamps[rows])
    return [
        Feedback(str(user), str(dataset.catalog.ids.ids[item]), "click", time)
        for user, item, time in zip(*(c.tolist() for c in columns), strict=True)
    ]


def course(
    part: Part, hours: Sequence[float], priors: Sequence[float], longest: Floats
) -> Iterator[tuple[Numbers, list[Rows]]]:
    """The rows that are asked for on each day, and the shares that day by prior."""
    trends = Trends(tuple(hours), 1.0)
    events, ids = part.dataset.interactions, part.dataset.catalog.ids
    first = float(events.timestamps[part.rows[0]])
    recent = events.timestamps > first - trends.reach
    old = np.setdiff1d(np.flatnonzero(recent & (events.timestamps <= first)), part.rows)
    trends.take(told(part.dataset, old[np.argsort(events.timestamps[old], kind="stable")]))
    for rows, time in part.blocks():
        asked = part.asked[np.isin(part.asked, rows)]
        if len(asked):
            yield asked, [_shares(trends, prior, longest, (ids, time)) for prior in priors]
        trends.take(told(part.dataset, rows))


def _shares(trends: Trends, prior: float, longest: Floats, when: tuple[Any, float]) -> Rows:
    trends.prior = prior
    return trends.shares(when[0], longest, when[1])


def gain(scores: Floats | Rows, item: int) -> float:
    """NDCG@10 of one right answer."""
    place = int((scores > scores[item]).sum()) + int((scores[:item] == scores[item]).sum())
    return 1.0 / float(np.log2(place + 2.0)) if place < TOP else 0.0


def at_fit(part: Part, longest: Floats) -> Rows:
    """(asked,) gains of the list of the last fit, for all."""
    items = part.dataset.interactions.items
    return np.array([gain(longest, int(items[row])) for row in part.asked])


def unknown(part: Part, longest: Floats, hours: Sequence[float], priors: Sequence[float]) -> list[Rows]:
    """(asked,) gains of one list for all, by prior."""
    items = part.dataset.interactions.items
    found: dict[int, list[float]] = {}
    for rows, shares in course(part, hours, priors, longest):
        for row in rows.tolist():
            found[row] = [gain(one, int(items[row])) for one in shares]
    return list(np.array([found[int(row)] for row in part.asked]).T)


def known(
    part: Part, engine: Engine, longest: Floats, how: tuple[Sequence[float], float]
) -> tuple[dict[float, Rows], Numbers]:
    """(asked who have a history,) gains of people's own lists by the weight of trends; and whose they are."""
    events, users = part.dataset.interactions, list[int]()
    result: dict[float, list[float]] = {weight: [] for weight in WEIGHTS}
    hours, prior = how
    for rows, (shares,) in course(part, hours, (prior,), longest):
        for row in rows.tolist():
            request = asking(part, row)
            if not len(request.history) or events.items[row] in request.history.items:
                continue
            scores = engine.score([request])[0]
            users.append(int(events.users[row]))
            for weight in WEIGHTS:
                tilt = tilt_of(shares, longest, weight)
                way = max(float(scores.max() - scores.mean()), 1e-6)
                moved = (scores if tilt is None else scores + way * tilt)[None].astype(np.float32)
                result[weight].append(gain(masked(moved, [request])[0], int(events.items[row])))
    return {weight: np.array(values) for weight, values in result.items()}, np.array(users)


def asking(part: Part, row: int) -> Request:
    """The question that was open before an event."""
    events, user = part.dataset.interactions, int(part.dataset.interactions.users[row])
    begin = int(part.dataset.offsets[user])
    return Request(History.from_rows(events, slice(begin, row)), user=-1)


def against(one: Rows, other: Rows, users: Numbers) -> dict[str, Any]:
    """Means and the difference with its interval; people are drawn, not questions."""
    found = ratio(one - other, np.ones(len(one)), users)
    low, high = found.interval()
    means = {"with": float(one.mean()), "without": float(other.mean()), "questions": len(one)}
    return {**means, "difference": found.value, "low": low, "high": high}


def measured(name: str) -> dict[str, Any]:
    """Chosen on validation, told of the test."""
    dataset = loaded(name).dataset
    if not dataset.interactions.has_clock:
        raise DataError(
            f"{name}: its times are an order, not a clock; trends need data whose timestamps are seconds"
        )
    valid, test = part_of(dataset, 0.8, 0.9), part_of(dataset, 0.9, 1.0)
    plain = Settings(encoder={"name": "none"})
    engine = Engine(plain, model="sequence", tune=False).fit(valid.before)
    longest = engine.fitted.fallback.score([Request(History.of([]))])[0]
    table = {}
    for hours in HALF_LIVES:
        for prior, gains in zip(PRIORS, unknown(valid, longest, hours, PRIORS), strict=True):
            name = f"{'+'.join(f'{h:g}' for h in hours)} prior {prior:g}"
            table[name] = float(gains.mean()), hours, prior
    before = float(at_fit(valid, longest).mean())
    _, hours, prior = max(table.values(), key=lambda row: row[0])
    by_weight, _ = known(valid, engine, longest, (hours, prior))
    weight = max(WEIGHTS, key=lambda one: float(by_weight[one].mean()))
    final = Engine(plain, model="sequence", tune=False).fit(test.before)
    longest = final.fitted.fallback.score([Request(History.of([]))])[0]
    tried, users = known(test, final, longest, (hours, prior))
    asked = dataset.interactions.users[test.asked]
    return {
        "validation": {"at the fit": before, **{key: row[0] for key, row in table.items()}},
        "chosen": {"hours": hours, "prior": prior, "weight": weight},
        "unknown": against(unknown(test, longest, hours, (prior,))[0], at_fit(test, longest), asked),
        "known, validation": {f"{w:g}": float(v.mean()) for w, v in by_weight.items()},
        "known": {f"{w:g}": against(tried[w], tried[0.0], users) for w in WEIGHTS if w},
    }


def main() -> None:
    """The figures of each data set."""
    for name in sys.argv[1:] or ["ml-100k"]:
        result = measured(name)
        keep(f"trends-{name}", result)
        print(result)


if __name__ == "__main__":
    main()
