"""Off-policy estimates: what another policy would have brought, from a log with chances, or why that cannot be said."""

from llm4rec.evaluation.offpolicy.judging import ESTIMATORS, Judged, judged, weights_of
from llm4rec.evaluation.offpolicy.rewards import cross_fitted
from llm4rec.evaluation.offpolicy.slates import FORMS, Chances, Slates, plackett_luce

__all__ = [
    "ESTIMATORS",
    "FORMS",
    "Chances",
    "Judged",
    "Slates",
    "cross_fitted",
    "judged",
    "plackett_luce",
    "weights_of",
]
