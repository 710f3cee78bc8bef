"""What models that look at contexts share: their words as plain arrays, and how they say what they look at."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import EventContexts

Known = Mapping[str, tuple[str, ...]]


def context_note(contexts: Known) -> tuple[str, ...]:
    """One sentence for the notes of a model; none where there is nothing to look at."""
    if not contexts:
        return ()
    return (f"context-aware: sees in which {', '.join(contexts)} the question is asked",)


def occurring(contexts: EventContexts) -> dict[str, tuple[str, ...]]:
    """The words that occur, by name, of columns that tell events apart."""
    found = {}
    for name, words, column in zip(contexts.names, contexts.values, contexts.codes.T, strict=True):
        codes = np.unique(column)
        if len(codes) > 1:
            found[name] = tuple(words[code - 1] for code in codes.tolist() if code)
    return found


def together(every: Iterable[Known]) -> dict[str, tuple[str, ...]]:
    """The names and words that any of several parts knows."""
    found: dict[str, tuple[str, ...]] = {}
    for contexts in every:
        for name, words in contexts.items():
            found[name] = tuple(dict.fromkeys((*found.get(name, ()), *words)))
    return found


def in_bytes(contexts: Known) -> NDArray[Any]:
    """Names and words as an array of bytes (JSON)."""
    text = json.dumps({name: list(words) for name, words in contexts.items()}, ensure_ascii=False)
    return np.frombuffer(text.encode(), dtype=np.uint8).copy()


def from_bytes(array: NDArray[Any]) -> dict[str, tuple[str, ...]]:
    """The inverse of `in_bytes`."""
    found = json.loads(array.astype(np.uint8).tobytes().decode())
    return {name: tuple(words) for name, words in found.items()}
