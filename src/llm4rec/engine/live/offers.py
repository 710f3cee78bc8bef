"""What limits an item by itself: its price, whether it can be had, from which age it is shown. Knows no users."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Catalog, ColumnType, ItemVersion, Numbers, SettingsError, Times
from llm4rec.engine.live_settings import LiveSettings

NO = frozenset(
    {"0", "0.0", "false", "no", "none", "n", "off", "out", "out of stock", "unavailable", "sold out"}
)


@dataclass(frozen=True, eq=False)
class Offers:
    """By item: price (NaN unknown), whether it can be had, years from which it is shown (0: no limit)."""

    price: Times
    available: NDArray[np.bool_]
    min_age: Times

    @classmethod
    def none(cls) -> Offers:
        """Of no items."""
        return cls(np.zeros(0), np.zeros(0, dtype=bool), np.zeros(0))

    @cached_property
    def usual(self) -> Numbers:
        """What is left out where nothing is said: of somebody young, what can be had, at any price."""
        return self._ruled_out(None, None, True)

    @classmethod
    def of(cls, catalog: Catalog, versions: Mapping[str, ItemVersion], settings: LiveSettings) -> Offers:
        """From the columns of the catalog, and over them what the newest versions of items say."""
        price, ages = _numbers(catalog, settings.price), _numbers(catalog, settings.min_age)
        there = _available(catalog, settings.available)
        for item, version in versions.items():
            number = catalog.ids.number(item)
            if number < 0 or version.deleted:
                continue
            told = version.attributes
            price[number] = _number(told.get(settings.price))
            ages[number] = _number(told.get(settings.min_age))
            there[number] = _yes(told.get(settings.available))
        return cls(price, there, np.nan_to_num(ages, nan=0.0))

    def ruled_out(
        self, price: tuple[float | None, float | None] | None, age: float | None, available: bool = True
    ) -> Numbers:
        """Items that break a limit; without a known price an item is in no range."""
        usual = price is None and age is None and available
        return self.usual if usual else self._ruled_out(price, age, available)

    def _ruled_out(
        self, price: tuple[float | None, float | None] | None, age: float | None, available: bool
    ) -> Numbers:
        out = self.min_age > (0.0 if age is None else age)
        if available:
            out |= ~self.available
        if price is not None:
            low, high = price
            kept = np.isfinite(self.price)
            kept &= True if low is None else self.price >= low
            kept &= True if high is None else self.price <= high
            out |= ~kept
        return np.flatnonzero(out)


def price_range(given: object) -> tuple[float | None, float | None] | None:
    """(from, to), either may be None; SettingsError for anything else."""
    if given is None:
        return None
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise SettingsError(f"price = {given!r}: give (from, to), either may be None")
    for end in given:
        if end is not None and (
            isinstance(end, bool) or not isinstance(end, int | float) or not math.isfinite(end)
        ):
            raise SettingsError(f"price = {given!r}: {end!r} is no number")
    return given[0], given[1]


def _numbers(catalog: Catalog, name: str) -> Times:
    column = catalog.columns.get(name)
    if column is None:
        return np.full(len(catalog), np.nan)
    if column.type is ColumnType.NUMBER:
        return np.asarray(column.values, dtype=np.float64).copy()
    if column.type in (ColumnType.CATEGORY, ColumnType.TEXT):
        return np.array([_number(value) for value in column.values], dtype=np.float64)
    return np.full(len(catalog), np.nan)


def _available(catalog: Catalog, name: str) -> NDArray[np.bool_]:
    column = catalog.columns.get(name)
    if column is None or column.type not in (ColumnType.NUMBER, ColumnType.CATEGORY, ColumnType.TEXT):
        return np.ones(len(catalog), dtype=bool)
    return np.array([_yes(value) for value in column.values.tolist()], dtype=bool)


def _number(value: Any) -> float:
    try:
        return np.nan if value is None or isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return np.nan


def _yes(value: Any) -> bool:
    """An item of which nothing is said can be had."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return True
    return str(value).strip().lower() not in NO
