"""Explanations: evidence by trial and by fact, words by template, and a checker of what words claim."""

from llm4rec.writers.explain.claims import Checker, Claim
from llm4rec.writers.explain.explainer import Explainer
from llm4rec.writers.explain.facts import Facts
from llm4rec.writers.explain.removal import Question
from llm4rec.writers.explain.rephrasing import rephrased

__all__ = ["Checker", "Claim", "Explainer", "Facts", "Question", "rephrased"]
