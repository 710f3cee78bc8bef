"""What each item of a history gave to each score of the default model, exactly. Fits and ranks nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from llm4rec.core import Floats, Numbers, Request, Sparse, zscore_rows
from llm4rec.models.newcomers import DECAYS

if TYPE_CHECKING:
    from llm4rec.models.sequence import Sequence


def gifts(model: Sequence, request: Request, history: Numbers) -> Floats:
    """(history, items): the gifts of a column, and what comes from no history item, sum to its score.

    Every part is linear in the history, and z-scoring is affine with the mean and spread of the whole answer; so
    each history item's share of a score is its own response, centred and scaled like the whole. Popularity and the
    shift of newcomers are nobody's gift.
    """
    size = len(model.counts_.taken)
    given = _blend(model, request, history, model.chosen.weights, {}, size)
    if len(model.content_) > size:
        given[:, size:] = _newcomers(model, request, history, given[:, size:])
    return given


def _blend(
    model: Sequence,
    request: Request,
    history: Numbers,
    weights: Mapping[str, float],
    decays: Mapping[str, float],
    among: int,
) -> Floats:
    """(history, all items): shares of the weighted z-scored parts; z-scores are over the first `among` items."""
    given = np.zeros((len(history), len(model.content_)), dtype=np.float32)
    for name in model.available_parts():
        if name in ("popularity", "trend") or not weights.get(name, 0.0):
            continue
        alone = model.respond(name, one_row_each(model.fading(name, [request], decays.get(name)), history))
        spread = float(alone[:, :among].sum(axis=0).std())
        if spread > 0:
            centre = alone[:, :among].mean(axis=1, keepdims=True)
            given += np.float32(weights[name] / spread) * (alone - centre)
    return given


def _newcomers(model: Sequence, request: Request, history: Numbers, natural: Floats) -> Floats:
    """(history, newcomers): shares of their own blend, on the level and with the spread of the ordinary one."""
    size = len(model.counts_.taken)
    weights = model.chosen.newcomers.weights
    own = _blend(model, request, history, weights, DECAYS, len(model.content_))[:, size:]
    total = own.sum(axis=0)
    ordinary = model.blend([request])[0, size:]
    if "popularity" in model.available_parts():
        total = (
            total + np.float32(weights.get("popularity", 0.0)) * zscore_rows(model.fame_[None, :])[0, size:]
        )
    spread = float(total.std())
    stretch = float(ordinary.std()) / spread if spread > 0 else 0.0
    level = natural.mean(axis=1, keepdims=True)
    return np.asarray(level + stretch * (own - own.mean(axis=1, keepdims=True)), dtype=np.float32)


def one_row_each(weights: Sparse, history: Numbers) -> Sparse:
    """One weighted history as one row for each of its items; `history` is sorted and holds them all."""
    weights = weights.copy()
    weights.sum_duplicates()
    rows = np.searchsorted(history, weights.indices)
    return sparse.csr_matrix((weights.data, (rows, weights.indices)), shape=(len(history), weights.shape[1]))
