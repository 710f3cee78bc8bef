"""Everything at once: what an operator sees of a live engine over a window of days. The parts stand in the files beside."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from llm4rec.core import SettingsError, labels
from llm4rec.core.experiment import NOTE, Experiment
from llm4rec.evaluation.logs import Log
from llm4rec.evaluation.watching import policies, quality, shown, signals
from llm4rec.evaluation.watching.figures import HOUR, Figure, Point, Signal, course, figure, parts_of
from llm4rec.evaluation.watching.reading import Hour, Watcher

if TYPE_CHECKING:
    from llm4rec.engine.live import Live

MOST_DAYS = 31.0


@dataclass(frozen=True)
class Watched:
    """All figures of a window; see the docstrings of the parts. `notes` say what could not be looked at."""

    since: float
    until: float
    answers: int
    traffic: tuple[tuple[float, Hour], ...]
    click_through: Figure
    conversion: Figure
    clicks: tuple[Point, ...]
    conversions: tuple[Point, ...]
    spread: shown.Spread
    cold: Figure
    degraded: Figure
    reasons: Mapping[str, int]
    drift: tuple[Signal, ...]
    prequential: Figure
    quality: tuple[Point, ...]
    experiments: tuple[policies.Tried, ...]
    estimates: tuple[policies.Estimated, ...]
    versions: tuple[Mapping[str, Any], ...]
    reports: tuple[Mapping[str, Any], ...]
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {name: _plain(getattr(self, name)) for name in self.__dataclass_fields__} | {
            "traffic": [{"time": time, **vars(hour)} for time, hour in self.traffic]
        }


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value.as_json() if hasattr(value, "as_json") else value


def watch(live: Live, days: float = 7.0, watcher: Watcher | None = None) -> Watched:
    """The figures of the last `days`, 31 at most. A `watcher` that is kept makes the next look cost what is new.

    SettingsError for other days, StoreError where the store cannot be read.
    """
    if not (math.isfinite(days) and 0.0 < days <= MOST_DAYS):
        raise SettingsError(f"days = {days!r}: a window has more than 0 and at most {MOST_DAYS:g} days")
    kept = watcher or Watcher(live.store, live.name)
    kept.step()
    return _Look(live, kept, days).watched()


@dataclass(eq=False)
class _Look:
    """One look."""

    live: Live
    watcher: Watcher
    days: float

    def __post_init__(self) -> None:
        self.until = self.live.now() + 1.0
        self.since = self.until - 24 * HOUR * self.days
        self.engine = self.live.serving.engine
        self.log = self.watcher.log(self.since, self.until)
        self.feedback = self.watcher.feedback(self.since, self.until)
        self.starts = parts_of(self.since, self.until)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Numbers of the items that may be shown, by id."""
        return {str(item): number for number, item in enumerate(self.engine.catalog.ids.ids)}

    def watched(self) -> Watched:
        """Everything."""
        log, ones = self.log, np.ones(len(self.log))
        times = np.array([row["time"] for row in log.impressions], dtype=np.float64)
        clicked, bought = (_any(log, name) for name in ("clicked", "converted"))
        taken = quality.answered(log, self.feedback)
        asked = np.ones(len(taken.worth))
        short, reasons = shown.degraded(log)
        return Watched(
            since=self.since,
            until=self.until,
            answers=len(log),
            traffic=self._traffic(),
            click_through=figure(clicked, ones, log.users),
            conversion=figure(bought, ones, log.users),
            clicks=course(times, clicked, ones, log.users, self.starts),
            conversions=course(times, bought, ones, log.users, self.starts),
            spread=shown.spread(log, self.numbers, len(self.engine.catalog)),
            cold=shown.cold_share(log, self.numbers, self._cold()),
            degraded=short,
            reasons=reasons,
            drift=signals.signals(log, self.feedback, self._categories()),
            prequential=figure(taken.worth, asked, taken.users),
            quality=course(taken.times, taken.worth, asked, taken.users, self.starts),
            experiments=policies.experiments(log, _experiments(self.live)),
            estimates=policies.estimates(log),
            versions=self._versions(),
            reports=tuple(_reports(self.live)),
            notes=self._notes(),
        )

    def _traffic(self) -> tuple[tuple[float, Hour], ...]:
        """What each part of the window brought."""
        totals = [Hour() for _ in self.starts]
        with self.watcher.lock:
            for hour, found in self.watcher.hours.items():
                place = int(np.searchsorted(self.starts, hour * HOUR, side="right")) - 1
                if place >= 0 and hour * HOUR < self.until:
                    for name, count in vars(found).items():
                        setattr(totals[place], name, getattr(totals[place], name) + count)
        return tuple(zip(self.starts, totals, strict=True))

    def _cold(self) -> Any:
        """(items,): which items fewer than `cold_events` people had taken when the engine was fitted."""
        counts = np.zeros(len(self.engine.catalog), dtype=np.int64)
        known = self.engine.fitted.dataset.counts
        counts[: len(known)] = known
        return counts < self.live.settings.cold_events

    def _categories(self) -> dict[str, str]:
        """The first category of each item, by id."""
        known = labels(self.engine.catalog)
        names = known.names
        return {
            item: names[first] if (first := int(known.numbers[number, 0])) >= 0 else "none"
            for item, number in self.numbers.items()
        }

    def _versions(self) -> tuple[Mapping[str, Any], ...]:
        """Every version on record, newest first, and what its answers brought in this window."""
        standing = self.live.registry.standing()
        brought = policies.by_version(self.log)
        nothing = Figure(None, None, None, 0, 0, "no answer in this window")
        rows = [
            {
                "version": name,
                "state": standing.state(name),
                "model": str(record.settings.get("model") or ""),
                "parent": record.parent,
                "time": record.time,
                "metrics": dict(record.metrics),
                "reason": standing.refused.get(name, ""),
                "click_through": brought.get(name, nothing).as_json(),
            }
            for name, record in standing.known.items()
        ]
        return tuple(reversed(rows))

    def _notes(self) -> tuple[str, ...]:
        told = []
        if not self.watcher.complete:
            told.append(f"counts look at the newest {self.watcher.read:,} rows of the store")
        oldest = self.watcher.since
        if self.watcher.full and oldest is not None and oldest > self.since:
            hours = (self.until - oldest) / HOUR
            told.append(
                f"rates rest on the newest {self.watcher.most:,} lists, those of the last {hours:,.1f} hours"
            )
        if self.log.lost:
            told.append(f"{self.log.lost} events quote no list of this window, and count in no rate")
        return tuple(told)


def _any(log: Log, name: str) -> Any:
    return np.asarray(getattr(log, name).max(axis=1, initial=0.0), dtype=np.float64)


def _experiments(live: Live) -> dict[str, Experiment]:
    notes = live.store.notes(tenant=live.name) if hasattr(live.store, "notes") else {}
    return {
        name.removeprefix(NOTE): Experiment(name.removeprefix(NOTE), **json.loads(one))
        for name, one in notes.items()
        if name.startswith(NOTE)
    }


def _reports(live: Live) -> list[dict[str, Any]]:
    """Items with reports that stand, those of most people first; behind them what was decided to be hidden."""
    catalog, at = live.serving.engine.catalog, live.serving.engine.settings.safety.review_at
    standing, decided = live.reports.open(), live.reports.decided()
    hidden = set(live.reports.under_review(at))
    rows = []
    for item in [*standing, *(item for item in decided if item not in standing)]:
        users = standing.get(item, set())
        said = [r for r in live.reports.all if r.item == item and r.action == "report"]
        number = catalog.ids.number(item)
        rows.append(
            {
                "item": str(item),
                "title": str(catalog.titles[number]) if number >= 0 else str(item),
                "people": len(users),
                "categories": sorted({one.category for one in said}),
                "texts": list(dict.fromkeys(one.text for one in said if one.text))[-3:],
                "time": max((one.time for one in said), default=0.0),
                "hidden": item in hidden,
                "decided": item in decided,
                "needed": at,
            }
        )
    return sorted(rows, key=lambda row: (-row["people"], row["item"]))
