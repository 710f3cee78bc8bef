"""What accuracy costs and buys: rerankers in all strengths over one data set, and the setting to take."""

from llm4rec.evaluation.tradeoff.sweep import TRADITIONAL, Sweep, tradeoff
from llm4rec.evaluation.tradeoff.traded import Row, Traded

__all__ = ["TRADITIONAL", "Row", "Sweep", "Traded", "tradeoff"]
