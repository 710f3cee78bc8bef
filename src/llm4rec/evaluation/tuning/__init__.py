"""Which settings of one engine are best on validation: a search that resumes, runs in parallel and never asks the test."""

from llm4rec.evaluation.tuning.outcome import Outcome
from llm4rec.evaluation.tuning.search import Limits, tune
from llm4rec.evaluation.tuning.space import Choices, Range, Space, parse_space, usual_space
from llm4rec.evaluation.tuning.tuned import Tuned

__all__ = ["Choices", "Limits", "Outcome", "Range", "Space", "Tuned", "parse_space", "tune", "usual_space"]
