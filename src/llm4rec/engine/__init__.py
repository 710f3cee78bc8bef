"""Builds everything from one settings tree and runs the one path: fit, recommend, add items, save and load."""

from llm4rec.engine.adapting import adapt_encoder
from llm4rec.engine.build import parse_variant, split_variants
from llm4rec.engine.compressing import compress_encoder
from llm4rec.engine.engine import Engine
from llm4rec.engine.settings import Settings, commented_default, parse_assignments, read_settings
from llm4rec.engine.teaching import teach_recommending

__all__ = [
    "Engine",
    "Settings",
    "adapt_encoder",
    "commented_default",
    "compress_encoder",
    "parse_assignments",
    "parse_variant",
    "read_settings",
    "split_variants",
    "teach_recommending",
]
