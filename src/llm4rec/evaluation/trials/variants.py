"""Variants side by side: click-through and conversion with intervals, differences one may peek at, wrong splits found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import NotFoundError, Numbers, SettingsError, Times, suggest
from llm4rec.core.errors import CannotSayError
from llm4rec.evaluation.ratios import LEAST, Ratio, ratio
from llm4rec.evaluation.results import Estimate
from llm4rec.evaluation.trials.sequential import Look, counts_p, normal_look

MISMATCH = 0.001
"""Below this p a split is called wrong, and differences of variants are not to be believed."""
EFFECT = 0.1
"""The relative difference one hopes to see, unless said otherwise."""
FEW = 100
"""People a variant, below which the rule for stopping does not hold yet."""


@dataclass(frozen=True, eq=False)
class Answers:
    """Impressions of an experiment, a row each: variant, person (outside id numbered, never -1), and figures by name.

    A figure is a value a row, such as whether it was clicked; what is compared is its mean.
    """

    variants: NDArray[np.object_]
    users: Numbers
    figures: Mapping[str, Times]


@dataclass(frozen=True)
class Trialled:
    """What an experiment says so far. `versus`: variant -> figure -> difference from the control, valid at every look.

    `mismatch` is the always-valid p that people were split as meant; None where that is not told. `notes` say what is
    not to be believed, or not yet.
    """

    control: str
    people: Mapping[str, int]
    impressions: Mapping[str, int]
    figures: Mapping[str, Mapping[str, Estimate | None]]
    versus: Mapping[str, Mapping[str, Look]]
    mismatch: float | None
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values; null where there is too little for an interval."""
        rows = {
            name: {"people": self.people[name], "impressions": self.impressions[name]}
            | {key: None if one is None else one.as_json() for key, one in self.figures[name].items()}
            | {"versus": {key: look.as_json() for key, look in self.versus.get(name, {}).items()}}
            for name in self.people
        }
        told = {"control": self.control, "mismatch": self.mismatch, "notes": list(self.notes)}
        return {**told, "variants": rows}


def trialled(
    answers: Answers,
    control: str | None = None,
    shares: Mapping[str, float] | None = None,
    effect: float = EFFECT,
) -> Trialled:
    """Figures of each variant by person, and each variant against the control (by default the first by name).

    `shares` is how people were to be split (`Experiment.shares`). `effect` is the relative difference one hopes for: it
    makes intervals narrow there and never wrong. People who were shown two variants are left out, and counted.
    """
    names = sorted({str(v) for v in answers.variants})
    chosen = control if control is not None else (names[0] if names else "")
    if chosen not in names:
        near = suggest(chosen, names)
        raise NotFoundError(f"no variant {chosen!r}{near}; the log has: {', '.join(names) or 'none'}")
    if effect <= 0:
        raise SettingsError(f"effect = {effect!r}: the difference one hopes for is above 0")
    kept, both = _sticky(answers)
    rows = {name: np.flatnonzero(kept.variants == name) for name in names}
    people = {name: len(np.unique(kept.users[at])) for name, at in rows.items()}
    ratios = {name: {key: _ratio(kept, key, at) for key in kept.figures} for name, at in rows.items()}
    mismatch = None if shares is None else _mismatch(people, shares)
    early = [name for name in names if people[name] < FEW]
    versus = {
        name: _versus(ratios[name], ratios[chosen], effect)
        for name in names
        if name != chosen and name not in early and chosen not in early
    }
    return Trialled(
        chosen,
        people,
        {name: len(at) for name, at in rows.items()},
        {
            name: {k: None if r is None else _estimate(r) for k, r in row.items()}
            for name, row in ratios.items()
        },
        versus,
        mismatch,
        _notes(both, mismatch, early),
    )


def _sticky(answers: Answers) -> tuple[Answers, int]:
    """Without people who saw more than one variant; and how many they are."""
    _, variant = np.unique(answers.variants.astype(str), return_inverse=True)
    who = np.unique(answers.users, return_inverse=True)[1]
    size = int(who.max(initial=-1)) + 1
    least, most = np.full(size, np.iinfo(np.int64).max), np.full(size, -1)
    np.minimum.at(least, who, variant)
    np.maximum.at(most, who, variant)
    fine = (least == most)[who]
    figures = {name: values[fine] for name, values in answers.figures.items()}
    return Answers(answers.variants[fine], answers.users[fine], figures), int((least != most).sum())


def _ratio(answers: Answers, figure: str, rows: Numbers) -> Ratio | None:
    values = answers.figures[figure][rows]
    if np.count_nonzero(values) < LEAST:
        return None
    try:
        return ratio(values, np.ones(len(rows)), answers.users[rows])
    except CannotSayError:
        return None


def _estimate(one: Ratio) -> Estimate:
    return Estimate(one.value, *one.interval())


def _versus(
    own: Mapping[str, Ratio | None], base: Mapping[str, Ratio | None], effect: float
) -> dict[str, Look]:
    found = {}
    for name, one in own.items():
        other = base[name]
        if one is not None and other is not None:
            error = float(np.hypot(one.error, other.error))
            found[name] = normal_look(one.value - other.value, error, effect * abs(other.value))
    return found


def _mismatch(people: Mapping[str, int], shares: Mapping[str, float]) -> float:
    unknown = sorted(set(people) - set(shares))
    if unknown:
        raise SettingsError(f"no share is given for variant {unknown[0]!r}; given are: {', '.join(shares)}")
    names = [name for name, share in shares.items() if share > 0]
    return counts_p(np.array([people.get(n, 0) for n in names]), np.array([shares[n] for n in names]))


def _notes(both: int, mismatch: float | None, early: Sequence[str]) -> tuple[str, ...]:
    notes = []
    if both:
        notes.append(f"{both} people were shown more than one variant and are left out")
    if mismatch is not None and mismatch < MISMATCH:
        notes.append(
            f"people are not split as meant (p = {mismatch:.2g}): find out why before believing any difference"
        )
    if early:
        notes.append(f"too early to compare {', '.join(early)}: fewer than {FEW} people")
    return tuple(notes)
