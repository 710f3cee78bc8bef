"""A made-up world with a known truth: readers, what they like, and what they do when shown something.

simulate: a data set over any catalog whose themes are known. World.react: clicks, stars and words for slates, so that
learning loops and estimators can be held against `Truth`. Nothing here imitates measured people.
"""

from llm4rec.data.simulator.config import WorldConfig
from llm4rec.data.simulator.contexts import FEATURES, Contexts
from llm4rec.data.simulator.live import Simulation, live, simulate
from llm4rec.data.simulator.traits import Traits
from llm4rec.data.simulator.truth import Moments, Truth
from llm4rec.data.simulator.world import Feedback, World, build_world

__all__ = [
    "FEATURES",
    "Contexts",
    "Feedback",
    "Moments",
    "Simulation",
    "Traits",
    "Truth",
    "World",
    "WorldConfig",
    "build_world",
    "live",
    "simulate",
]
