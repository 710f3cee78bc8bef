"""How items that nobody has taken yet are ranked, and where they stand among the others."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Many
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveFloat

from llm4rec.core import Config, Floats, Request, zscore_rows

if TYPE_CHECKING:
    from llm4rec.models.sequence import Sequence

# Where the search for weights begins; the default, for data too small or too large for a search, leans on content.
START = {"ease": 1.0, "transition": 0.0, "attributes": 0.1, "text": 0.0, "words": 0.0, "popularity": 0.1}
# What is new is judged by the whole history: which of one's tastes it meets is not a matter of the last clicks.
DECAYS = {"ease": np.inf, "transition": 20.0, "attributes": 50.0, "text": 50.0, "words": 50.0}


class NewcomerConfig(Config):
    """`weights` of the parts for items that were not there while fitting; their blend is stretched by `scale` and
    moved by `shift`, in standard deviations of a request's scores, before it stands among the others."""

    weights: dict[str, NonNegativeFloat] = Field(
        {"ease": 1.0, "transition": 0.0, "attributes": 0.3, "text": 0.3, "words": 0.0, "popularity": 0.1}
    )
    scale: PositiveFloat = 1.0
    shift: float = -1.5


def newcomer_parts(model: Sequence, requests: Many[Request], names: Many[str]) -> dict[str, Floats]:
    """Z-scored parts over all items, with the slow decays that suit newcomers."""
    return {name: zscore_rows(model.part(name, requests, DECAYS.get(name))) for name in names}


def blended(parts: Mapping[str, Floats], weights: Mapping[str, float], size: int) -> Floats:
    """(requests, newcomers): the weighted sum of parts, in standard deviations over all items.

    The first `size` items are those that were there while fitting.
    """
    total = sum(np.float32(weights[name]) * part for name, part in parts.items())
    return zscore_rows(np.asarray(total))[:, size:]


def placed(model: Sequence, known: Floats, requests: Many[Request]) -> Floats:
    """(requests, all items): the scores of known items, and newcomers by their own blend on the same scale."""
    weights = model.chosen.newcomers.weights
    names = [name for name in model.available_parts() if weights.get(name, 0.0) > 0]
    size = known.shape[1]
    if not names:  # nothing can be said of them: last
        last = known.min(axis=1, keepdims=True) - np.float32(1.0)
        return np.hstack([known, np.repeat(last, len(model.content_) - size, axis=1)])
    new = blended(newcomer_parts(model, requests, names), weights, size)
    return side_by_side(known, new, model.chosen.newcomers)


def side_by_side(known: Floats, new: Floats, config: NewcomerConfig) -> Floats:
    """Scores of known items and, behind them, newcomers on their scale, stretched and moved."""
    spread = known.std(axis=1, keepdims=True)
    moved = np.float32(config.scale) * new + np.float32(config.shift)
    return np.hstack([known, spread * moved], dtype=np.float32)
