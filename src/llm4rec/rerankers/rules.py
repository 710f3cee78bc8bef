"""Rules of the house: quotas, pins, boosts, frequency caps, cool-downs, spacing. Knows nothing of taste."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import (
    DAY,
    Candidates,
    Labels,
    Numbers,
    Request,
    RerankContext,
    SettingsError,
    labels,
    suggest,
)
from llm4rec.rerankers.greedy import Part, by_value, filled, parts
from llm4rec.rerankers.rules_config import RELAXED, Boost, Quota, Rule, RulesConfig, Spacing

HOUR = 3600.0
Mask = NDArray[np.bool_]
Broken = dict[Rule, Mask]


class Rules:
    """Each place goes to the first candidate that breaks no rule; where every one breaks some, to one that breaks least.

    Boosts come first, then pins, which stand above the rules; then place by place. Rules give way in the order `relaxed`: breaking
    all that give way earlier is less than breaking one that gives way later. What was broken within the places that go
    out is said in the notes of the request. Otherwise the order of the candidates stays.
    """

    config_type = RulesConfig

    def __init__(self, config: RulesConfig | None = None) -> None:
        self.config = config or RulesConfig()

    def rerank(
        self, requests: Sequence[Request], candidates: Candidates, context: RerankContext
    ) -> Candidates:
        """The first n places anew, the others as they stood (boosted). SettingsError where a rule names an unknown column."""
        orders: list[Numbers] = []
        notes: list[tuple[str, ...]] = []
        for part in parts(requests, candidates, context, 1.0, self._row_bytes(candidates, context)):
            first = _boosted(part, self.config.boosts)
            items = np.take_along_axis(part.items, first, axis=1)
            moved = Part(part.requests, items, part.relevance, part.strength, part.context)
            keeper = _Keeper(moved, self.config)
            orders.append(np.take_along_axis(first, filled(moved, keeper), axis=1))
            notes += keeper.notes()
        return candidates.reorder(np.concatenate(orders)).noted(notes) if orders else candidates

    def _row_bytes(self, candidates: Candidates, context: RerankContext) -> int:
        fields = _fields(self.config) | {one.field for one in self.config.boosts}
        width = sum(int(labels(context.catalog, field).numbers.shape[1]) for field in fields)
        return int(16 * candidates.items.shape[1] * (4 + width * (1 + context.n)))


class _Keeper:
    """Ranks candidates at a place by what they would break, then by where they stand."""

    def __init__(self, part: Part, config: RulesConfig) -> None:
        self._part, self._config = part, config
        catalog = part.context.catalog
        fields = _fields(config)
        self._known: dict[str, Labels] = {field: labels(catalog, field) for field in fields}
        self._numbers = {field: _numbers(one, part.items) for field, one in self._known.items()}
        self._above: dict[str, list[Numbers]] = {field: [] for field in fields}
        self._pins, self._missing = _pinned(part, config)
        self._always = _tired(part, config)
        self._weights = _weights(config.relaxed)
        self._ends = np.array([request.n for request in part.requests])
        self._broken: dict[Rule, Mask] = {}
        self._last: Broken = {}

    def gain(self, slot: int) -> NDArray[np.float64]:
        self._last = self._breaking(slot)
        place = np.arange(self._part.items.shape[1]) * 1e-3
        cost = sum((self._weights[rule] * mask for rule, mask in self._last.items()), np.zeros(place.shape))
        worth = -(cost + place) * np.ones(self._part.items.shape)
        # Pins stand above the rules, and are held back for their place.
        for at, mask in self._pins:
            worth = np.where(mask, np.inf if at == slot else worth - (1e9 if at > slot else 0.0), worth)
        return worth

    def add(self, slot: int, places: Numbers) -> None:
        row = np.arange(len(places))
        goes_out = slot < self._ends
        for rule, mask in self._last.items():
            hit = mask[row, places] & goes_out & (self._part.items[row, places] >= 0)
            self._broken[rule] = self._broken.get(rule, np.zeros(len(places), dtype=bool)) | hit
        for field, numbers in self._numbers.items():
            self._above[field].append(numbers[row, places])

    def _breaking(self, slot: int) -> Broken:
        """By rule, the candidates that would break it at this place."""
        found: Broken = dict(self._always)
        for quota in self._config.quotas:
            rule: Rule
            for rule, mask in self._quota(quota, slot):
                found[rule] = found.get(rule, np.zeros(mask.shape, dtype=bool)) | mask
        for spacing in self._config.spacing:
            mask = self._too_near(spacing)
            found["spacing"] = found.get("spacing", np.zeros(mask.shape, dtype=bool)) | mask
        return found

    def _quota(self, quota: Quota, slot: int) -> list[tuple[Rule, Mask]]:
        numbers, above = self._numbers[quota.field], self._above[quota.field]
        if quota.value is None:
            assert quota.at_most is not None
            return [("quota", _times(numbers, above) >= quota.at_most)]
        wanted = _number(self._known[quota.field], quota)
        has = (numbers == wanted).any(axis=2)
        count = sum(
            ((one == wanted).any(axis=1).astype(np.int64) for one in above), np.zeros(len(numbers), np.int64)
        )
        found: list[tuple[Rule, Mask]] = []
        if quota.at_most is not None:
            found.append(("quota", has & (count >= quota.at_most)[:, None]))
        if quota.at_least:
            left = self._ends - slot
            late = (quota.at_least - count >= left) & (left > 0) & (count < quota.at_least)
            found.append(("at least", ~has & late[:, None]))
        return found

    def _too_near(self, spacing: Spacing) -> Mask:
        numbers = self._numbers[spacing.field]
        above = self._above[spacing.field][-(spacing.places - 1) :] if spacing.places > 1 else []
        return _times(numbers, above) > 0

    def notes(self) -> list[tuple[str, ...]]:
        """What could not be kept, by request."""
        rows: list[tuple[str, ...]] = []
        for row in range(len(self._part.requests)):
            broken = [rule for rule, mask in self._broken.items() if mask[row]]
            told = (
                [f"rules: {', '.join(sorted(broken))} could not be kept for the whole list"] if broken else []
            )
            told += [
                f"rules: pinned item {name!r} is not among the candidates" for name in self._missing[row]
            ]
            rows.append(tuple(told))
        return rows


def _fields(config: RulesConfig) -> set[str]:
    """The columns that quotas and spacing look at."""
    return {one.field for one in config.quotas} | {one.field for one in config.spacing}


def _numbers(known: Labels, items: Numbers) -> Numbers:
    """Label numbers of each candidate, (rows, k, most), -1 padded."""
    inside = (items >= 0) & (items < len(known.numbers))
    return np.where(inside[:, :, None], known.numbers[np.where(inside, items, 0)], -1)


def _times(numbers: Numbers, above: Sequence[Numbers]) -> Numbers:
    """How many of the items above share the commonest of each candidate's labels, (rows, k)."""
    counts = np.zeros(numbers.shape, dtype=np.int64)
    for one in above:
        for column in range(one.shape[1]):
            wanted = one[:, column]
            counts += (numbers == wanted[:, None, None]) & (wanted >= 0)[:, None, None]
    return np.asarray(counts.max(axis=2, initial=0))


def _number(known: Labels, named: Quota | Boost) -> int:
    """The number of a label; SettingsError where no item has it."""
    label = f"{named.field}={named.value}"
    if label not in known.names:
        near = suggest(label, known.names)
        raise SettingsError(f"rules: no item has {label!r}{near}")
    return known.names.index(label)


def _boosted(part: Part, boosts: Sequence[Boost]) -> Numbers:
    """The order by relevance and what is added to it."""
    value = part.relevance.copy()
    for boost in boosts:
        known = labels(part.context.catalog, boost.field)
        wanted = _number(known, boost)
        value += np.float32(boost.by) * (_numbers(known, part.items) == wanted).any(axis=2)
    return by_value(part, value)


def _pinned(part: Part, config: RulesConfig) -> tuple[list[tuple[int, Mask]], list[list[str | int]]]:
    """The slot of each pin and where its item stands; and by request the pins that are not among the candidates."""
    pins: list[tuple[int, Mask]] = []
    missing: list[list[str | int]] = [[] for _ in part.requests]
    for pin in config.pins:
        number = part.context.catalog.ids.number(pin.item)
        mask = (part.items == number) & (number >= 0)
        pins.append((pin.place - 1, mask))
        for row in np.flatnonzero(~mask.any(axis=1)):
            missing[row].append(pin.item)
    return pins, missing


def _tired(part: Part, config: RulesConfig) -> Broken:
    """Candidates that were shown too often or too lately to the same person."""
    found: Broken = {}
    shown = part.context.shown
    if shown is None or (config.cap is None and config.cooldown_hours is None):
        return found
    often, lately = np.zeros(part.items.shape, dtype=bool), np.zeros(part.items.shape, dtype=bool)
    for row, (request, past) in enumerate(zip(part.requests, shown, strict=True)):
        if not len(past):
            continue
        now = float(past.timestamps.max()) if request.time is None else request.time
        age = now - past.timestamps
        if config.cap is not None:
            items, counts = np.unique(
                past.items[(age >= 0) & (age <= config.cap_days * DAY)], return_counts=True
            )
            often[row] = np.isin(part.items[row], items[counts >= config.cap])
        if config.cooldown_hours is not None:
            recent = past.items[(age >= 0) & (age < config.cooldown_hours * HOUR)]
            lately[row] = np.isin(part.items[row], recent)
    if config.cap is not None:
        found["cap"] = often
    if config.cooldown_hours is not None:
        found["cool-down"] = lately
    return found


def _weights(relaxed: Sequence[Rule]) -> dict[Rule, float]:
    """What breaking each rule costs: more than all that give way earlier together."""
    order = [*relaxed, *(rule for rule in RELAXED if rule not in relaxed)]
    return {rule: float(1_000 * 2**place) for place, rule in enumerate(order)}
