"""Conversation: a state machine of acts with a memory of what was said. Finds items only through an engine."""

from llm4rec.writers.chat.dialogue import Dialogue, Option, Question, Remembered, State
from llm4rec.writers.chat.machine import replied
from llm4rec.writers.chat.onboarding import splitting_items
from llm4rec.writers.chat.service import Prepared
from llm4rec.writers.chat.turn import Manner, Reply
from llm4rec.writers.chat.world import Ranked, Told, World

__all__ = [
    "Dialogue",
    "Manner",
    "Option",
    "Prepared",
    "Question",
    "Ranked",
    "Remembered",
    "Reply",
    "State",
    "Told",
    "World",
    "replied",
    "splitting_items",
]
