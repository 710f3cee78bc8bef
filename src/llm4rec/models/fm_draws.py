"""What is kept of a Gibbs chain: some of its draws, as plain arrays, enough for any user who brings a history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Progress
from llm4rec.models.fm_blocks import Block
from llm4rec.models.fm_chain import Array, Chain
from llm4rec.models.fm_noise import Noise, Ordered

BURN_IN = 1 / 3  # share of the sweeps that come before the chain is trusted
REFRESH = 20  # sweeps after which residuals are computed anew, against drift


@dataclass(frozen=True)
class Draws:
    """`n` draws of everything but the users' own weights: those follow from a history (`fm_fold_kernels.fold`).

    `items` holds what an item adds by itself and its factors; `features` the weights of sets and attributes of users;
    `means` and `precisions` the prior of a user's own weights; `visits` mean and precision of the shift of a visit
    (precision 0: no visits); `cuts` the cut points of ordered levels (none: normal noise).
    """

    bias: Array  # (n,)
    precision: Array  # (n,)
    items: NDArray[np.float32]  # (n, items, 1 + factors)
    item_noise: NDArray[np.float32]  # (n, items), relative precision
    features: NDArray[np.float32]  # (n, features, 1 + factors)
    means: Array  # (n, 1 + factors)
    precisions: Array  # (n, 1 + factors)
    visits: Array  # (n, 2)
    cuts: Array  # (n, levels - 1)

    def __len__(self) -> int:
        return len(self.bias)

    def draw(self, number: int) -> tuple[Any, ...]:
        """One draw as `fm_fold_kernels.fold` takes it."""
        prior = np.stack([self.means[number], self.precisions[number]])
        return (
            float(self.bias[number]),
            float(self.precision[number]),
            self.items[number].astype(np.float64),
            self.item_noise[number].astype(np.float64),
            self.features[number].astype(np.float64),
            prior,
            self.visits[number],
            self.cuts[number],
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
    """How long a chain runs, how many of its draws are kept, and with how many factors."""

    epochs: int
    samples: int
    factors: int

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
            found.append(_draw(chain, noise))
    return Draws.of({name: np.stack([one[name] for one in found]) for name in found[0]})


def chain_drift(chain: Chain, noise: Noise, errors: Array) -> Array:
    """What rounding has added up to in the residuals, (events,)."""
    return noise.target - chain.predictions() - errors


def _draw(chain: Chain, noise: Noise) -> dict[str, NDArray[Any]]:
    user, item, *further = chain.members
    ids = user.block.groups[0]
    depth = 1 + chain.factors
    none = np.zeros(0)
    return {
        "bias": np.array(chain.bias),
        "precision": np.array(chain.precision),
        "items": item.parts().astype(np.float32),
        "item_noise": noise.scales.precisions[1].astype(np.float32),
        "features": np.ascontiguousarray(user.weights[:, ids:].T, dtype=np.float32).reshape(-1, depth),
        "means": user.means[:, 0].copy(),
        "precisions": user.precisions[:, 0].copy(),
        "visits": np.array([further[0].means[0, 0], further[0].precisions[0, 0]]) if further else np.zeros(2),
        "cuts": noise.cuts.copy() if isinstance(noise, Ordered) else none,
    }
