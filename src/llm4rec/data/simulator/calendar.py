"""When readers come, on what and from where: sessions of a few events. Knows nothing of items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Column, ColumnType, Numbers, Times
from llm4rec.data.simulator.config import DAY, WorldConfig
from llm4rec.data.simulator.contexts import DEVICES, HOUR, PLACES, Contexts, hour_of_day, is_weekend

# How often each hour of the day is chosen, from midnight on.
HOURS = np.array(
    [2, 1, 1, 0, 0, 1, 3, 6, 7, 5, 4, 4, 6, 5, 4, 4, 5, 6, 7, 9, 12, 13, 10, 5], dtype=np.float64
)


@dataclass(frozen=True, eq=False)
class Calendar:
    """The moments of all events, sorted by user and time; columns (events,).

    `places` count the events of a user from 0; `opens` marks the first of a session.
    """

    users: Numbers
    times: Times
    places: Numbers
    opens: NDArray[np.bool_]
    contexts: Contexts


def calendar_of(config: WorldConfig, most: int, rng: np.random.Generator) -> Calendar:
    """Events of every reader; none has more than `most`."""
    users = np.repeat(np.arange(config.readers), _counts(config, most, rng))
    places = np.arange(len(users)) - np.searchsorted(users, users)
    opens = (places == 0) | (rng.random(len(users)) < 1.0 / config.session_length)
    session = np.cumsum(opens) - 1
    begins = _session_times(users[opens], config, rng)
    pause = np.where(opens, 0.0, rng.exponential(240.0, len(users)) + 20.0)
    run = np.cumsum(pause)
    times = np.floor(begins[session] + run - run[opens][session])
    times = np.minimum(times, config.end - 1.0)
    # A session may reach into the next one of the same reader: sort whole, then count sessions anew.
    order = np.lexsort((times, users))
    times, session = times[order], session[order]
    opens = np.r_[True, np.diff(session) != 0]
    contexts = _contexts(users, times, opens, config, rng)
    return Calendar(users, times, places, opens, contexts)


def _counts(config: WorldConfig, most: int, rng: np.random.Generator) -> Numbers:
    """Events a reader: the least there may be, plus a gamma-distributed rest."""
    rest = config.mean_events - config.least_events
    extra = rng.gamma(1.6, max(rest, 1e-9) / 1.6, config.readers)
    top = min(config.most_events, most)
    return np.clip(config.least_events + np.round(extra), 1, top).astype(np.int64)


def _session_times(users: Numbers, config: WorldConfig, rng: np.random.Generator) -> Times:
    """UTC seconds at which sessions begin, ascending for each reader.

    A reader comes in the first two thirds of the days, and stays for a third of the rest or more, often to the end.
    """
    join = rng.random(config.readers) * 0.67
    stay = (1.0 - join) * np.minimum(1.0, 0.33 + rng.random(config.readers))
    part = join[users] + stay[users] * rng.random(len(users))
    day = np.minimum(np.floor(part * config.days), config.days - 1)
    # Some visits of working days are moved to the Sunday before: weekends see more of them.
    begin = config.start + day * DAY
    shift = np.where(~is_weekend(begin) & (rng.random(len(users)) < 0.2), _since_sunday(begin), 0.0)
    begin = np.maximum(begin - shift * DAY, config.start)
    begin += rng.choice(24, len(users), p=HOURS / HOURS.sum()) * HOUR + rng.random(len(users)) * HOUR
    return begin[np.lexsort((begin, users))]


def _since_sunday(times: Times) -> Times:
    """Whole days since the last Sunday."""
    return np.asarray((times // DAY + 4) % 7)


def _contexts(
    users: Numbers, times: Times, opens: NDArray[np.bool_], config: WorldConfig, rng: np.random.Generator
) -> Contexts:
    """One device and one place a session; a reader has a favourite device."""
    session = np.cumsum(opens) - 1
    first, reader = times[opens], users[opens]
    favourite = rng.choice(len(DEVICES), config.readers, p=(0.5, 0.2, 0.3))[reader]
    other = rng.integers(0, len(DEVICES), len(reader))
    device = np.where(rng.random(len(reader)) < 0.7, favourite, other)
    place = _places(first, rng.random(len(reader)))
    device = np.where(PLACES.index("commute") == place, DEVICES.index("phone"), device)
    return Contexts(
        {
            "session": Column(ColumnType.NUMBER, session.astype(np.float64)),
            "device": _labels(DEVICES, device[session]),
            "place": _labels(PLACES, place[session]),
        }
    )


def _places(times: Times, chance: Times) -> Numbers:
    """Home, but on working days also the way there and back, and the desk; travel now and then."""
    hour, free = hour_of_day(times), is_weekend(times)
    rush = ~free & (((hour >= 7) & (hour < 9)) | ((hour >= 17) & (hour < 19)))
    desk = ~free & (hour >= 9) & (hour < 17)
    place = np.zeros(len(times), dtype=np.int64)
    place[rush & (chance < 0.6)] = PLACES.index("commute")
    place[desk & (chance < 0.5)] = PLACES.index("work")
    place[chance > 0.94] = PLACES.index("travel")
    return place


def _labels(names: tuple[str, ...], numbers: Numbers) -> Column:
    return Column(ColumnType.CATEGORY, np.array(names, dtype=object)[numbers])
