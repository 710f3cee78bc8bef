"""Interests: what a person's events say in topics and keywords, with proof, to be read and changed by its owner."""

from llm4rec.writers.interests.events import Stars
from llm4rec.writers.interests.profiler import Behaviour, Profiler

__all__ = ["Behaviour", "Profiler", "Stars"]
