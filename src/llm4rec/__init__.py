"""llm4rec: a recommender engine with a language model inside.

from llm4rec import Engine, read_dataset
engine = Engine().fit(read_dataset("my-shop"))
engine.recommend(user="ann", n=5)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llm4rec.data import Dataset, read_dataset, sample_shop
    from llm4rec.engine import Engine

__version__ = "0.1.0"
__all__ = ["Dataset", "Engine", "__version__", "read_dataset", "sample_shop"]

# Loaded when first asked for: importing llm4rec costs next to nothing and never loads torch.
_HOME = {
    "Dataset": "llm4rec.core",
    "Engine": "llm4rec.engine",
    "read_dataset": "llm4rec.data",
    "sample_shop": "llm4rec.data",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'llm4rec' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
