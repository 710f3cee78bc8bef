"""A small text encoder learns to read as a large one does, from texts alone. Knows neither users nor tasks."""

from llm4rec.encoders.distilling.distil import DistilledEncoder, EncoderConfig, distil

__all__ = ["DistilledEncoder", "EncoderConfig", "distil"]
