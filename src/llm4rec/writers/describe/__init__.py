"""Descriptions of items: facts by template, sentences of their own text, what people wrote; every claim with its evidence."""

from llm4rec.writers.describe.checking import Grounds
from llm4rec.writers.describe.describer import Describer
from llm4rec.writers.describe.overlap import Overlaps
from llm4rec.writers.describe.styles import STYLES, Style, style_of

__all__ = ["STYLES", "Describer", "Grounds", "Overlaps", "Style", "style_of"]
