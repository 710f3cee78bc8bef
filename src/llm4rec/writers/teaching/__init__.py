"""A causal language model learns from lessons: texts of which some parts are learnt. Knows no items and no people."""

from llm4rec.writers.teaching.config import TeachConfig
from llm4rec.writers.teaching.course import Course, Lesson
from llm4rec.writers.teaching.teach import Taught, World, teach

__all__ = ["Course", "Lesson", "Taught", "TeachConfig", "World", "teach"]
