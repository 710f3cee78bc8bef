"""What is said of a kind of thing, more, less, known or neither, learnt from example phrases by vectors. Knows no catalog."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax

from llm4rec.core import Floats

Direction: TypeAlias = Literal["more", "less", "known", "neither"]
DIRECTIONS: tuple[Direction, ...] = ("more", "less", "known", "neither")
KIND = "this kind"
"""What stands in a phrase for the value that is spoken of, so that the value itself says nothing."""
HOLD = 0.0003
"""How much weights are held back: set by hand, not measured yet."""
SURE = 0.6
"""A direction that is less likely is none: set by hand, not measured yet."""


class Polarity:
    """Reads phrases about `KIND`: `polarity(phrase)` is a direction, None where none is likely enough.

    `encode` makes texts into vectors (n, width). The example phrases are encoded when the first phrase is read, once.
    """

    def __init__(self, encode: Callable[[Sequence[str]], Floats]) -> None:
        self.encode = encode
        self._weights: NDArray[np.float64] | None = None

    def __call__(self, phrase: str) -> Direction | None:
        """What a phrase about `KIND` says of it."""
        chances = self.chances([phrase])[0]
        best = int(chances.argmax())
        return DIRECTIONS[best] if chances[best] >= SURE else None

    def chances(self, phrases: Sequence[str]) -> NDArray[np.float64]:
        """(n, 4) how likely each phrase means each of DIRECTIONS."""
        if self._weights is None:
            self._weights = fitted(*examples(self.encode))
        return likely(self._weights, np.asarray(self.encode(phrases), np.float64))


@cache
def told() -> Mapping[Direction, tuple[str, ...]]:
    """The example phrases of each direction."""
    file = resources.files("llm4rec.writers.remarks") / "words" / "polarity.toml"
    tree = tomllib.loads(file.read_text(encoding="utf-8"))
    return {name: tuple(tree[name].split("\n")[1:-1]) for name in DIRECTIONS}


def examples(
    encode: Callable[[Sequence[str]], Floats],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The vectors of all example phrases (n, width), and the place of the direction of each (n,)."""
    phrases = [phrase for name in DIRECTIONS for phrase in told()[name]]
    places = np.repeat(np.arange(len(DIRECTIONS)), [len(told()[name]) for name in DIRECTIONS])
    return np.asarray(encode(phrases), np.float64), places


def fitted(
    vectors: NDArray[np.float64], places: NDArray[np.int64], hold: float = HOLD
) -> NDArray[np.float64]:
    """(width + 1, 4) weights of a multinomial logistic regression, the bias last; all directions weigh the same in all."""
    x = np.column_stack([vectors, np.ones(len(vectors))])
    meant = np.eye(len(DIRECTIONS))[places]
    share = (1.0 / (meant.sum(0) * len(DIRECTIONS)))[places]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(x.shape[1], len(DIRECTIONS))
        held = weights.copy()
        held[-1] = 0.0
        logits = x @ weights
        value = share @ (logsumexp(logits, axis=1) - (logits * meant).sum(1)) + 0.5 * hold * (held**2).sum()
        slope = x.T @ (share[:, None] * (softmax(logits, axis=1) - meant)) + hold * held
        return float(value), slope.ravel()

    start = np.zeros(x.shape[1] * len(DIRECTIONS))
    return minimize(loss, start, jac=True, method="L-BFGS-B").x.reshape(x.shape[1], -1)


def likely(weights: NDArray[np.float64], vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 4) the chances of the directions."""
    return np.asarray(softmax(vectors @ weights[:-1] + weights[-1], axis=1))
