"""Split conformal intervals by groups: how many spreads wide an interval must be to hold. Knows no model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

LEAST = 200  # held-out rows a group should have
MOST = 5  # groups


@dataclass(frozen=True)
class Mondrian:
    """Held-out errors, each over the spread promised for it, kept by how active its user was.

    A new row from the same source as the held-out ones lies within `factor` spreads with at least the probability
    asked for, in every group (Mondrian conformal prediction; Vovk, Gammerman & Shafer 2005; scaled errors after
    Lei et al., JASA 2018). Groups are quantiles of activity, at most `MOST` and of `LEAST` rows where there are so many.
    """

    edges: NDArray[np.float64]  # (groups - 1,): group g is edges[g - 1] <= activity < edges[g]
    errors: NDArray[np.float64]  # of all groups, one behind the other, ascending in each
    bounds: NDArray[np.int64]  # (groups + 1,)

    @classmethod
    def fit(cls, errors: NDArray[np.float64], activity: NDArray[Any]) -> Self:
        """From scaled absolute errors and the activity of their users, (rows,) each."""
        groups = int(np.clip(len(errors) // LEAST, 1, MOST))
        cuts = np.quantile(activity, np.linspace(0.0, 1.0, groups + 1)[1:-1]) if len(errors) else np.zeros(0)
        edges = np.unique(cuts).astype(np.float64)
        group = np.searchsorted(edges, activity, side="right")
        order = np.lexsort((errors, group))
        bounds = np.searchsorted(group[order], np.arange(len(edges) + 2))
        return cls(edges, errors[order], bounds.astype(np.int64))

    def factor(self, activity: NDArray[Any], coverage: float) -> NDArray[np.float64]:
        """How many spreads an interval reaches to either side, (rows,); infinite where too few errors are known."""
        by_group = np.full(len(self.bounds) - 1, np.inf)
        for group, (first, last) in enumerate(zip(self.bounds[:-1], self.bounds[1:], strict=True)):
            rank = int(np.ceil((last - first + 1) * coverage))
            if rank <= last - first:
                by_group[group] = self.errors[first + max(rank, 1) - 1]
        return np.asarray(by_group[np.searchsorted(self.edges, activity, side="right")])

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays by name."""
        return {"edges": self.edges, "errors": self.errors, "bounds": self.bounds}

    @classmethod
    def of(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """The inverse of `state`."""
        return cls(state["edges"], state["errors"], state["bounds"])
