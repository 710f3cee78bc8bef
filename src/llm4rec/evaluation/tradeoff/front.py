"""Which settings are worth having: Pareto fronts, their volume, and the one to take. Looks at figures alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llm4rec.evaluation.tradeoff.measures import ACCURATE, AXES

Figures = Mapping[str, Mapping[str, Any]]
FLOOR = 0.9  # of the model's own accuracy: below it no area counts
EQUAL = 1e-12


@dataclass(frozen=True)
class Choice:
    """The setting to take, by which rule, and how much of what can be gained it gains (0 to 1)."""

    name: str
    rule: str
    gain: float


def kept(figures: Figures) -> float | None:
    """Accuracy as a share of the model's own; None where that is 0."""
    change = figures[ACCURATE]["change"]
    return None if change is None else 1.0 + float(change)


def gain(figures: Figures, axis: str) -> float | None:
    """How much better a figure is than the model's own, relative; None where it was not measured or is 0 there."""
    found = figures.get(axis, {}).get("change")
    return None if found is None else (-1.0 if AXES[axis][1] else 1.0) * float(found)


def measured(rows: Mapping[str, Figures]) -> list[str]:
    """The axes that every row has."""
    return [axis for axis in AXES if all(gain(row, axis) is not None for row in rows.values())]


def front(rows: Mapping[str, Figures], axis: str) -> list[str]:
    """Rows that no other beats in accuracy and in this axis, from the most accurate to the most gained.

    Of equal rows the first stays. A row that is beaten in one and no better in the other is not on the front (Pareto).
    """
    points = [(kept(row) or 0.0, gain(row, axis) or 0.0, name) for name, row in rows.items()]
    order = sorted(range(len(points)), key=lambda at: (-points[at][0], -points[at][1], at))
    found: list[str] = []
    most = -float("inf")
    for at in order:
        if points[at][1] > most + EQUAL:
            most = points[at][1]
            found.append(points[at][2])
    return found


def volume(rows: Mapping[str, Figures], axis: str) -> float:
    """Area that the front dominates: share of accuracy above FLOOR times relative gain above none.

    The hypervolume of Zitzler and Thiele (1999) from the corner (FLOOR, 0): one number a curve, higher is better. A curve that
    gained `g` at no loss at all would have (1 - FLOOR) g.
    """
    area, before = 0.0, 0.0
    for name in front(rows, axis):
        share, gained = (kept(rows[name]) or 0.0) - FLOOR, gain(rows[name], axis) or 0.0
        if share > 0 and gained > before:
            area += share * (gained - before)
            before = gained
    return area


def gains(rows: Mapping[str, Figures], among: Sequence[str]) -> dict[str, float]:
    """How much of what can be gained each of `among` gains: the mean over axes of gain / largest gain among them.

    Axes on which none of them gains anything are left out; a loss counts as such, at most as much as the largest gain.
    """
    total = dict.fromkeys(among, 0.0)
    used = 0
    for axis in measured(rows):
        values = {name: gain(rows[name], axis) or 0.0 for name in among}
        most = max(values.values(), default=0.0)
        if most <= EQUAL:
            continue
        used += 1
        for name, value in values.items():
            total[name] += max(value / most, -1.0)
    return {name: value / max(used, 1) for name, value in total.items()}


def surely(figures: Figures) -> float | None:
    """`kept`, at the lower end of the interval of the loss; None where there is none of either."""
    share, low = kept(figures), figures[ACCURATE].get("change_low")
    return share if share is None or low is None else 1.0 + float(low)


def choose(rows: Mapping[str, Figures], limit: float) -> Choice:
    """The setting to take, on the figures of validation.

    The one that gains most (`gains`) among those that surely lose at most `limit` of accuracy: the best of many settings looks
    better than it is. Where none of these gains anything, the one among those that lose so much on average; where none of
    these does, the knee: what is furthest above the straight line from the model's own order to the dearest setting, loss
    and gain counted as shares of their largest (Satopaa et al. 2011).
    """
    for loss, how in ((surely, "surely "), (kept, "")):
        cheap = [name for name, row in rows.items() if (loss(row) or 0.0) >= 1.0 - limit]
        within = gains(rows, cheap)
        best = max(cheap, key=lambda name: within[name], default="")
        if best and within[best] > EQUAL:
            return Choice(
                best, f"most gained at a loss of {how}{limit:.1%} of {ACCURATE} or less", within[best]
            )
    everything = gains(rows, list(rows))
    losses = {name: 1.0 - (kept(row) or 0.0) for name, row in rows.items()}
    dearest = max(max(losses.values(), default=0.0), EQUAL)
    knee = max(rows, key=lambda name: everything[name] - max(losses[name], 0.0) / dearest)
    rule = f"nothing gains at a loss of {limit:.1%} of {ACCURATE} or less: the knee of the curve"
    return Choice(knee, rule, everything[knee])
