"""Options of a store. Knows nothing of databases."""

from __future__ import annotations

from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from llm4rec.core import Config


class StoreConfig(Config):
    """How long to wait, how much to hold back, and how people are named at rest.

    busy_seconds        how long a write waits for a lock or a connection before StoreBusyError
    waiting_rows        rows handed over but not yet written, at most: more is StoreBusyError at once
    gather_seconds      how long rows that nobody waits for (impressions) gather before they are written together
    pseudonym_key_env   name of the environment variable that holds the key of pseudonyms; empty: ids are kept as they are
    """

    busy_seconds: PositiveFloat = 5.0
    waiting_rows: PositiveInt = 200_000
    gather_seconds: NonNegativeFloat = 0.05
    pseudonym_key_env: str = ""


DEFAULT = StoreConfig()
