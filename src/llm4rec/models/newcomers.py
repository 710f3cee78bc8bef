"""How items that nobody has taken yet are ranked, and where they stand among the others."""

from __future__ import annotations

from collections.abc import Sequence as Many
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field, NonNegativeFloat

from llm4rec.core import Config, Floats, Request, zscore_rows

if TYPE_CHECKING:
    from llm4rec.models.sequence import Sequence

# What is new is judged by the whole history: which of one's tastes it meets is not a matter of the last clicks.
DECAYS = {"ease": np.inf, "transition": 20.0, "attributes": 50.0, "text": 50.0, "words": 50.0}


class NewcomerConfig(Config):
    """`weights` of the parts for items that were not there while fitting; `shift`, in standard deviations of a
    request's scores, moves them all up or down among the others."""

    weights: dict[str, NonNegativeFloat] = Field(
        {"ease": 1.0, "transition": 0.0, "attributes": 0.1, "text": 0.0, "words": 0.0, "popularity": 0.1}
    )
    shift: float = -1.0


def newcomer_parts(model: Sequence, requests: Many[Request]) -> dict[str, Floats]:
    """Z-scored parts over all items, with the slow decays that suit newcomers."""
    available = model.available_parts()
    return {
        name: zscore_rows(model.part(name, requests, DECAYS.get(name)))
        for name, weight in model.chosen.newcomers.weights.items()
        if weight > 0 and name in available
    }


def placed(model: Sequence, scores: Floats, requests: Many[Request]) -> None:
    """Give newcomers scores of their own blend, on the scale of each request's scores; in place."""
    size = len(model.counts_.taken)
    spread = scores[:, :size].std(axis=1, keepdims=True)
    blended = np.zeros_like(scores)
    for name, part in newcomer_parts(model, requests).items():
        blended += np.float32(model.chosen.newcomers.weights[name]) * part
    blended = zscore_rows(blended)
    scores[:, size:] = spread * (blended[:, size:] + np.float32(model.chosen.newcomers.shift))
