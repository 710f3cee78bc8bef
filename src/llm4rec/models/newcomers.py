"""How items that nobody has taken yet are ranked, and where they stand among the others."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Many
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field, NonNegativeFloat

from llm4rec.core import Config, Floats, Request, zscore_rows

if TYPE_CHECKING:
    from llm4rec.models.sequence import Sequence

# What is new is judged by the whole history: which of one's tastes it meets is not a matter of the last clicks.
DECAYS = {"ease": np.inf, "transition": 20.0, "attributes": 50.0, "text": 50.0, "words": 50.0}
# Where the search for weights begins; the default, for data too small or too large for a search, leans on content.
START = {"ease": 1.0, "transition": 0.0, "attributes": 0.1, "text": 0.0, "words": 0.0, "popularity": 0.1}


class NewcomerConfig(Config):
    """`weights` of the parts that order items which were not there while fitting; `shift` moves them all among the
    others, in standard deviations of a request's scores."""

    weights: dict[str, NonNegativeFloat] = Field(
        {"ease": 1.0, "transition": 0.0, "attributes": 0.3, "text": 0.3, "words": 0.0, "popularity": 0.1}
    )
    shift: float = 0.0


def newcomer_parts(model: Sequence, requests: Many[Request], names: Many[str]) -> dict[str, Floats]:
    """Z-scored parts over all items, with the slow decays that suit newcomers."""
    return {name: zscore_rows(model.part(name, requests, DECAYS.get(name))) for name in names}


def place(model: Sequence, scores: Floats, requests: Many[Request]) -> None:
    """Order the newcomers by their own blend and leave them on the level that the ordinary blend gave them; in place.

    `scores` are (requests, all items) of the ordinary blend, newcomers behind.
    """
    size = len(model.counts_.taken)
    weights = model.chosen.newcomers.weights
    names = [name for name in model.available_parts() if weights.get(name, 0.0) > 0]
    parts = newcomer_parts(model, requests, names)
    own = own_blend(parts, weights, size) if parts else scores[:, size:]
    scores[:, size:] = placed(scores, own, model.chosen.newcomers.shift)


def own_blend(parts: Mapping[str, Floats], weights: Mapping[str, float], size: int) -> Floats:
    """(requests, newcomers): the weighted sum of parts behind the first `size` items."""
    return np.asarray(sum(np.float32(weights[name]) * part[:, size:] for name, part in parts.items()))


def placed(scores: Floats, own: Floats, shift: float) -> Floats:
    """(requests, newcomers): `own` with the mean and spread that newcomers have in `scores`, moved by `shift`."""
    size = scores.shape[1] - own.shape[1]
    natural = scores[:, size:]
    level, spread = natural.mean(axis=1, keepdims=True), natural.std(axis=1, keepdims=True)
    moved = np.float32(shift) * scores[:, :size].std(axis=1, keepdims=True)
    return np.asarray(level + spread * zscore_rows(own) + moved, dtype=np.float32)
