"""Experiments on people: variants side by side and interleaved lists, with rules for stopping that survive peeking."""

from llm4rec.evaluation.trials.interleaving import Preference, preferred
from llm4rec.evaluation.trials.sequential import Look, counts_p, normal_look, share_look
from llm4rec.evaluation.trials.variants import Answers, Trialled, trialled

__all__ = [
    "Answers",
    "Look",
    "Preference",
    "Trialled",
    "counts_p",
    "normal_look",
    "preferred",
    "share_look",
    "trialled",
]
