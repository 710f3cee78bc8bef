"""Sentiment: what this person's own words disliked goes down, what reviewers loved goes up. Reads no mind."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from pydantic import Field

from llm4rec.core import Candidates, Config, Floats, Numbers, Request, RerankContext, SettingsError
from llm4rec.rerankers.greedy import Part, by_value, parts

DISLIKED = "disliked"


class SentimentConfig(Config):
    """`loved` weighs what reviewers said, `disliked` what the person's own words said."""

    strength: float = Field(0.3, ge=0.0, le=1.0)
    loved: float = Field(0.3, ge=0.0, le=1.0)
    disliked: float = Field(1.0, ge=0.0, le=1.0)


class Sentiment:
    """(1 - s) rel(i) + s (loved x sentiment(i) - disliked x share of the disliked terms that the item's text has).

    The sentiment of an item, from -1 to 1, comes with the context; one that nobody reviewed has 0. Disliked terms are
    those of `request.context["disliked"]`: words or phrases, looked for as whole words in title, categories and texts.
    """

    config_type = SentimentConfig

    def __init__(self, config: SentimentConfig | None = None) -> None:
        self.config = config or SentimentConfig()

    def rerank(
        self, requests: Sequence[Request], candidates: Candidates, context: RerankContext
    ) -> Candidates:
        """All candidates by that value; SettingsError where disliked terms are not texts."""
        orders = []
        for part in parts(
            requests, candidates, context, self.config.strength, 64 * candidates.items.shape[1]
        ):
            said = self.config.loved * _loved(part) - self.config.disliked * _disliked(part)
            orders.append(by_value(part, (1.0 - part.strength) * part.relevance + part.strength * said))
        return candidates.reorder(np.concatenate(orders)) if orders else candidates


def _loved(part: Part) -> Floats:
    told = part.context.sentiment
    if told is None or not len(told):
        return np.zeros(part.items.shape, dtype=np.float32)
    known = (part.items >= 0) & (part.items < len(told))
    found = np.where(known, told[np.where(known, part.items, 0)], 0.0)
    return np.asarray(np.clip(np.nan_to_num(found, nan=0.0), -1.0, 1.0), dtype=np.float32)


def _disliked(part: Part) -> Floats:
    result = np.zeros(part.items.shape, dtype=np.float32)
    for row, request in enumerate(part.requests):
        terms = _terms(request)
        if terms:
            result[row] = _share(part.items[row], terms, part.context.catalog.texts)
    return result


def _terms(request: Request) -> list[str]:
    given = request.context.get(DISLIKED, ())
    if isinstance(given, str):
        given = (given,)
    if not isinstance(given, Sequence) or not all(isinstance(term, str) for term in given):
        raise SettingsError(f"context {DISLIKED!r} is a list of words, not {given!r}")
    return sorted({term.strip().lower() for term in given if term.strip()})


def _share(items: Numbers, terms: Sequence[str], texts: Sequence[str]) -> Floats:
    """Share of the terms in each item's text, (k,)."""
    wanted = [re.compile(rf"(?<!\w){re.escape(term)}(?!\w)") for term in terms]
    lowered = [texts[item].lower() if item >= 0 else "" for item in items]
    counts = [sum(one.search(text) is not None for one in wanted) for text in lowered]
    return np.array(counts, dtype=np.float32) / np.float32(len(terms))
