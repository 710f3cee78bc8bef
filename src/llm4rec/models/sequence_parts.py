"""What the default model learns from behaviour: counts, the two item maps, and their bridge from content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from llm4rec.core import Dataset, Floats, History, Numbers, Progress, Sparse, as_csr
from llm4rec.models.bridge import Bridge, GrownMap, posterior, ridge, subtract_prior, widest
from llm4rec.models.content import ItemContent
from llm4rec.models.ease import gram_of
from llm4rec.models.itemitem import history_rows
from llm4rec.models.kernel import Kernel
from llm4rec.models.maps import (
    DenseMap,
    InverseMap,
    ItemMap,
    SparseMap,
    packed,
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


SMALL = 5_000  # items up to which a map is solved for the bridge alone
PRIOR = {"text": 1.0, "attributes": 1.0, "words": 1.0}
BRIDGE = {"raw": 1.0, "attributes": 1.0}
FULLNESS = 0.3
LEVEL, LOUDNESS = 0.5, 0.25  # how far popularity is taken out of columns, and that expected put back
LEAST = 5.0


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

    @cached_property
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
    """Content as two matrices by item: `prior` shapes rows of the transition map, `bridge` predicts columns.

    The bridge compares texts field by field, attributes and how much is said, through a kernel; the prior reads
    whitened texts, attributes and words as they are. All is learnt on the items that were fitted on.
    """

    prior: Sparse
    bridge: Floats

    @classmethod
    def of(cls, content: ItemContent, leave_out: Sequence[str], fitted_on: int) -> Bases:
        """The bases of the first `fitted_on` items."""
        prior = _narrowed(content, PRIOR, set(leave_out), fitted_on)[:fitted_on]
        return cls(prior, likeness(content, leave_out, fitted_on)[:fitted_on])


def likeness(content: ItemContent, leave_out: Sequence[str], fitted_on: int, start: int = 0) -> Floats:
    """(items behind `start`, width): the `bridge` of those items.

    The first `fitted_on` items alone decide what is compared and how.
    """
    left_out = {*leave_out, "raw"} if "text" in leave_out else set(leave_out)
    bridge = _narrowed(content, BRIDGE, left_out, fitted_on)
    if "text" not in leave_out:
        bridge = as_csr(sparse.hstack([bridge, as_csr(_evened(content.fullness, fitted_on))]))
    if not bridge[:fitted_on].nnz:
        return np.zeros((len(content) - start, 0), np.float32)
    return Kernel.of(bridge[:fitted_on]).features(bridge[start:])


def _narrowed(
    content: ItemContent, scales: Mapping[str, float], left_out: set[str], fitted_on: int
) -> Sparse:
    stacked = content.stacked({name: scale for name, scale in scales.items() if name not in left_out})
    return stacked[:, widest(stacked[:fitted_on])]


def _evened(numbers: Floats, fitted_on: int) -> Floats:
    """Columns of mean zero and spread FULLNESS over the items fitted on; constant ones become zeros."""
    known = numbers[:fitted_on]
    spread = known.std(axis=0)
    return np.where(spread > 1e-6, FULLNESS * (numbers - known.mean(axis=0)) / np.maximum(spread, 1e-6), 0.0)


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


def _told(ease: ItemMap, counts: Counts, config: SequenceConfig, progress: Progress) -> ItemMap:
    """The EASE map that content learns to predict: less smoothed than one that ranks known items wants to be."""
    if ease.size > SMALL or config.ease_reg == config.bridge_reg:
        return ease
    return ease_of(counts, config.model_copy(update={"ease_reg": config.bridge_reg}), progress)


def _levels(taken: Numbers) -> Floats:
    """(items,): what makes columns of items taken often and seldom alike in size; about 1 on average."""
    fame = np.log(taken + LEAST)
    return np.asarray(np.exp(-LEVEL * (fame - fame.mean())), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Behaviour:
    """Both item maps over the items they were fitted on, and what content predicts of them."""

    transition: ItemMap
    ease: ItemMap
    bridges: Mapping[str, Bridge]
    fame: Floats

    @classmethod
    def learn(cls, counts: Counts, bases: Bases, config: SequenceConfig, progress: Progress) -> Behaviour:
        """Solve both maps and build their bridges; columns are as behaviour alone says.

        `content @ fame` is by how much the log of an item's popularity is expected to differ from the average.
        """
        maps = {
            "transition": transition_of(counts, bases.prior, config, progress),
            "ease": ease_of(counts, config, progress),
        }
        smoother = ridge(bases.bridge, config.content_reg)
        told = maps | {"ease": _told(maps["ease"], counts, config, progress)}
        levels = _levels(counts.taken)
        bridges = {name: Bridge.of(item_map, smoother, levels) for name, item_map in told.items()}
        fame = np.log1p(counts.taken).astype(np.float32)
        fame = smoother.T @ (fame - fame.mean())
        return cls(**maps, bridges=bridges, fame=fame)

    def loudness(self, content: Floats) -> Floats:
        """(items,): by how much columns of such content are to be multiplied; about 1 on average."""
        return np.asarray(np.exp(np.float32(LOUDNESS) * (content @ self.fame)), dtype=np.float32)

    def folded(self, content: Floats, taken: Numbers, strength: float) -> Behaviour:
        """Columns at their posterior mean between content and behaviour (see `bridge.posterior`)."""
        if not content.shape[1]:
            return self
        share = (taken / np.maximum(taken + strength, 1e-9)).astype(np.float32)
        loudness = self.loudness(content)
        return replace(
            self,
            transition=posterior(self.transition, self.bridges["transition"], content, loudness, share),
            ease=posterior(self.ease, self.bridges["ease"], content, loudness, share),
        )

    def packed(self) -> Behaviour:
        """The same with dense maps of many items in half the memory."""
        bridges = {name: bridge.packed() for name, bridge in self.bridges.items()}
        return replace(self, transition=packed(self.transition), ease=packed(self.ease), bridges=bridges)

    def grown(self, newcomers: Floats) -> Behaviour:
        """Both maps over newcomers too."""
        shared = (newcomers, self.loudness(newcomers))
        return replace(
            self,
            transition=GrownMap(self.transition, self.bridges["transition"], *shared),
            ease=GrownMap(self.ease, self.bridges["ease"], *shared),
        )

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays; newcomers are not in them and are grown again from their content."""
        state = under("transition", self.transition.state()) | under("ease", self.ease.state())
        for name, bridge in self.bridges.items():
            state |= under(f"bridge.{name}", bridge.state())
        return state | {"fame": self.fame}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Behaviour:
        """The inverse of `state`."""
        bridges = {name: Bridge.from_state(part(f"bridge.{name}", state)) for name in ("transition", "ease")}
        maps = [read_map(part(name, state)) for name in ("transition", "ease")]
        return cls(maps[0], maps[1], bridges, state["fame"])
