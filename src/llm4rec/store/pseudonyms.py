"""Ids of people at rest: a keyed hash instead of the id. Knows nothing of tables; never keeps or shows the key."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping

from llm4rec.core import SettingsError

SHORTEST = 16  # characters of a key


class Pseudonyms:
    """HMAC-SHA256 of tenant and id under a key (RFC 2104), 160 bits in hexadecimal: the same id, the same pseudonym."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __call__(self, tenant: str, user: str) -> str:
        return hmac.new(self._key, f"{tenant}\0{user}".encode(), hashlib.sha256).hexdigest()[:40]

    def mark(self, tenant: str) -> str:
        """What tells whether people of a tenant go by the same pseudonyms."""
        return hmac.new(self._key, f"llm4rec people\0{tenant}".encode(), hashlib.sha256).hexdigest()

    @property
    def check(self) -> str:
        """What tells whether a store was made with the same key."""
        return hmac.new(self._key, b"llm4rec pseudonyms", hashlib.sha256).hexdigest()


def pseudonyms_of(name: str, environment: Mapping[str, str] = os.environ) -> Pseudonyms | None:
    """Pseudonyms under the key in the environment variable `name`; None where no name is given."""
    if not name:
        return None
    key = environment.get(name, "")
    if len(key) < SHORTEST:
        told = "is not set" if not key else f"holds {len(key)} characters"
        raise SettingsError(
            f"the environment variable {name} (pseudonym_key_env) {told}; it needs {SHORTEST}"
        )
    return Pseudonyms(key.encode())
