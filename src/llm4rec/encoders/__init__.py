"""Content to vectors: text by a language model, whitening, and a cache on disk. The only room that loads a neural encoder."""

from llm4rec.encoders.cache import CachedEncoder
from llm4rec.encoders.lexical import JointConfig, JointEncoder, LexicalConfig, LexicalEncoder
from llm4rec.encoders.sentence import SentenceConfig, SentenceEncoder
from llm4rec.encoders.whitening import WhitenedEncoder, Whitening

__all__ = [
    "CachedEncoder",
    "JointConfig",
    "JointEncoder",
    "LexicalConfig",
    "LexicalEncoder",
    "SentenceConfig",
    "SentenceEncoder",
    "WhitenedEncoder",
    "Whitening",
]
