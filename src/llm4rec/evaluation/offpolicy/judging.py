"""What another policy would have brought, from a log of this one; or why that cannot be said. Fits no engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import DataError, SettingsError, Times, suggest
from llm4rec.core.errors import CannotSayError
from llm4rec.evaluation.offpolicy.rewards import cross_fitted
from llm4rec.evaluation.offpolicy.slates import Chances, Slates
from llm4rec.evaluation.ratios import LEAST, Ratio, ratio
from llm4rec.evaluation.results import Estimate

SHARE, MASS = 0.05, 0.01
"""Least share of slates that must count, and the most of a policy that may lie where the log never went."""
CLIP = 100.0


@dataclass(frozen=True, eq=False)
class Judged:
    """The mean reward a slate of a policy, with its 95 % interval and what it rests on.

    `ess` is the effective sample size, of the place where it is least, as a share of the slates (Kish 1965);
    `weight_mean` should be 1, `weight_max` is how often the rarest slate counts.
    """

    estimator: str
    form: str
    ratio: Ratio
    slates: int
    ess: float
    weight_mean: float
    weight_max: float

    @property
    def estimate(self) -> Estimate:
        """Mean and interval."""
        return Estimate(self.ratio.value, *self.ratio.interval())

    def less(self, other: Judged) -> Estimate:
        """How much more than another policy on the same log, with the interval of the difference."""
        apart = self.ratio.less(other.ratio)
        return Estimate(apart.value, *apart.interval())

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        told = {"estimator": self.estimator, "form": self.form, **self.estimate.as_json()}
        names = ("slates", "ess", "weight_mean", "weight_max")
        return told | {name: getattr(self, name) for name in names}


def judged(
    slates: Slates, logged: Chances, target: Chances, estimator: str = "snips", clip: float = CLIP
) -> Judged:
    """The mean reward a slate that `target` would bring, from slates of the policy whose chances are `logged`.

    Estimators (`ESTIMATORS`): ips (Horvitz and Thompson 1952), clipped (weights of at most `clip`), snips (self-normalised,
    Swaminathan and Joachims 2015), dr (doubly robust, Dudík et al. 2011; in cascades Kiyohara et al. 2022). By form:
    position (Li et al. 2018), cascade (McInerney et al. 2020), slate. CannotSayError where chances are missing or wrong,
    the log never went where the target goes, or too few slates count.
    """
    if estimator not in ESTIMATORS:
        near = suggest(estimator, ESTIMATORS)
        raise SettingsError(f"no estimator {estimator!r}{near}; there are: {', '.join(ESTIMATORS)}")
    weights = weights_of(slates, logged, target)
    ess = _sound(slates, weights)
    above, below = ESTIMATORS[estimator](slates, target, weights, clip)
    found = ratio(above, below, slates.users)
    filled = slates.filled
    middle, most = float(weights[filled].mean()), float(weights[filled].max())
    return Judged(estimator, target.form, found, len(slates), ess, middle, most)


def weights_of(slates: Slates, logged: Chances, target: Chances) -> Times:
    """How often each place counts, (slates, places); 0 where it is empty. CannotSayError where that is not known."""
    if logged.form != target.form:
        raise DataError(f"chances of form {logged.form!r} and {target.form!r} do not go together")
    for what, chances in (("logged", logged), ("target", target)):
        if chances.shown.shape != slates.rewards.shape:
            raise DataError(f"{what} chances {chances.shown.shape} are not of slates {slates.rewards.shape}")
        _known(what, chances.shown[slates.filled], what == "logged")
    _supported(logged, target)
    filled = slates.filled
    odds = np.where(filled, target.shown, 1.0) / np.where(filled, logged.shown, 1.0)
    if target.form == "cascade":
        odds = np.asarray(np.cumprod(odds, axis=1), dtype=np.float64)
    elif target.form == "slate":
        odds = np.repeat(odds.prod(axis=1, keepdims=True), slates.places, axis=1).astype(np.float64)
    return np.asarray(np.where(filled, odds, 0.0))


def _known(what: str, chances: Times, positive: bool) -> None:
    missing = int((~np.isfinite(chances)).sum())
    if missing or not len(chances):
        raise CannotSayError(
            f"{missing} of {len(chances)} shown places have no {what} chance: estimates divide by it. Draw the order "
            "(explore > 0) and log the propensity of each place"
        )
    if (chances > 1 + 1e-6).any() or (chances < 0).any() or (positive and (chances <= 0).any()):
        raise CannotSayError(f"a {what} chance of a shown place is not in (0, 1]: the log is wrong")


def _supported(logged: Chances, target: Chances) -> None:
    if logged.over is None or target.over is None:
        return
    lost = float(np.where(logged.over > 0, 0.0, target.over).sum(axis=2).mean(axis=0).max())
    if lost > MASS:
        raise CannotSayError(
            f"{100 * lost:.1f} % of what the target shows was never shown by the logging policy, so nothing is known of it; "
            "log with a chance for every candidate"
        )


def _sound(slates: Slates, weights: Times) -> float:
    """The effective sample size as a share, where the log can carry an estimate at all."""
    rewarded = int(((slates.rewards != 0) & (weights > 0)).sum())
    if rewarded < LEAST:
        raise CannotSayError(
            f"only {rewarded} places that count brought anything; it takes {LEAST} or more. Wait for more feedback"
        )
    rows = np.maximum(slates.filled.sum(axis=0), 1)
    total, squares = weights.sum(axis=0), np.square(weights).sum(axis=0)
    size = np.where(squares > 0, total**2 / np.maximum(squares, 1e-300), 0.0)
    size = np.where(slates.filled.any(axis=0), size, np.inf)
    share = size / rows
    worst = int(share.argmin())
    if share[worst] < SHARE or size[worst] < LEAST:
        raise CannotSayError(
            f"at place {worst + 1} the {rows[worst]:,} slates are worth {size[worst]:.0f} of the target's own "
            f"({100 * share[worst]:.1f} %; it takes {100 * SHARE:.0f} % and {LEAST}): the policies are too far apart. Judge "
            "fewer places, or log with more chance"
        )
    middle = total / rows
    error = np.sqrt(np.maximum(squares / rows - middle**2, 0.0) / rows)
    off = np.abs(middle - 1.0) > np.maximum(0.03, 4.0 * error)
    if (off & slates.filled.any(axis=0)).any():
        place = int(off.argmax())
        raise CannotSayError(
            f"weights at place {place + 1} have mean {middle[place]:.3f}, not 1: the logged chances are not those of the "
            "policy that was logged, or it never shows what the target shows"
        )
    return float(share[worst])


Parts = tuple[Times, Times]


def _ips(slates: Slates, target: Chances, weights: Times, clip: float) -> Parts:
    del target, clip
    return weights * _rewards(slates), _all(slates)


def _clipped(slates: Slates, target: Chances, weights: Times, clip: float) -> Parts:
    del target
    return np.minimum(weights, clip) * _rewards(slates), _all(slates)


def _snips(slates: Slates, target: Chances, weights: Times, clip: float) -> Parts:
    del target, clip
    # Self-normalised over the slates that have the place; a place that few slates have counts as often as it occurs.
    there = slates.filled.mean(axis=0)
    above = (weights * _rewards(slates)) * there
    return above[:, there > 0], weights[:, there > 0]


def _dr(slates: Slates, target: Chances, weights: Times, clip: float) -> Parts:
    del clip
    if target.over is None or slates.columns is None:
        raise CannotSayError("dr needs the target's chance of every candidate; give them, or use 'snips'")
    if target.form == "slate":
        raise CannotSayError("dr is made for the forms 'position' and 'cascade'; use one of them, or 'snips'")
    expected = cross_fitted(slates)
    before = np.ones_like(weights)
    if target.form == "cascade":
        before[:, 1:] = weights[:, :-1]
    columns = np.maximum(slates.columns, 0)[:, :, None]
    own = np.take_along_axis(expected, columns, axis=2)[:, :, 0]
    promised = before * (target.over * expected).sum(axis=2)
    value = promised + weights * (_rewards(slates) - own)
    return np.where(slates.filled, value, 0.0), _all(slates)


def _rewards(slates: Slates) -> Times:
    return np.where(slates.filled, slates.rewards, 0.0)


def _all(slates: Slates) -> NDArray[np.float64]:
    return np.ones(slates.rewards.shape)


ESTIMATORS: dict[str, Callable[[Slates, Chances, Times, float], Parts]] = {
    "ips": _ips,
    "clipped": _clipped,
    "snips": _snips,
    "dr": _dr,
}
