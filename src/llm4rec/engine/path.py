"""The one path: requests -> scores -> candidates -> recommendations. Knows nothing of fitting, files or HTTP."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from llm4rec.core import (
    Calibrates,
    Candidates,
    Explains,
    Floats,
    Numbers,
    Reason,
    Recommendations,
    Request,
    top_k,
)
from llm4rec.engine.fitted import Fitted

CHUNK_BYTES = 64_000_000
NOT_SURE = "not sure yet: what is known of this user says no more than that some things are popular"


def scores(fitted: Fitted, requests: Sequence[Request]) -> tuple[Floats, np.ndarray]:
    """(requests, items) finite scores over the whole catalog, and which rows the model declined, (requests,).

    A declined row is answered by the fallback (what is popular).
    """
    result = fitted.model.score(requests)
    declined = np.isneginf(result[:, 0]) if result.shape[1] else np.zeros(len(requests), bool)
    if declined.any():
        result[declined] = fitted.fallback.score([r for r, d in zip(requests, declined, strict=True) if d])
    return result, declined


def candidates(fitted: Fitted, requests: Sequence[Request]) -> tuple[Candidates, np.ndarray]:
    """The best items of each request that may be shown, in chunks of bounded memory; and which were declined."""
    size = max(1, CHUNK_BYTES // (4 * max(len(fitted.catalog), 1)))
    k = min(max((r.n for r in requests), default=0), len(fitted.catalog))
    items, values, declined = [], [], []
    for start in range(0, len(requests), size):
        chunk = requests[start : start + size]
        rows, refused = scores(fitted, chunk)
        shown = np.stack([_showable(row, r) for row, r in zip(rows, chunk, strict=True)])
        best = top_k(shown, k)
        items.append(best)
        values.append(np.where(best >= 0, np.take_along_axis(shown, np.maximum(best, 0), axis=1), -np.inf))
        declined.append(refused)
    if not requests:
        return Candidates(np.zeros((0, 0), np.int64), np.zeros((0, 0), np.float32)), np.zeros(0, bool)
    found = Candidates(
        np.concatenate(items), np.concatenate(values).astype(np.float32), type(fitted.model).__name__
    )
    return found, np.concatenate(declined)


def _showable(row: Floats, request: Request) -> Floats:
    """The scores with everything that may not be shown at -inf."""
    if request.allowed is not None:
        kept = np.full_like(row, -np.inf)
        kept[request.allowed] = row[request.allowed]
        row = kept
    if request.seen == "exclude":
        row[request.history.items] = -np.inf
    if request.excluded is not None:
        row[request.excluded] = -np.inf
    return row


def recommendations(
    fitted: Fitted,
    requests: Sequence[Request],
    degraded: Sequence[tuple[str, ...]],
    explain: bool,
    chances: bool = False,
) -> list[Recommendations]:
    """What goes out: ids, titles, scores, reasons and chances where asked for, what could not be done as asked."""
    found, declined = candidates(fitted, requests)
    likely, unsure = _likely(fitted, requests, found) if chances else (None, [""] * len(requests))
    answers = []
    for row, request in enumerate(requests):
        items = found.items[row][found.items[row] >= 0][: request.n]
        notes = list(degraded[row])
        if declined[row]:
            notes.append("nothing is known of this user: what is popular is shown")
        if len(items) < request.n:
            notes.append(f"only {len(items)} of {request.n} items may be shown")
        answers.append(
            Recommendations(
                items=tuple(fitted.catalog.ids.names(items)),
                scores=tuple(float(s) for s in found.scores[row][: len(items)]),
                titles=tuple(fitted.catalog.titles[i] for i in items),
                reasons=reasons(fitted, request, items) if explain and not declined[row] else (),
                chances=() if likely is None else tuple(likely[row][: len(items)].tolist()),
                unsure=unsure[row],
                version=fitted.version,
                degraded=tuple(notes),
            )
        )
    return answers


def _likely(fitted: Fitted, requests: Sequence[Request], found: Candidates) -> tuple[Floats, list[str]]:
    """The chance of each candidate, NaN where nothing is known, and by request what is not sure yet."""
    if not isinstance(fitted.model, Calibrates):
        nothing = np.full(found.items.shape, np.nan, dtype=np.float32)
        return nothing, [f"chances are not known: {fitted.name!r} does not calibrate; 'hybrid' does"] * len(
            requests
        )
    chances, sure = fitted.model.chances(requests, found.items)
    return chances, ["" if one else NOT_SURE for one in sure]


def reasons(
    fitted: Fitted, request: Request, items: Numbers, most: int = 3
) -> tuple[tuple[Reason, ...], ...]:
    """The history items that gave most to each score, exactly as the model computed it."""
    if not isinstance(fitted.model, Explains):
        return ()
    titles = fitted.catalog.titles
    rows = []
    for given in fitted.model.contributions(request, items):
        best = sorted(given.items(), key=lambda pair: -pair[1])[:most]
        rows.append(tuple(Reason("history", titles[i], value) for i, value in best if value > 0))
    return tuple(rows)
