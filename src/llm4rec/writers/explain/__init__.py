"""Explanations: evidence by trial and by fact, words by template, and a checker of what words claim."""

from llm4rec.writers.explain.explainer import Explainer
from llm4rec.writers.explain.removal import Question

__all__ = ["Explainer", "Question"]
