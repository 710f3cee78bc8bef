"""Linear transitions: which items lead to which, in closed form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt
from scipy import sparse

from llm4rec.core import (
    Config,
    Dataset,
    FitContext,
    History,
    Numbers,
    Progress,
    Sparse,
    as_csr,
    no_entries,
    silent,
)
from llm4rec.models.itemitem import ItemItem
from llm4rec.models.maps import DenseMap, ItemMap, SparseMap, part, read_sparse, sparse_state, under
from llm4rec.models.solve import DENSE_LIMIT, neighbourhood_solve, solve
from llm4rec.models.tuning import best_of

CHUNK = 4_000_000  # entries of P held at once while counting


class TransitionConfig(Config):
    """`decay`: events after which the past counts 1/e, while fitting; `score_decay`: while scoring (None: the same).

    `ahead`: how many next items are targets, each counting 1/e of the one before.
    """

    reg: PositiveFloat = 50.0
    decay: PositiveFloat = 3.0
    score_decay: PositiveFloat | None = None
    score_decays: tuple[float, ...] = Field((2.0, 3.0, 5.0, 8.0), description="tried on validation")
    ahead: PositiveInt = 2
    window: PositiveInt = 30
    tune: bool = True
    dense_limit: PositiveInt = DENSE_LIMIT
    neighbours: PositiveInt = 100


class Transition(ItemItem):
    """C = (P'P + reg I)^-1 P'F: a row of P is the fading past at one place of a history, of F what follows.

    P_t = sum_k exp(-k / decay) e[i_(t-1-k)] over `window` events; F_t = e[i_t] + e^-1 e[i_(t+1)] (the transition
    part of SLIST; Choi et al., WWW 2021). The counts are kept, so `partial_fit` and `forget` are exact.
    """

    config_type = TransitionConfig
    next_: Sparse

    def __init__(self, config: TransitionConfig | None = None) -> None:
        self.config = config or TransitionConfig()
        self.decay: float | None = self.config.score_decay or self.config.decay
        self.window = self.config.window

    def fit(self, dataset: Dataset, context: FitContext) -> Self:
        """Learn the map; choose the decay at scoring where there is a holdout."""
        self.gram_, self.next_ = transition_counts(*sequences(dataset), len(dataset.catalog), self.config)
        self.map_ = transition_map(self.gram_, self.next_, self.config, context.progress)
        if self.config.tune and context.holdout is not None and len(context.holdout):
            self.decay = best_of(self, "decay", self.config.score_decays, context)
        return self

    @property
    def chosen(self) -> TransitionConfig:
        """The config with the scoring decay chosen."""
        return self.config.model_copy(update={"score_decay": self.decay, "tune": False})

    def forget(self, histories: Sequence[History]) -> Self:
        """The model as if these training histories had never been seen."""
        return self.partial_fit(histories, [History.of([])] * len(histories))

    def partial_fit(self, before: Sequence[History], after: Sequence[History]) -> Self:
        """The model as if each training history `before[u]` had been `after[u]`."""
        self._need_fit()
        gram, following = moved_counts((self.gram_, self.next_), before, after, self.config)
        changed = type(self)(self.config)
        changed.decay, changed.gram_, changed.next_ = self.decay, gram, following
        changed.map_ = transition_map(gram, following, self.config, silent)
        return changed

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays for an engine folder."""
        return super().state() | under("next", sparse_state(self.next_))

    def restore(self, state: Mapping[str, NDArray[Any]], context: FitContext) -> Self:
        """The inverse of `state`."""
        self.next_ = read_sparse(part("next", state))
        return super().restore(state, context)


def sequences(dataset: Dataset) -> tuple[Numbers, Numbers]:
    """Items of all positive events, user by user, oldest first, and where each user begins (users + 1,)."""
    positive = dataset.interactions.take(dataset.interactions.positive)
    return positive.items, np.searchsorted(positive.users, np.arange(len(dataset.users) + 1)).astype(np.int64)


def moved_counts(
    counts: tuple[Sparse, Sparse],
    before: Sequence[History],
    after: Sequence[History],
    config: TransitionConfig,
) -> tuple[Sparse, Sparse]:
    """The counts with the histories `before` taken out and `after` put in."""
    size = counts[0].shape[0]
    old = transition_counts(*joined(before), size, config)
    new = transition_counts(*joined(after), size, config)
    moved = tuple((c + n - o).tocsr() for c, n, o in zip(counts, new, old, strict=True))
    return moved[0], moved[1]


def joined(histories: Sequence[History]) -> tuple[Numbers, Numbers]:
    """Positive items of some histories as `sequences` gives them for a data set."""
    rows = [h.liked for h in histories]
    bounds = np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int64)
    return (np.concatenate(rows) if rows else np.zeros(0, np.int64)), bounds


def transition_counts(
    items: Numbers, bounds: Numbers, size: int, config: TransitionConfig
) -> tuple[Sparse, Sparse]:
    """P'P and P'F over all places of all histories, both (size, size) float32."""
    gram = no_entries(size, size)
    following = no_entries(size, size)
    users = max(1, CHUNK // config.window * len(bounds) // max(len(items), 1))
    for start in range(0, len(bounds) - 1, users):
        cut = bounds[start : start + users + 1]
        past, future = past_and_future(items[cut[0] : cut[-1]], cut - cut[0], size, config)
        gram, following = gram + past.T @ past, following + past.T @ future
    return as_csr(gram), as_csr(following)


def past_and_future(
    items: Numbers, bounds: Numbers, size: int, config: TransitionConfig
) -> tuple[Sparse, Sparse]:
    """P and F: one row for each event that has something before it in its own history."""
    lengths = np.diff(bounds)
    place = np.arange(len(items)) - np.repeat(bounds[:-1], lengths)
    left = np.repeat(lengths, lengths) - place  # events from here to the end, this one included
    events = np.flatnonzero(place > 0)
    past = [(events[place[events] > k], k + 1, np.exp(-k / config.decay)) for k in range(config.window)]
    future = [(events[left[events] > k], -k, np.exp(-float(k))) for k in range(config.ahead)]
    return tuple(_gather(items, offsets, len(items), size) for offsets in (past, future))  # type: ignore[return-value]


def _gather(items: Numbers, offsets: list[tuple[Numbers, int, float]], rows: int, size: int) -> Sparse:
    """Sparse rows with weight w at items[event - shift] for each (events, shift, w)."""
    row = np.concatenate([events for events, _, _ in offsets])
    column = np.concatenate([items[events - shift] for events, shift, _ in offsets])
    data = np.concatenate([np.full(len(events), w, np.float32) for events, _, w in offsets])
    return sparse.csr_matrix((data, (row, column)), shape=(rows, size))


def transition_map(gram: Sparse, following: Sparse, config: TransitionConfig, progress: Progress) -> ItemMap:
    """The fitted map of counts: dense while items are few, neighbourhoods above `dense_limit`."""
    if gram.shape[0] <= config.dense_limit:
        return DenseMap(solve(gram, following, config.reg))
    return SparseMap(neighbourhood_solve(gram, following, config.reg, config.neighbours, progress))
