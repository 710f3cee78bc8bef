"""What the default model learns from behaviour: counts, the two item maps, and their bridge from content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Dataset, Floats, History, Numbers, Progress, Sparse
from llm4rec.models.bridge import Bridge, GrownMap, posterior, ridge, subtract_prior, widest
from llm4rec.models.content import ItemContent
from llm4rec.models.ease import gram_of
from llm4rec.models.itemitem import history_rows
from llm4rec.models.maps import (
    DenseMap,
    InverseMap,
    ItemMap,
    SparseMap,
    part,
    read_map,
    read_sparse,
    sparse_state,
    under,
)
from llm4rec.models.solve import inverse, neighbourhood_solve, solve
from llm4rec.models.transition import TransitionConfig, moved_counts, sequences, transition_counts

if TYPE_CHECKING:
    from llm4rec.models.sequence import SequenceConfig


PRIOR = {"text": 1.0, "attributes": 1.0, "words": 1.0}
BRIDGE = {"raw": 1.0, "attributes": 0.5, "words": 0.5}


@dataclass(frozen=True, eq=False)
class Counts:
    """Sufficient statistics of behaviour: X'X of binary rows, P'P and P'F of fading pasts. Exactly addable."""

    together: Sparse
    past: Sparse
    following: Sparse

    @classmethod
    def of(cls, dataset: Dataset, config: SequenceConfig) -> Counts:
        """Counts of all positive events of a data set."""
        size = len(dataset.catalog)
        past, following = transition_counts(*sequences(dataset), size, counting(config))
        return cls(gram_of(dataset.matrix()), past, following)

    def only(self, items: Numbers) -> Counts:
        """The counts among some items, renumbered in that order."""
        return Counts(*(m[items][:, items].tocsr() for m in (self.together, self.past, self.following)))

    @property
    def taken(self) -> Numbers:
        """How many users took each item."""
        return np.asarray(np.rint(self.together.diagonal()), dtype=np.int64)

    def moved(self, before: Sequence[History], after: Sequence[History], config: SequenceConfig) -> Counts:
        """The counts with the histories `before` taken out and `after` put in."""
        size = self.together.shape[0]
        old, new = (gram_of(history_rows(side, size)) for side in (before, after))
        together = (self.together + new - old).tocsr()
        together.eliminate_zeros()
        return Counts(together, *moved_counts((self.past, self.following), before, after, counting(config)))

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays."""
        return (
            under("together", sparse_state(self.together))
            | under("past", sparse_state(self.past))
            | under("following", sparse_state(self.following))
        )

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Counts:
        """The inverse of `state`."""
        return cls(*(read_sparse(part(name, state)) for name in ("together", "past", "following")))


def counting(config: SequenceConfig) -> TransitionConfig:
    """The settings of the transition model that say how places are counted."""
    return TransitionConfig(decay=config.transition_decay)


@dataclass(frozen=True, eq=False)
class Bases:
    """Content as two sparse matrices by item: `prior` shapes rows of the transition map, `bridge` predicts columns.

    The bridge reads texts as the language model gives them and attributes at half weight; the prior reads them
    whitened and in full. Columns are chosen once, on the items that were fitted on.
    """

    prior: Sparse
    bridge: Sparse

    @classmethod
    def of(cls, content: ItemContent, leave_out: Sequence[str], fitted_on: int) -> Bases:
        """The bases of all items; `fitted_on` of them, the first ones, decide which columns are used."""
        return cls(
            *(
                _narrowed(content.stacked({n: w for n, w in scales.items() if n not in leave_out}), fitted_on)
                for scales in (PRIOR, BRIDGE)
            )
        )

    def first(self, size: int) -> Bases:
        """The bases of the first `size` items."""
        return Bases(self.prior[:size], self.bridge[:size])


def _narrowed(stacked: Sparse, fitted_on: int) -> Sparse:
    return stacked[:, widest(stacked[:fitted_on])]


def transition_of(
    counts: Counts, prior_content: Sparse, config: SequenceConfig, progress: Progress
) -> ItemMap:
    """The transition map with a content prior on its rows; sparse and without prior above `dense_limit`."""
    if counts.past.shape[0] > config.dense_limit:
        return SparseMap(
            neighbourhood_solve(
                counts.past, counts.following, config.transition_reg, config.neighbours, progress
            )
        )

    def prior(system: Floats) -> None:
        if config.prior and prior_content.shape[1]:
            subtract_prior(system, prior_content, config.prior, config.transition_reg)

    return DenseMap(solve(counts.past, counts.following, config.transition_reg, prior))


def ease_of(counts: Counts, config: SequenceConfig, progress: Progress) -> ItemMap:
    """The EASE map of the counts; sparse above `dense_limit`."""
    if counts.together.shape[0] > config.dense_limit:
        target = counts.together.copy()
        target.setdiag(0)
        target.eliminate_zeros()
        return SparseMap(
            neighbourhood_solve(counts.together, target, config.ease_reg, config.neighbours, progress)
        )
    found = InverseMap(inverse(counts.together, config.ease_reg))
    matrix = found.inverse
    matrix /= -np.diagonal(matrix).copy()  # divides columns: P is symmetric, B = -P / diag(P)
    np.fill_diagonal(matrix, 0.0)
    return DenseMap(matrix)


@dataclass(frozen=True, eq=False)
class Behaviour:
    """Both item maps over the items they were fitted on, and what content predicts of them."""

    transition: ItemMap
    ease: ItemMap
    bridges: Mapping[str, Bridge]
    smoother: Floats

    @classmethod
    def learn(cls, counts: Counts, bases: Bases, config: SequenceConfig, progress: Progress) -> Behaviour:
        """Solve both maps and build their bridges; columns are as behaviour alone says."""
        maps = {
            "transition": transition_of(counts, bases.prior, config, progress),
            "ease": ease_of(counts, config, progress),
        }
        smoother = ridge(bases.bridge, config.content_reg)
        return cls(
            **maps, bridges={name: Bridge.of(m, smoother) for name, m in maps.items()}, smoother=smoother
        )

    def folded(self, content: Sparse, taken: Numbers, strength: float) -> Behaviour:
        """Columns at their posterior mean between content and behaviour (see `bridge.posterior`)."""
        if not content.shape[1]:
            return self
        return replace(
            self,
            transition=posterior(self.transition, self.bridges["transition"], content, taken, strength),
            ease=posterior(self.ease, self.bridges["ease"], content, taken, strength),
        )

    def grown(self, newcomers: Sparse) -> Behaviour:
        """Both maps over newcomers too."""
        return replace(
            self,
            transition=GrownMap(self.transition, self.bridges["transition"], self.smoother, newcomers),
            ease=GrownMap(self.ease, self.bridges["ease"], self.smoother, newcomers),
        )

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays; newcomers are not in them and are grown again from their content."""
        state = under("transition", self.transition.state()) | under("ease", self.ease.state())
        for name, bridge in self.bridges.items():
            state |= under(f"bridge.{name}", bridge.state())
        return state | {"smoother": self.smoother}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Behaviour:
        """The inverse of `state`."""
        bridges = {name: Bridge.from_state(part(f"bridge.{name}", state)) for name in ("transition", "ease")}
        maps = [read_map(part(name, state)) for name in ("transition", "ease")]
        return cls(maps[0], maps[1], bridges, state["smoother"])
