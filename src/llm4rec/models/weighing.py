"""How much an event says, by its kind and its value. Knows nothing of age and of models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from llm4rec.core import Dataset, Floats, History, Interactions, KnownUsers, Request, Sparse
from llm4rec.models.histories import recency_matrix


@dataclass(frozen=True)
class Weighing:
    """weight = kinds[kind] (1 where not named) x (1 + value_weight log(1 + value)), for positive events.

    An event without a value, or with one below zero, counts as of value 0. Logarithmic confidence: Hu, Koren &
    Volinsky, ICDM 2008, eq. 6.
    """

    kinds: Mapping[str, float] = field(default_factory=dict)
    value_weight: float = 0.0

    @property
    def plain(self) -> bool:
        """Whether every event counts 1."""
        return not self.kinds and self.value_weight == 0.0

    def of(self, events: History | Interactions) -> Floats:
        """A weight an event, (events,) float32."""
        by_kind = np.array([self.kinds.get(name, 1.0) for name in events.kind_names], dtype=np.float32)
        weights = by_kind[events.kinds] if len(events) else np.zeros(0, np.float32)
        if self.value_weight:
            known = np.maximum(np.nan_to_num(events.values, nan=0.0), 0.0)
            weights *= np.float32(1.0) + np.float32(self.value_weight) * np.log1p(known)
        return weights

    def matrix(self, dataset: Dataset) -> Sparse:
        """(users, items) of training: 1 a pair where every event counts 1, else the sum over its events."""
        if self.plain:
            return dataset.matrix()
        events = dataset.interactions.take(dataset.interactions.positive)
        shape = (len(dataset.users), len(dataset.catalog))
        result = sparse.csr_matrix((self.of(events), (events.users, events.items)), shape=shape)
        result.eliminate_zeros()
        return result

    def histories(self, requests: Sequence[Request], items: int, decay: float | None) -> Sparse:
        """(requests, items): `recency_matrix`, each event times its weight; its entries stand in order of time."""
        if self.plain:
            return recency_matrix(requests, items, decay)
        matrix = recency_matrix(requests, items, decay or np.inf)  # without a decay, repeats add up here too
        matrix.data = matrix.data * self._liked(requests)
        return matrix

    def _liked(self, requests: Sequence[Request]) -> Floats:
        """Weights of the positive events of all requests, one behind the other."""
        if isinstance(requests, KnownUsers):
            events = [requests.events[0]]
        else:
            events = [request.history for request in requests]
        rows = [self.of(one)[one.positive] for one in events]
        return np.concatenate(rows) if rows else np.zeros(0, np.float32)
