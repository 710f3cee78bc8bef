"""What is kept of a Gibbs chain: some of its draws, as plain arrays, enough for any user who brings a history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Progress, Sparse
from llm4rec.models.fm_blocks import Block
from llm4rec.models.fm_chain import Array, Chain
from llm4rec.models.fm_noise import Noise, Ordered

BURN_IN = 1 / 3  # share of the sweeps that come before the chain is trusted
REFRESH = 20  # sweeps after which residuals are computed anew, against drift


class Draw(NamedTuple):
    """One draw; fields as in `Draws`."""

    bias: float
    precision: float
    items: Array
    item_noise: Array
    features: Array
    prior: Array  # (2, 1 + factors)
    visit: Array
    cuts: Array


@dataclass(frozen=True)
class Draws:
    """`n` draws of everything but the users' own weights: those follow from a history (`fm_fold_kernels.fold`).

    `items` holds what an item adds by itself and its factors; `features` the weights of sets and attributes of users,
    `contents` those of attributes and text of items; `means` and `precisions` the prior of a user's own weights,
    `unknown` the prior means of an item's own weights and of its weights in a set; `visits` mean and precision of the shift of a visit
    (precision 0: no visits); `cuts` the cut points of ordered levels (none: normal noise).
    """

    bias: Array  # (n,)
    precision: Array  # (n,)
    items: NDArray[np.float32]  # (n, items, 1 + factors)
    item_noise: NDArray[np.float32]  # (n, items), relative precision
    features: NDArray[np.float32]  # (n, features, 1 + factors)
    contents: NDArray[np.float32]  # (n, attributes and text, 1 + factors)
    unknown: NDArray[np.float32]  # (n, 2, 1 + factors)
    means: Array  # (n, 1 + factors)
    precisions: Array  # (n, 1 + factors)
    visits: Array  # (n, 2)
    cuts: Array  # (n, levels - 1)

    def __len__(self) -> int:
        return len(self.bias)

    def draw(self, number: int) -> Draw:
        """One draw in double precision."""
        return Draw(
            bias=float(self.bias[number]),
            precision=float(self.precision[number]),
            items=self.items[number].astype(np.float64),
            item_noise=self.item_noise[number].astype(np.float64),
            features=self.features[number].astype(np.float64),
            prior=np.stack([self.means[number], self.precisions[number]]),
            visit=self.visits[number],
            cuts=self.cuts[number],
        )

    def grown(self, contents: Sparse, with_sets: bool) -> Self:
        """With further items that nobody has had, (new items, attributes and text): what their content tells."""
        many, size = len(self), contents.shape[0]
        own, member = self.unknown[:, 0], np.repeat(self.unknown[:, 1:], size, axis=1)
        items = np.stack([contents @ weights for weights in self.contents]) + own[:, None]
        known = self.items.shape[1] if with_sets else 0
        features = [self.features[:, :known], member[:, : size if with_sets else 0], self.features[:, known:]]
        return replace(
            self,
            items=np.concatenate([self.items, items.astype(np.float32)], axis=1),
            item_noise=np.concatenate([self.item_noise, np.ones((many, size), np.float32)], axis=1),
            features=np.concatenate(features, axis=1),
        )

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def of(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """The inverse of `state`."""
        return cls(**{field.name: state[field.name] for field in fields(cls)})


@dataclass(frozen=True)
class Plan:
    """How long a chain runs, how many of its draws are kept, and with how many factors.

    The last `contents` columns of the item block are attributes and text.
    """

    epochs: int
    samples: int
    factors: int
    contents: int

    @property
    def kept(self) -> frozenset[int]:
        """Numbers of the sweeps that are kept: evenly spread after the burn-in."""
        first = int(np.ceil(self.epochs * BURN_IN))
        return frozenset(np.linspace(self.epochs - 1, first, self.samples).astype(int).tolist())


def run(
    blocks: Sequence[Block],
    noise: Noise,
    plan: Plan,
    rng: np.random.Generator,
    progress: Progress,
    label: str,
) -> Draws:
    """Run a chain over the user block, the item block and, where there is a third, the visits."""
    chain = Chain(blocks, plan.factors, rng)
    errors = noise.start(chain)
    first = min(plan.kept)
    found = []
    for sweep in progress(range(plan.epochs), label, plan.epochs):
        noise.draw(chain, errors, rng, sweep >= first)
        chain.sweep(errors, rng)
        if sweep % REFRESH == REFRESH - 1:
            errors += chain_drift(chain, noise, errors)
        if sweep in plan.kept:
            found.append(_draw(chain, noise, plan.contents))
    return Draws.of({name: np.stack([one[name] for one in found]) for name in found[0]})


def chain_drift(chain: Chain, noise: Noise, errors: Array) -> Array:
    """What rounding has added up to in the residuals, (events,)."""
    return noise.target - chain.predictions() - errors


def _draw(chain: Chain, noise: Noise, contents: int) -> dict[str, NDArray[Any]]:
    user, item, *further = chain.members
    ids, depth, none = user.block.groups[0], 1 + chain.factors, np.zeros(0)
    content = item.weights.shape[1] - contents
    return {
        "bias": np.array(chain.bias),
        "precision": np.array(chain.precision),
        "items": item.parts().astype(np.float32),
        "item_noise": noise.scales.precisions[1].astype(np.float32),
        "features": np.ascontiguousarray(user.weights[:, ids:].T, dtype=np.float32).reshape(-1, depth),
        "contents": np.ascontiguousarray(item.weights[:, content:].T, dtype=np.float32).reshape(-1, depth),
        "unknown": np.stack([item.means[:, 0], user.means[:, min(1, len(user.sizes) - 1)]]).astype(
            np.float32
        ),
        "means": user.means[:, 0].copy(),
        "precisions": user.precisions[:, 0].copy(),
        "visits": np.array([further[0].means[0, 0], further[0].precisions[0, 0]]) if further else np.zeros(2),
        "cuts": noise.cuts.copy() if isinstance(noise, Ordered) else none,
    }
