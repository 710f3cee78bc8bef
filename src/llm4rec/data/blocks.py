"""Feature blocks of attributes: categories, tags, numbers in bins, places. Knows nothing of items or users."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat, PositiveInt, model_validator

from llm4rec.core import ColumnType, Config, Table
from llm4rec.data.labelled import Labelled, Labels, present, typed


class OneHotConfig(Config):
    """A value gets a column when `min_count` rows have it, and at most the `max_values` most frequent do."""

    column: str
    min_count: PositiveInt = 1
    max_values: PositiveInt = 2000


class OneHot(Labelled[OneHotConfig]):
    """One column a category."""

    kind = "one-hot"
    config_type = OneHotConfig

    def _labels(self, table: Table) -> Labels:
        rows, values = present(typed(table, self.config.column, [ColumnType.CATEGORY], self))
        return rows, values.astype(object)

    def _values(self, labels: NDArray[Any]) -> NDArray[Any]:
        values, counts = np.unique(labels, return_counts=True)
        values, counts = values[counts >= self.config.min_count], counts[counts >= self.config.min_count]
        return np.sort(values[np.argsort(-counts, kind="stable")[: self.config.max_values]])


class MultiHot(OneHot):
    """One column a tag; a row has as many ones as it has tags."""

    kind = "multi-hot"

    def _labels(self, table: Table) -> Labels:
        rows, values = present(typed(table, self.config.column, [ColumnType.TAGS], self))
        tags = [tuple(dict.fromkeys(given)) for given in values.tolist()]
        flat = np.array([tag for given in tags for tag in given], dtype=object)
        return np.repeat(rows, [len(given) for given in tags]), flat


class BinnedConfig(Config):
    """At most `bins` bins of equally many rows each."""

    column: str
    bins: PositiveInt = 10


class Binned(Labelled[BinnedConfig]):
    """One column a bin of a number, cut at quantiles; a missing number has no bin, the outer bins have no end."""

    kind = "binned"
    config_type = BinnedConfig
    learnt = ("values_", "edges_")
    edges_: NDArray[np.float64]

    def _learn(self, table: Table) -> None:
        values = self._known(table)[1]
        inner = np.linspace(0.0, 1.0, self.config.bins + 1)[1:-1]
        # "higher" cuts at values that occur, so that names read as numbers of the data.
        edges = np.unique(np.quantile(values, inner, method="higher")) if len(values) else np.zeros(0)
        self.edges_ = edges[edges > values.min(initial=np.inf)]

    def _known(self, table: Table) -> Labels:
        rows, values = present(typed(table, self.config.column, [ColumnType.NUMBER, ColumnType.TIME], self))
        return rows, values.astype(np.float64)

    def _labels(self, table: Table) -> Labels:
        rows, values = self._known(table)
        return rows, np.searchsorted(self.edges_, values, side="right").astype(np.int64)

    def _say(self, value: Any) -> str:
        low = f"{self.edges_[value - 1]:.6g}" if value > 0 else ""
        high = f"{self.edges_[value]:.6g}" if value < len(self.edges_) else ""
        return f"{low}..{high}"


class PlaceConfig(Config):
    """A category column of places, or a pair of columns in degrees that is laid on a grid of `degrees`."""

    column: str = ""
    latitude: str = ""
    longitude: str = ""
    degrees: PositiveFloat = 1.0

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        pair = bool(self.latitude), bool(self.longitude)
        if pair[0] != pair[1] or bool(self.column) == pair[0]:
            raise ValueError("name either 'column', or both 'latitude' and 'longitude'")
        return self


class Place(Labelled[PlaceConfig]):
    """One column a place: a category, or a cell of the grid, named by its south-west corner."""

    kind = "place"
    config_type = PlaceConfig

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the block reads."""
        pair = self.config.latitude, self.config.longitude
        return (self.config.column,) if self.config.column else pair

    def _labels(self, table: Table) -> Labels:
        if self.config.column:
            rows, values = present(typed(table, self.config.column, [ColumnType.CATEGORY], self))
            return rows, values.astype(object)
        north, east = (typed(table, name, [ColumnType.NUMBER], self).values for name in self.columns)
        rows = np.flatnonzero((np.abs(north) <= 90.0) & np.isfinite(east)).astype(np.int64)
        south_edge = np.floor((north[rows] + 90.0) / self.config.degrees).astype(np.int64)
        west_edge = np.floor((east[rows] + 180.0) % 360.0 / self.config.degrees).astype(np.int64)
        return rows, south_edge * self._around + west_edge

    @property
    def _around(self) -> int:
        """More than the cells of one circle of latitude."""
        return int(np.ceil(360.0 / self.config.degrees)) + 1

    def _say(self, value: Any) -> str:
        if self.config.column:
            return str(value)
        south, west = divmod(value, self._around)
        return f"{south * self.config.degrees - 90.0:g},{west * self.config.degrees - 180.0:g}"
