"""Requests in plain language: one sentence to constraints, wishes and named items, and items found by its words."""

from llm4rec.writers.asking.bm25 import Bm25
from llm4rec.writers.asking.fusion import fused
from llm4rec.writers.asking.grammar import understood
from llm4rec.writers.asking.lenient import Lenient
from llm4rec.writers.asking.lexicon import Lexicon
from llm4rec.writers.asking.limits import Shelf
from llm4rec.writers.asking.modelled import with_model
from llm4rec.writers.asking.readings import Items, Lean, Range, Soft, Understood, Values
from llm4rec.writers.asking.told import account, chips, note, source

__all__ = [
    "Bm25",
    "Items",
    "Lean",
    "Lenient",
    "Lexicon",
    "Range",
    "Shelf",
    "Soft",
    "Understood",
    "Values",
    "account",
    "chips",
    "fused",
    "note",
    "source",
    "understood",
    "with_model",
]
