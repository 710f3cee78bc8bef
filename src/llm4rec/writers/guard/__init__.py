"""What may be shown to whom: harmful content found in texts of items and in what a language model writes."""

from llm4rec.writers.guard.generated import guarded
from llm4rec.writers.guard.guard import Guard
from llm4rec.writers.guard.head import HarmHead
from llm4rec.writers.guard.lexicon import Lexicon

__all__ = ["Guard", "HarmHead", "Lexicon", "guarded"]
