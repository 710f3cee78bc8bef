"""Has the service drifted: clicks by a running test, shares of the older half of a window against the newer one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from llm4rec.core.errors import CannotSayError
from llm4rec.evaluation.drift import LARGE, DriftConfig, Shift, alarms, scores_shift, shares_shift
from llm4rec.evaluation.logs import Log
from llm4rec.evaluation.watching.figures import Signal

CATEGORIES = 20  # that are told apart
STEADY, ALARM, UNKNOWN = "steady", "alarm", "too little data"


def signals(
    log: Log, feedback: Sequence[Mapping[str, Any]], category: Mapping[str, str]
) -> tuple[Signal, ...]:
    """All that is watched; `category` names the first category of an item by id."""
    first = [row["slots"][0] if row["slots"] else None for row in log.impressions]
    shown = [category.get(str(slot[0]), "none") for slot in first if slot is not None]
    taken = [category.get(str(row["item"]), "none") for row in feedback]
    versions = [str(row.get("version") or "") for row in log.impressions]
    scores = [float(slot[1]) for slot in first if slot is not None and np.isfinite(slot[1])]
    return (
        _clicks(log),
        _shares("categories shown first", shown),
        _shares("categories taken", taken),
        _shares("kinds of feedback", [str(row["kind"]) for row in feedback]),
        _scores(scores, versions),
    )


def _clicks(log: Log) -> Signal:
    """Page-Hinkley over answers in the order of time."""
    config = DriftConfig()
    values = np.asarray(log.clicked.max(axis=1, initial=0.0), dtype=np.float64)
    name = "click-through"
    if len(values) <= config.reference:
        why = f"{len(values)} of more than {config.reference} answers"
        return Signal(name, UNKNOWN, None, None, why)
    found = alarms(values, config)
    if not found:
        return Signal(name, STEADY, 0.0, 0.0, f"no alarm in {len(values)} answers")
    last = found[-1]
    why = (
        f"went {last.way} from {last.before:.3f} to {last.after:.3f}, {len(values) - last.since} answers ago"
    )
    return Signal(name, ALARM, float(len(found)), 0.0, why)


def _shares(name: str, values: Sequence[str]) -> Signal:
    """The newer half against the older one, rare values as one."""
    kept = [value for value, _ in Counter(values).most_common(CATEGORIES)]
    place = {value: at for at, value in enumerate(kept)}
    numbers = np.array([place.get(value, len(kept)) for value in values], dtype=np.int64)
    half = len(numbers) // 2
    counts = [np.bincount(part, minlength=len(kept) + 1) for part in (numbers[:half], numbers[half:])]
    try:
        found = shares_shift(counts[0], counts[1])
    except CannotSayError as error:
        return Signal(name, UNKNOWN, None, None, str(error))
    return _shifted(name, found, half, len(numbers) - half)


def _scores(scores: Sequence[float], versions: Sequence[str]) -> Signal:
    """Scores of one engine version alone: those of two cannot be compared."""
    name = "scores of the first place"
    if len(set(versions)) > 1:
        return Signal(name, UNKNOWN, None, None, "answers of several engine versions: their scores differ")
    half = len(scores) // 2
    try:
        found = scores_shift(np.array(scores[:half]), np.array(scores[half:]))
    except CannotSayError as error:
        return Signal(name, UNKNOWN, None, None, str(error))
    return _shifted(name, found, half, len(scores) - half)


def _shifted(name: str, found: Shift, before: int, now: int) -> Signal:
    limit = max(found.by_chance, LARGE)
    why = f"{now} newer against {before} older, p = {found.p:.2g}"
    return Signal(name, ALARM if found.alarm else STEADY, found.index, limit, why)
