"""Contract checks every component must pass, fakes, and tiny data sets whose right answers are known."""

from llm4rec.testing.checks import check_encoder, check_features, check_model
from llm4rec.testing.fakes import WordEncoder, WordFeatures
from llm4rec.testing.generators import ScriptedConfig, ScriptedGenerator, check_generator
from llm4rec.testing.orders import check_reranker, rerank_world, some_candidates
from llm4rec.testing.reading import WordReader
from llm4rec.testing.shelves import asking, best, by_device, checkerboard, context, fitted, in_a_row, shelf
from llm4rec.testing.stores import STORE_CHECKS, check_store, clicks, one_of_each

__all__ = [
    "STORE_CHECKS",
    "ScriptedConfig",
    "ScriptedGenerator",
    "WordEncoder",
    "WordFeatures",
    "WordReader",
    "asking",
    "best",
    "by_device",
    "check_encoder",
    "check_features",
    "check_generator",
    "check_model",
    "check_reranker",
    "check_store",
    "checkerboard",
    "clicks",
    "context",
    "fitted",
    "in_a_row",
    "one_of_each",
    "rerank_world",
    "shelf",
    "some_candidates",
]
