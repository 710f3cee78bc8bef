"""Smaller and faster encoders: export to ONNX, bf16, 8 bits, fewer dimensions, each with its price. Serves no request."""

from llm4rec.encoders.compressing.compress import Compressed, compress
from llm4rec.encoders.compressing.config import PRECISIONS, CompressConfig
from llm4rec.encoders.compressing.questions import Questions

__all__ = ["PRECISIONS", "CompressConfig", "Compressed", "Questions", "compress"]
