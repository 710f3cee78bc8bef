"""Feature blocks of a time column (UTC seconds): hour, weekday, year, age. Knows no clock: `fit` sets the present."""

from __future__ import annotations

from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from llm4rec.core import ColumnType, Config, Table
from llm4rec.data.labelled import Labelled, Labels, present, typed

HOUR, DAY = 3_600.0, 86_400.0
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _moments(table: Table, name: str, block: object, shift_hours: float = 0.0) -> Labels:
    rows, times = present(typed(table, name, [ColumnType.TIME], block))
    return rows, times.astype(np.float64) + shift_hours * HOUR


class DayOfWeekConfig(Config):
    """`utc_offset_hours` turns UTC into local time."""

    column: str
    utc_offset_hours: float = 0.0


class TimeOfDayConfig(DayOfWeekConfig):
    """A day has 24 / `hours` parts; `hours` divides 24."""

    hours: Annotated[int, Field(gt=0, le=12)] = 4

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if 24 % self.hours:
            raise ValueError("'hours' divides 24: 1, 2, 3, 4, 6, 8 or 12")
        return self


class TimeOfDay(Labelled[TimeOfDayConfig]):
    """One column a part of the day."""

    kind = "time-of-day"
    config_type = TimeOfDayConfig

    def _labels(self, table: Table) -> Labels:
        rows, times = _moments(table, self.config.column, self, self.config.utc_offset_hours)
        return rows, (times % DAY // (HOUR * self.config.hours)).astype(np.int64)

    def _values(self, labels: NDArray[Any]) -> NDArray[Any]:
        return np.arange(24 // self.config.hours)

    def _say(self, value: Any) -> str:
        return f"{value * self.config.hours:02d}-{(value + 1) * self.config.hours:02d}h"


class DayOfWeek(Labelled[DayOfWeekConfig]):
    """One column a weekday."""

    kind = "day-of-week"
    config_type = DayOfWeekConfig

    def _labels(self, table: Table) -> Labels:
        rows, times = _moments(table, self.config.column, self, self.config.utc_offset_hours)
        # Day 0 of the epoch was a Thursday.
        return rows, ((times // DAY + 3) % 7).astype(np.int64)

    def _values(self, labels: NDArray[Any]) -> NDArray[Any]:
        return np.arange(7)

    def _say(self, value: Any) -> str:
        return WEEKDAYS[value]


class YearConfig(Config):
    """Calendar years (UTC) in groups of `years`."""

    column: str
    years: PositiveInt = 1


class Year(Labelled[YearConfig]):
    """One column a year that occurred in `fit`; any other year counts as the nearest of them."""

    kind = "year"
    config_type = YearConfig

    def _years(self, table: Table) -> Labels:
        rows, times = _moments(table, self.config.column, self)
        years = np.floor(times).astype("datetime64[s]").astype("datetime64[Y]").astype(np.int64) + 1970
        return rows, years // self.config.years * self.config.years

    def _learn(self, table: Table) -> None:
        self.values_ = np.unique(self._years(table)[1])

    def _labels(self, table: Table) -> Labels:
        rows, years = self._years(table)
        if len(self.values_) == 0:
            return rows[:0], years[:0]
        middles = (self.values_[1:] + self.values_[:-1]) / 2
        return rows, self.values_[np.searchsorted(middles, years)]


class AgeConfig(Config):
    """`bins` bins whose edges grow by one factor from `youngest_days` to `oldest_days`.

    `present` (UTC seconds) is when age is zero; None: the latest time seen in `fit`.
    """

    column: str
    bins: Annotated[int, Field(ge=3)] = 8
    youngest_days: PositiveFloat = 1.0
    oldest_days: PositiveFloat = 3650.0
    present: float | None = None

    @model_validator(mode="after")
    def _grows(self) -> Self:
        if self.oldest_days <= self.youngest_days:
            raise ValueError("'oldest_days' is larger than 'youngest_days'")
        return self


class Age(Labelled[AgeConfig]):
    """One column an age; what is newer than the present counts as youngest."""

    kind = "age"
    config_type = AgeConfig
    learnt = ("values_", "present_")
    present_: float

    def _learn(self, table: Table) -> None:
        times = _moments(table, self.config.column, self)[1]
        latest = float(times.max(initial=0.0)) if len(times) else 0.0
        self.present_ = latest if self.config.present is None else self.config.present

    def _labels(self, table: Table) -> Labels:
        rows, times = _moments(table, self.config.column, self)
        days = (self.present_ - times) / DAY
        return rows, np.searchsorted(self._edges, days, side="right").astype(np.int64)

    def _values(self, labels: NDArray[Any]) -> NDArray[Any]:
        return np.arange(self.config.bins)

    @property
    def _edges(self) -> NDArray[np.float64]:
        return np.geomspace(self.config.youngest_days, self.config.oldest_days, self.config.bins - 1)

    def _say(self, value: Any) -> str:
        low = f"{self._edges[value - 1]:.3g}" if value > 0 else ""
        high = f"{self._edges[value]:.3g}" if value < self.config.bins - 1 else ""
        return f"{low}..{high} days old"
