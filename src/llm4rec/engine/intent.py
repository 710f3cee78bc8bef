"""What somebody is looking for just now, in the words of a search: it tilts the ranking and rules nothing out.

Requests with conditions that must hold are read by `engine/wishes.py` (`Engine.ask`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from llm4rec.core import Floats, Request, SettingsError
from llm4rec.core.texts import cleaned
from llm4rec.engine.fitted import Fitted
from llm4rec.engine.settings import AskSettings
from llm4rec.engine.wishes import Desk

Notes = tuple[str, ...]


def intended(fitted: Fitted, request: Request, settings: AskSettings) -> tuple[Request, Notes]:
    """The request with its query as a tilt of at most `settings.intent`; and what could not be taken as given."""
    if request.query is None:
        return request, ()
    if not isinstance(request.query, str):
        raise SettingsError(f"query = {request.query!r}: it is text")
    words, told = cleaned(request.query)
    notes = ("the query was cut, it is very long",) if "cut" in told else ()
    if not any(letter.isalnum() for letter in words):
        return replace(request, query=None), (*notes, "the query has no words")
    found = settings.intent * shares(Desk(fitted).relevance(words, settings))
    if not found.any():
        return replace(request, query=words), (*notes, f"nothing in the catalog is like {words[:60]!r}")
    return replace(request, query=words, tilt=found if request.tilt is None else request.tilt + found), notes


def shares(relevance: Floats) -> Floats:
    """(items,) from 0, for what is not more relevant than the mean, to 1 for the most relevant item."""
    above = np.maximum(relevance - (relevance.mean() if len(relevance) else 0.0), 0.0)
    best = float(above.max()) if len(above) else 0.0
    return np.asarray(above / best if best > 0 else above * 0, dtype=np.float32)
