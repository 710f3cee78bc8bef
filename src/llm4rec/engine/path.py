"""The one path: requests -> scores -> candidates -> recommendations. Knows nothing of fitting, files or HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import (
    Calibrates,
    Candidates,
    Explains,
    Floats,
    KnownUsers,
    Model,
    Numbers,
    Reason,
    Recommendations,
    Request,
    Situated,
    Trade,
    context_word,
    masked,
    suggest,
    top_k,
)
from llm4rec.engine.fitted import Fitted
from llm4rec.engine.ordering import ordering, wanted
from llm4rec.engine.policy import TOLD
from llm4rec.engine.vectors import by_index, by_products

CHUNK_BYTES = 64_000_000
NOT_SURE = "not sure yet: what is known of this user says no more than that some things are popular"
STRANGER = "nothing is known of this user: what is popular is shown"
UNHEARD = "the model can tell nothing from this history: what is popular is shown"
PAIRS = 20_000  # pairs of numbers that are compared one by one rather than sorted
MANY = 64  # requests from which products of vectors are faster than rows of scores


def scores(fitted: Fitted, requests: Sequence[Request]) -> tuple[Floats, np.ndarray]:
    """(requests, items) finite scores over the whole catalog, and which rows the model declined, (requests,).

    A declined row is answered by the fallback (what is popular); so is one that tells no item from another.
    """
    result = fitted.model.score(requests)
    declined = _says_nothing(result) if result.shape[1] else np.zeros(len(requests), bool)
    if declined.any():
        result[declined] = fitted.fallback.score([r for r, d in zip(requests, declined, strict=True) if d])
    return _tilted(result, requests), declined


def _says_nothing(rows: Floats) -> NDArray[np.bool_]:
    """(rows,): declined (-inf), or the same score for every item."""
    level = np.asarray(rows[:, 0] == rows[:, -1])
    for row in np.flatnonzero(level):
        level[row] = (rows[row] == rows[row, 0]).all()
    return level


def _tilted(rows: Floats, requests: Sequence[Request]) -> Floats:
    """The scores with what each request wants more or less of, by the way from the mean of its row to the best."""
    if isinstance(requests, KnownUsers) or all(r.tilt is None for r in requests):
        return rows
    rows = rows.copy()
    for row, request in zip(rows, requests, strict=True):
        if request.tilt is not None:
            row += np.float32(max(float(row.max() - row.mean()), 1e-6)) * request.tilt
    return rows


def candidates(
    fitted: Fitted, requests: Sequence[Request], exact: bool = False, depth: int = 0
) -> tuple[Candidates, np.ndarray]:
    """The best items of each request that may be shown, in chunks of bounded memory; and which were declined.

    Where there is an index, it is asked unless the answer must be `exact`; requests that it cannot answer (limited to
    some items, much ruled out, too little found) are answered exactly. Many requests to a model of vectors (`Embeds`)
    are answered from products of vectors, without whole rows of scores; the lists are the same up to rounding. At least
    `depth` candidates are looked for.
    """
    k = min(max(_most(requests), depth), len(fitted.catalog))
    source = type(fitted.model).__name__
    items = np.full((len(requests), k), -1, dtype=np.int64)
    values = np.full((len(requests), k), -np.inf, dtype=np.float32)
    declined = np.zeros(len(requests), dtype=bool)
    left = np.arange(len(requests))
    if fitted.embeds is not None and k:
        if fitted.index is not None and not exact:
            left = by_index(fitted.embeds, fitted.index, requests, (items, values), min(k, depth))
        elif len(requests) >= MANY:
            left = by_products(fitted.embeds, requests, (items, values))
    size = max(1, CHUNK_BYTES // (4 * max(len(fitted.catalog), 1)))
    for start in range(0, len(left), size):
        rows = left[start : start + size]
        chunk = [requests[int(row)] for row in rows]
        shown, declined[rows] = scores(fitted, chunk)
        shown = masked(shown.copy(), chunk)
        best = top_k(shown, k)
        items[rows] = best
        # Where there is none (-1) the last item is looked at, and that is not kept.
        values[rows] = np.where(best >= 0, shown[np.arange(len(rows))[:, None], best], -np.inf)
    return Candidates(items, values, source), declined


Ordered: TypeAlias = tuple[Candidates, np.ndarray, list[Trade]]
Then: TypeAlias = Callable[[Sequence[Request], Candidates], Candidates]


def ordered(
    fitted: Fitted, requests: Sequence[Request], exact: bool = False, then: Then | None = None
) -> Ordered:
    """The items that go out, reordered as settings and requests say; which were declined; and what reordering cost.

    Without rerankers and with all knobs at 0 it is the order of the model, and there are no trades. `then` has the last
    word on the order: a service explores with it.
    """
    reordered = wanted(requests, fitted.rerank)
    if not reordered and then is None:
        return *candidates(fitted, requests, exact), []
    before, declined = candidates(fitted, requests, exact, fitted.rerank.depth)
    after = ordering(fitted).apply(requests, before) if reordered else before
    told: list[Trade] = []
    if reordered and not isinstance(requests, KnownUsers):
        told = _told(fitted, requests, before, after)
    if then is not None:
        after = then(requests, after)
    most = slice(None), slice(_most(requests))
    chance = None if after.propensities is None else after.propensities[most]
    cut = Candidates(after.items[most], after.scores[most], after.source, chance, after.notes)
    return cut, declined, told


def _told(fitted: Fitted, requests: Sequence[Request], before: Candidates, after: Candidates) -> list[Trade]:
    from llm4rec.engine.pricing import told_with

    return told_with(fitted, requests, before, after)


def reordered(fitted: Fitted, request: Request, shown: Floats, n: int) -> tuple[Candidates, Trade | None]:
    """The n best of one request by scores (items,) that another has made, in the order that settings and request ask for.

    Items of score -inf are left out. As in `ordered`, rerankers and knobs choose among the `rerank.depth` best.
    """
    moved = wanted([request], fitted.rerank)
    best = top_k(shown[None], min(max(n, fitted.rerank.depth) if moved else n, len(shown)))
    best = best[:, best[0] >= 0]
    found, told = Candidates(best, shown[best]), None
    if moved and best.size:
        before, found = found, ordering(fitted).apply([request], found)
        (told,) = _told(fitted, [request], before, found)
    chance = None if found.propensities is None else found.propensities[:, :n]
    cut = Candidates(found.items[:, :n], found.scores[:, :n], propensities=chance, notes=found.notes)
    return cut, told


def served(fitted: Fitted, requests: Sequence[Request]) -> tuple[Floats, np.ndarray]:
    """`scores` that say the order that is served: the reordered items share out the scores they had among themselves.

    So that what is measured is what goes out. Without rerankers they are the scores of the model.
    """
    found, declined = scores(fitted, requests)
    if not wanted(requests, fitted.rerank) or not found.shape[1]:
        return found, declined
    result = found.copy()
    open_to = masked(found.copy(), requests)
    depth = min(max(_most(requests), fitted.rerank.depth), found.shape[1])
    items = top_k(open_to, depth)
    values = np.where(items >= 0, np.take_along_axis(open_to, np.maximum(items, 0), axis=1), -np.inf)
    order = ordering(fitted).apply(requests, Candidates(items, values)).items
    for row, (new, dealt) in enumerate(zip(order, values, strict=True)):
        there = new >= 0
        result[row, new[there]] = _falling(dealt[there])
    return result, declined


def _falling(values: Floats) -> Floats:
    """The values, each less than the one before by the least there is where they were equal."""
    result = values.copy()
    for place in range(1, len(result)):
        if result[place] >= result[place - 1]:
            result[place] = np.nextafter(result[place - 1], np.float32(-np.inf))
    return result


def _most(requests: Sequence[Request]) -> int:
    if isinstance(requests, KnownUsers):
        return requests.n if len(requests) else 0
    return max((r.n for r in requests), default=0)


def recommendations(
    fitted: Fitted,
    requests: Sequence[Request],
    degraded: Sequence[tuple[str, ...]],
    explain: bool | str,
    chances: bool = False,
) -> list[Recommendations]:
    """What goes out: ids, titles, scores, reasons and chances where asked for, what could not be done as asked.

    `explain`: reasons alone (True), or explanations too, in the language of that name.
    """
    return composed(fitted, requests, ordered(fitted, requests), degraded, (explain, chances))


def composed(
    fitted: Fitted,
    requests: Sequence[Request],
    lists: Ordered,
    degraded: Sequence[tuple[str, ...]],
    asked_for: tuple[bool | str, bool] = (False, False),
) -> list[Recommendations]:
    """`recommendations` of lists that have been ordered; `asked_for` are its `explain` and `chances`."""
    from llm4rec.engine.explaining import explained, language_of

    found, declined, told = lists
    explain, chances = asked_for
    likely, unsure = _likely(fitted, requests, found) if chances else (None, [""] * len(requests))
    few = _of_strangers(fitted, requests, declined)
    answers = []
    for row, request in enumerate(requests):
        kept = _kept(found.items[row], request)
        items = found.items[row][kept]
        spoken = language_of(explain, fitted, request.user)
        notes = [*degraded[row], *few[row], *(found.notes[row] if found.notes else ())]
        if len(items) < request.n:
            notes.append(f"only {len(items)} of {request.n} items may be shown")
        answers.append(
            Recommendations(
                items=tuple(fitted.catalog.ids.names(items)),
                scores=tuple(found.scores[row][kept].tolist()),
                titles=tuple(map(fitted.catalog.titles.__getitem__, items.tolist())),
                reasons=reasons(fitted, request, items) if explain and not declined[row] else (),
                explanations=explained(fitted, request, items, spoken) if spoken else (),
                chances=() if likely is None else tuple(likely[row][kept].tolist()),
                unsure=unsure[row],
                propensities=_drawn(found, row, kept),
                trade=told[row] if told else None,
                version=fitted.version,
                degraded=tuple(notes),
            )
        )
    return answers


def _of_strangers(fitted: Fitted, requests: Sequence[Request], declined: np.ndarray) -> list[list[str]]:
    """What is told of each list because nothing, or little, is known of who asks."""
    told = [""] * len(requests) if fitted.adapts is None else fitted.adapts.adapted(requests)
    return [
        [UNHEARD if len(request.history) else STRANGER] if no else [one] * bool(one)
        for request, no, one in zip(requests, declined, told, strict=True)
    ]


def _kept(items: Numbers, request: Request) -> Numbers:
    """Places of the items that go out: what is excluded was ruled out before, and is looked at again, whatever has
    ordered the list since.
    """
    shown = items >= 0
    if request.excluded is not None:
        shown &= ~among(items, request.excluded)
    return np.flatnonzero(shown)[: request.n]


def among(items: Numbers, others: Numbers) -> NDArray[np.bool_]:
    """(items,) which of a few numbers are among others; quicker than `isin`, which sorts, while both are short."""
    if len(items) * len(others) > PAIRS:
        return np.asarray(np.isin(items, others))
    return np.asarray((items[:, None] == others).any(axis=1))


def _drawn(found: Candidates, row: int, kept: Numbers) -> tuple[float, ...]:
    """The chances of some places of a list that was drawn."""
    return () if found.propensities is None else tuple(found.propensities[row][kept].tolist())


def _likely(fitted: Fitted, requests: Sequence[Request], found: Candidates) -> tuple[Floats, list[str]]:
    """The chance of each candidate, NaN where nothing is known, and by request what is not sure yet."""
    if not isinstance(fitted.model, Calibrates):
        nothing = np.full(found.items.shape, np.nan, dtype=np.float32)
        return nothing, [f"chances are not known: {fitted.name!r} does not calibrate; 'hybrid' does"] * len(
            requests
        )
    chances, sure = fitted.model.chances(requests, found.items)
    return chances, ["" if one else NOT_SURE for one in sure]


def unheard(model: Model, context: Mapping[str, object]) -> list[str]:
    """What of the context of a request the model cannot look at: each name or word, and by which rule it is taken."""
    if not context:
        return []
    known = model.contexts if isinstance(model, Situated) else {}
    told = f"the model looks at {', '.join(known)}" if known else "the model looks at no context"
    notes = []
    for name, value in context.items():
        if name in TOLD and name not in known:
            continue  # who asks is heard by the policy
        word = context_word(value)
        if name not in known:
            notes.append(f"context {name!r} is not used{suggest(name, known)}: {told}")
        elif word and word not in known[name]:
            near = suggest(word, known[name])
            notes.append(f"context {name}={word!r} was never seen{near}: it counts as not told")
    return notes


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
