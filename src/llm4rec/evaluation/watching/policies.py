"""Variants of experiments, engine versions side by side, and what lists without exploring would have brought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from llm4rec.core import Llm4recError
from llm4rec.core.errors import CannotSayError
from llm4rec.core.experiment import Experiment
from llm4rec.evaluation.logs import Log
from llm4rec.evaluation.offpolicy import Chances, Slates, judged
from llm4rec.evaluation.trials import trialled
from llm4rec.evaluation.trials.variants import MISMATCH
from llm4rec.evaluation.watching.figures import Figure, figure

LOGGED, WITHOUT = "as logged", "without exploring"
VARIANTS = 6  # that are judged, those of most lists


@dataclass(frozen=True)
class Estimated:
    """The mean clicks a list of a policy; `ess` is the effective sample size, `why` the reason where it cannot be said."""

    policy: str
    variant: str
    estimator: str
    value: float | None
    low: float | None
    high: float | None
    slates: int
    ess: float | None
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Tried:
    """An experiment: how it was set up, what it says (`Trialled`), and whether it may stop."""

    name: str
    stop: str
    result: Mapping[str, Any] | None = None
    shares: Mapping[str, float] = field(default_factory=dict)
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def experiments(log: Log, known: Mapping[str, Experiment]) -> tuple[Tried, ...]:
    """All experiments that are set up or logged, by name."""
    logged = {str(row.get("experiment") or "") for row in log.impressions} - {""}
    return tuple(_tried(log, name, known.get(name)) for name in sorted(logged | set(known)))


def _tried(log: Log, name: str, setup: Experiment | None) -> Tried:
    shares = {} if setup is None else dict(setup.shares)
    answers = log.answers("variant", name)
    if not len(answers.users):
        return Tried(name, "no data", None, shares, "nobody was shown a list of it in this window")
    control = next(iter(setup.variants)) if setup is not None else None
    try:
        found = trialled(answers, control, shares or None)
    except Llm4recError as error:
        return Tried(name, "cannot be judged", None, shares, str(error))
    looks = [look for row in found.versus.values() for look in row.values()]
    if found.mismatch is not None and found.mismatch < MISMATCH:
        stop = "wrong split"
    elif not looks:
        stop = "too early"
    else:
        stop = "decided" if any(look.low > 0 or look.high < 0 for look in looks) else "running"
    return Tried(name, stop, found.as_json(), shares, "; ".join(found.notes))


def by_version(log: Log) -> dict[str, Figure]:
    """Click-through of the answers of each engine version. Not an experiment: they answered at other times."""
    clicked = np.asarray(log.clicked.max(axis=1, initial=0.0), dtype=np.float64)
    names = np.array([str(row.get("version") or "") for row in log.impressions], dtype=object)
    found = {}
    for name in dict.fromkeys(names.tolist()):
        rows = np.flatnonzero(names == name)
        found[name] = figure(clicked[rows], np.ones(len(rows)), log.users[rows])
    return found


def estimates(log: Log) -> tuple[Estimated, ...]:
    """Clicks a list as it was served and of the same lists without exploring, a pair a variant: each was ordered its own way."""
    drawn = [at for at, row in enumerate(log.impressions) if any(_drawn(slot) for slot in row["slots"])]
    if not drawn:
        why = "no place was drawn with a chance: nothing can be said of other policies; set live.explore"
        return tuple(
            Estimated(name, "", "snips", None, None, None, 0, None, why) for name in (LOGGED, WITHOUT)
        )
    groups: dict[str, list[int]] = {}
    for at in drawn:
        groups.setdefault(str(log.impressions[at].get("variant") or ""), []).append(at)
    most = sorted(groups, key=lambda name: -len(groups[name]))[:VARIANTS]
    return tuple(one for name in sorted(most) for one in _pair(log, groups[name], name))


def _pair(log: Log, rows: list[int], variant: str) -> tuple[Estimated, Estimated]:
    filled = log.filled[rows]
    filled = filled[:, filled.any(axis=0)]
    places = filled.shape[1]
    slates = Slates(log.clicked[rows][:, :places], filled, log.users[rows])
    chances = log.drawn().shown[rows][:, :places]
    same = Chances("cascade", np.where(np.isfinite(chances), 1.0, np.nan))
    logged = _judged((LOGGED, variant), slates, same, same)
    try:
        target = Chances("cascade", _greedy(log, rows, chances))
    except CannotSayError as error:
        return logged, Estimated(WITHOUT, variant, "snips", None, None, None, len(slates), None, str(error))
    return logged, _judged((WITHOUT, variant), slates, Chances("cascade", chances), target)


def _drawn(slot: Any) -> bool:
    return slot[2] is not None and slot[2] < 1.0


def _judged(name: tuple[str, str], slates: Slates, logged: Chances, target: Chances) -> Estimated:
    try:
        found = judged(slates, logged, target)
        low, high = found.ratio.interval()
    except CannotSayError as error:
        return Estimated(*name, "snips", None, None, None, len(slates), None, str(error))
    return Estimated(*name, "snips", found.ratio.value, low, high, len(slates), found.ess * len(slates))


def _greedy(log: Log, rows: list[int], chances: Any) -> Any:
    """The chance of each place under the engine's own order: 1 where the next best stands there, else 0.

    A reserved place holds the next best if and only if its score is not below that of the next place that was not
    drawn. That tells nothing where lists are reordered after scoring: CannotSayError.
    """
    found = np.full(chances.shape, np.nan)
    for row, at in enumerate(rows):
        slots = log.impressions[at]["slots"]
        fixed = [slot[1] for slot in slots if not _drawn(slot)]
        if any(after > before + 1e-6 for before, after in pairwise(fixed)):
            raise CannotSayError(
                "lists are reordered after scoring, so scores do not tell the engine's own choice"
            )
        behind = -np.inf
        for place in range(len(slots) - 1, -1, -1):
            slot = slots[place]
            if not _drawn(slot):
                found[row, place], behind = 1.0, max(behind, slot[1])
            elif place == len(slots) - 1:
                raise CannotSayError("the last place is drawn: what the engine had put there is not known")
            else:
                found[row, place] = float(slot[1] >= behind)
    return found
