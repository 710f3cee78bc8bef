"""Words about items and people. So far: language models that write, behind `Generator`: remote ones and local ones."""

from llm4rec.writers.local import LocalConfig, LocalGenerator
from llm4rec.writers.remote import RemoteConfig, RemoteGenerator

__all__ = ["LocalConfig", "LocalGenerator", "RemoteConfig", "RemoteGenerator"]
