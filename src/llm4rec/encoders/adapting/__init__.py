"""Adapting a text encoder to one's own data: tasks, what is trained, the loop, the guards. Serves no request."""

from llm4rec.encoders.adapting.adapt import Adapted, World, adapt
from llm4rec.encoders.adapting.config import METHODS, TASKS, AdaptConfig
from llm4rec.encoders.adapting.feeling import sentiment_head
from llm4rec.encoders.adapting.heads import Heads

__all__ = ["METHODS", "TASKS", "AdaptConfig", "Adapted", "Heads", "World", "adapt", "sentiment_head"]
