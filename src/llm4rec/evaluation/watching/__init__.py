"""What an operator asks of a live engine, from the rows that its store keeps: figures with intervals and counts."""

from llm4rec.evaluation.watching.figures import Figure, Point, Signal
from llm4rec.evaluation.watching.reading import Watcher
from llm4rec.evaluation.watching.watch import Watched, watch

__all__ = ["Figure", "Point", "Signal", "Watched", "Watcher", "watch"]
