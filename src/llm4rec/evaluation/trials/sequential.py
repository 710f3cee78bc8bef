"""Tests that stay valid however often one looks: differences, shares, counts. Knows nothing of variants and metrics.

All are mixtures of likelihood ratios: under the null hypothesis the chance that one ever exceeds 1/alpha is at most alpha
(Ville 1939; Robbins 1970). Looking every minute and stopping at will costs nothing but width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import betaln, gammaln, xlogy

from llm4rec.core import Numbers, Times
from llm4rec.evaluation.significance import LEVEL


@dataclass(frozen=True)
class Look:
    """What one look says: the value with an interval that holds at all looks at once, and an always-valid p."""

    value: float
    low: float
    high: float
    p: float

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return dict(vars(self))


def normal_look(value: float, error: float, effect: float, level: float = LEVEL) -> Look:
    """A look at a mean whose standard error is `error`, against 0 (mixture SPRT; Johari et al. 2022).

    Effects under the alternative are normal with spread `effect`: the size one hopes for, at which the interval is nearly
    as narrow as can be. Holds by the central limit theorem, hence not for the first few dozen people.
    """
    v, tau = error**2, effect**2
    if v <= 0 or tau <= 0:
        return Look(value, value, value, 1.0 if value == 0 else 0.0)
    log_bayes = 0.5 * np.log(v / (v + tau)) + tau * value**2 / (2 * v * (v + tau))
    alpha = 1.0 - level
    half = float(np.sqrt(v * (v + tau) / tau * (2 * np.log(1 / alpha) + np.log((v + tau) / v))))
    return Look(value, value - half, value + half, float(np.exp(min(0.0, -log_bayes))))


def share_look(wins: int, losses: int, level: float = LEVEL) -> Look:
    """A look at a share of wins against one half; exact at every size (a Beta(1/2, 1/2) mixture of binomials)."""
    total = wins + losses
    if total == 0:
        return Look(0.5, 0.0, 1.0, 1.0)
    mixed = float(betaln(wins + 0.5, losses + 0.5) - betaln(0.5, 0.5))

    def log_bayes(share: float) -> float:
        return mixed - float(xlogy(wins, share) + xlogy(losses, 1.0 - share))

    value, tiny, limit = wins / total, 1e-12, float(np.log(1.0 / (1.0 - level)))
    low = brentq(lambda s: log_bayes(s) - limit, tiny, value) if wins else 0.0
    high = brentq(lambda s: log_bayes(s) - limit, value, 1.0 - tiny) if losses else 1.0
    return Look(value, float(low), float(high), float(np.exp(min(0.0, -log_bayes(0.5)))))


def counts_p(counts: Numbers, shares: Times, sure: float = 100.0) -> float:
    """Always-valid p that people were counted as `shares` say (sequential multinomial test; Lindon and Malek 2020).

    `sure` is how narrow the alternatives lie around the shares: 100 finds small mismatches.
    """
    prior = sure * np.asarray(shares, dtype=np.float64) / np.sum(shares)
    seen = np.asarray(counts, dtype=np.float64)
    log_bayes = gammaln(prior.sum()) - gammaln(prior.sum() + seen.sum())
    log_bayes += float((gammaln(prior + seen) - gammaln(prior)).sum())
    log_bayes -= float((seen * np.log(prior / prior.sum())).sum())
    return float(np.exp(min(0.0, -log_bayes)))
