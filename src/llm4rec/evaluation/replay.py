"""Prequential evaluation: events in order of time; each is asked for, then learnt. Knows no store and no simulator.

Predict, score, learn (Gama et al. 2013; for recommenders Vinagre et al. 2014). What is measured is the life of an engine that
serves, not one cut between past and future.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pydantic import Field, NonNegativeInt, PositiveInt

from llm4rec.core import (
    Config,
    Dataset,
    History,
    Holdout,
    Numbers,
    Progress,
    Request,
    SettingsError,
    Times,
    silent,
)
from llm4rec.core.errors import CannotSayError
from llm4rec.evaluation.drift import Alarm, DriftConfig, alarms
from llm4rec.evaluation.names import parse_metrics
from llm4rec.evaluation.once import EngineLike
from llm4rec.evaluation.ranking import rank
from llm4rec.evaluation.ratios import Ratio, ratio
from llm4rec.evaluation.results import Estimate


class ReplayConfig(Config):
    """`warm` is the share of events that is fitted before the first question."""

    metrics: tuple[str, ...] = ("ndcg@10", "hr@10")
    warm: float = Field(0.5, gt=0.0, lt=1.0)
    update_every: NonNegativeInt = Field(1, description="events until histories know of them; 0: never")
    refit_every: NonNegativeInt = Field(0, description="events until the engine is fitted again; 0: never")
    window: PositiveInt = 1_000
    most: PositiveInt | None = Field(None, description="questions at most, from the first")
    target_time: bool = False
    drift: DriftConfig = Field(default_factory=DriftConfig)


@dataclass(frozen=True, eq=False)
class Stream:
    """Events of a data set in order of time: `rank` (rows,) is the place of each row, `asked` the rows that are questions.

    Asked for are positive events behind the warm part whose item is not in the history yet; `skipped` counts the rest of them.
    """

    dataset: Dataset
    rank: Numbers
    warm: int
    asked: Numbers
    skipped: int

    def request(self, row: int, known: int, with_time: bool) -> Request:
        """The question that was open before an event, for whom all events before place `known` had happened."""
        events = self.dataset.interactions
        user = int(events.users[row])
        begin, end = self.dataset.offsets[user : user + 2]
        # Within a person rows stand in order of time, so their places in the stream rise.
        upto = begin + int(np.searchsorted(self.rank[begin:end], min(known, int(self.rank[row]))))
        moment = float(events.timestamps[row]) if with_time else None
        return Request(History.from_rows(events, slice(int(begin), upto)), user=user, time=moment)


@dataclass(frozen=True, eq=False)
class Replayed:
    """One engine over the stream: a value a question by metric, whose it was and when; and how often it was fitted."""

    values: dict[str, Times]
    users: Numbers
    times: Times
    fits: int
    seconds: float
    alarms: tuple[Alarm, ...] = ()
    degraded: tuple[str, ...] = field(default=())


def stream_of(dataset: Dataset, config: ReplayConfig) -> Stream:
    """The stream of a data set; CannotSayError where there is nothing to ask."""
    events = dataset.interactions
    order = np.lexsort((np.arange(len(events)), events.timestamps))
    ranks = np.empty(len(events), dtype=np.int64)
    ranks[order] = np.arange(len(events))
    warm = int(len(events) * config.warm)
    behind = order[warm:]
    behind = behind[events.positive[behind]]
    first = _first_time(dataset)
    asked = behind[first[behind]]
    if not len(asked) or warm == 0:
        raise CannotSayError(
            f"{len(events)} events leave nothing to ask behind the first {warm}: bring more, or a smaller warm part"
        )
    kept = asked[: config.most]
    return Stream(dataset, ranks, warm, kept, len(behind) - len(asked))


def _first_time(dataset: Dataset) -> Any:
    """Which rows are the first of their person and item: only those can be asked for, seen items being left out."""
    events = dataset.interactions
    pair = events.users * len(dataset.catalog) + events.items
    found = np.zeros(len(events), dtype=bool)
    found[np.unique(pair, return_index=True)[1]] = True
    return found


def replay(
    dataset: Dataset, engine_for: Callable[[], EngineLike], config: ReplayConfig, progress: Progress = silent
) -> Replayed:
    """Let one engine live through the stream: recommend, score, learn, event by event.

    `engine_for` gives a fresh engine each time that it is fitted. Learning is that histories grow (`update_every` events at a
    time) and that the engine is fitted again on all events so far (`refit_every`).
    """
    stream = stream_of(dataset, config)
    metrics = parse_metrics(config.metrics)
    if any(m.rule.family != "places" for m in metrics):
        raise SettingsError(
            f"a replay measures places of answers (ndcg@10, hr@10 …), not {', '.join(config.metrics)}"
        )
    begin, parts, fits = time.perf_counter(), [], 0
    engine: EngineLike | None = None
    for fitted_to, rows in progress(list(_stretches(stream, config)), "replay"):
        engine = engine_for()
        engine.fit(dataset.only(stream.rank < fitted_to))
        fits += 1
        requests = [
            stream.request(int(row), _known(stream, int(row), config), config.target_time) for row in rows
        ]
        targets = [dataset.interactions.items[row : row + 1] for row in rows]
        parts.append(rank(engine, Holdout(requests, targets), len(dataset.catalog), metrics).values)
    values = {m.name: np.concatenate([part[m.name] for part in parts]) for m in metrics}
    events = dataset.interactions
    return Replayed(
        values,
        events.users[stream.asked],
        events.timestamps[stream.asked],
        fits,
        time.perf_counter() - begin,
        tuple(alarms(values[metrics[0].name], config.drift)),
        tuple(getattr(engine, "degraded", ())),
    )


def _stretches(stream: Stream, config: ReplayConfig) -> Iterator[tuple[int, Numbers]]:
    """(events fitted on, questions asked of that engine), in order."""
    places = stream.rank[stream.asked]
    every = config.refit_every or len(stream.rank)
    part = (places - stream.warm) // every
    for number in np.unique(part):
        yield stream.warm + int(number) * every, stream.asked[part == number]


def _known(stream: Stream, row: int, config: ReplayConfig) -> int:
    """How many events histories know of when this one is asked for."""
    if not config.update_every:
        return stream.warm
    since = int(stream.rank[row]) - stream.warm
    return stream.warm + since // config.update_every * config.update_every


def windows(found: Replayed, metric: str, size: int) -> list[dict[str, Any]]:
    """The metric in windows of so many questions: first and last question, the moment of the last, and the estimate."""
    rows = []
    for start in range(0, len(found.users), size):
        part = slice(start, min(start + size, len(found.users)))
        estimate = _estimate(found.values[metric][part], found.users[part])
        rows.append(
            {
                "from": part.start,
                "to": part.stop,
                "time": float(found.times[part.stop - 1]),
                **estimate.as_json(),
            }
        )
    return rows


def _estimate(values: Times, users: Numbers) -> Estimate:
    mean = float(values.mean())
    try:
        return Estimate(mean, *_ratio(values, users).interval())
    except CannotSayError:
        return Estimate(mean, 0.0, 1.0)  # too few people: anything is possible


def _ratio(values: Times, users: Numbers) -> Ratio:
    return ratio(values, np.ones(len(values)), users)


def told(by_model: dict[str, Replayed], config: ReplayConfig, stream: Stream) -> dict[str, Any]:
    """Everything as plain values; each model also against the first."""
    names = [m.name for m in parse_metrics(config.metrics)]
    first = next(iter(by_model))
    models: dict[str, Any] = {}
    for name, one in by_model.items():
        models[name] = {
            "metrics": {m: _estimate(one.values[m], one.users).as_json() for m in names},
            "versus": {} if name == first else {first: _against(one, by_model[first], names)},
            "windows": {m: windows(one, m, config.window) for m in names},
            "alarms": [alarm.as_json() for alarm in one.alarms],
            "fits": one.fits,
            "seconds": one.seconds,
            "degraded": list(one.degraded),
        }
    facts = {"questions": len(stream.asked), "skipped": stream.skipped, "warm": stream.warm}
    return {"replay": {**facts, **config.model_dump(mode="json")}, "models": models}


def _against(one: Replayed, other: Replayed, names: Sequence[str]) -> dict[str, Any]:
    """Differences question by question with their intervals."""
    return {m: _difference(one.values[m] - other.values[m], one.users) for m in names}


def _difference(values: Times, users: Numbers) -> dict[str, Any] | None:
    try:
        found = _ratio(values, users)
    except CannotSayError:
        return None
    low, high = found.interval()
    return {"difference": found.value, "low": low, "high": high}
