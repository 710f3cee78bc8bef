"""The network of `attention` read by numpy: what the last place of one history leads to. Learns nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from llm4rec.core import Floats, Numbers
from llm4rec.models.student_reading import SMALL

Block = Mapping[str, NDArray[Any]]
HALF = np.float32(0.5)


@dataclass(frozen=True, eq=False)
class LightNetwork:
    """`weights` are the network's by their names, without those that only item vectors are made of."""

    weights: Mapping[str, NDArray[Any]]

    @classmethod
    def of(cls, weights: Mapping[str, NDArray[Any]]) -> Self:
        """Of all weights of a trained network."""
        return cls({name: value for name, value in weights.items() if not name.startswith("vectors.")})

    @cached_property
    def blocks(self) -> list[Block]:
        """The blocks in their order, ready for rows: matrices turned, and norms folded into what follows them."""
        found: dict[int, dict[str, NDArray[Any]]] = {}
        for name, value in self.weights.items():
            if name.startswith("blocks."):
                _, number, own = name.split(".", 2)
                found.setdefault(int(number), {})[own] = value
        return [_ready(found[number]) for number in sorted(found)]

    @cached_property
    def _end(self) -> tuple[Floats, Floats]:
        """The last norm, as loud as the network speaks."""
        loudness = np.exp(np.ravel(self.weights["loud"])[0]) / len(self.weights["norm.weight"])
        return self.weights["norm.weight"] * loudness, self.weights["norm.bias"] * loudness

    def last(self, vectors: Floats, codes: Numbers) -> Floats:
        """(width,): what is expected after the events whose items have these vectors (events, width), oldest first.

        `codes` (events, sorts) are what is known of the events. Only the last place of the last block is made.
        """
        x = vectors
        for sort, column in enumerate(codes.T):
            x = x + self.weights[f"tokens.{sort}.weight"][column]
        for block in self.blocks[:-1]:
            x = np.stack([read(block, x[: place + 1]) for place in range(len(x))])
        said = read(self.blocks[-1], x)
        weight, bias = self._end
        return np.asarray((said - said.mean()) * (weight * _loud(said)) + bias, np.float32)


def _ready(block: Block) -> Block:
    """A block for `read`: norm(x) @ W + b is (x @ W') / spread + b', where W' takes out the mean of x and holds the norm's
    own weights. Queries stand multiplied by keys, `ask` (width, heads x width), and values by what puts heads together,
    `tell` (heads x width, width).
    """
    width = len(block["before.weight"])
    even = np.eye(width) - 1.0 / width
    wide = even @ (block["before.weight"][:, None] * block["qkv.weight"].T)
    shift = np.split(block["before.bias"] @ block["qkv.weight"].T + block["qkv.bias"], 3)
    up = even @ (block["between.weight"][:, None] * block["up.weight"].T)
    heads = len(block["distance"])
    # each (heads, width, width / heads)
    query, key, value = wide.reshape(width, 3, heads, -1).transpose(1, 2, 0, 3)
    asked, out = shift[0].reshape(heads, 1, -1), block["out.weight"].T.reshape(heads, -1, width)
    calm = (width / heads) ** 0.5
    ready = {
        "ask": np.concatenate(query @ key.transpose(0, 2, 1), axis=1) / calm,
        "ask.shift": (asked @ key.transpose(0, 2, 1)).ravel() / calm,
        "tell": np.concatenate(value @ out),
        "tell.shift": shift[2] @ block["out.weight"].T + block["out.bias"],
        "up": up,
        "up.shift": block["between.bias"] @ block["up.weight"].T + block["up.bias"],
        "down": block["down.weight"].T,
        "down.shift": block["down.bias"],
        "distance": block["distance"][:, ::-1],
    }
    for which in range(2):
        if f"gates.{which}.weight" in block:
            ready[f"gate.{which}"] = block[f"gates.{which}.weight"].T
            ready[f"gate.{which}.shift"] = block[f"gates.{which}.bias"]
    return {name: np.ascontiguousarray(value, np.float32) for name, value in ready.items()}


def read(block: Block, x: Floats) -> Floats:
    """(width,): the last of some events (events, width) behind the block; as `attention_net.Block`.

    Keys and values are not made: a query is turned to meet events as they are, and what was mixed is turned into values
    afterwards. What keys are shifted by changes no weight, and weights sum to one.
    """
    width, latest = x.shape[1], x[-1]
    loud = _louder(x)
    asked = (latest @ block["ask"]) * loud[-1] + block["ask.shift"]
    logits = (asked.reshape(-1, width) @ x.T) * loud + block["distance"][:, -len(x) :]  # (heads, events)
    weights = np.exp(logits - np.maximum.reduce(logits, axis=1, keepdims=True))
    weights *= loud / np.add.reduce(weights, axis=1, keepdims=True)
    mixed = (weights @ x).ravel()
    latest = latest + _gated(block, 0, latest, mixed @ block["tell"] + block["tell.shift"])
    inner = (latest @ block["up"]) * _loud(latest) + block["up.shift"]
    inner *= HALF + HALF * erf(inner * HALF**HALF)
    changed = latest + _gated(block, 1, latest, inner @ block["down"] + block["down.shift"])
    return np.asarray(changed, np.float32)


def _louder(x: Floats) -> Floats:
    """(rows,): 1 / spread of each row, as a layer norm takes it."""
    share = np.float32(1.0 / x.shape[1])
    mean = np.add.reduce(x, axis=1) * share
    variance = np.einsum("ri,ri->r", x, x) * share - mean * mean
    return np.asarray(1.0 / np.sqrt(np.maximum(variance, 0.0) + SMALL), np.float32)


def _loud(x: Floats) -> np.float32:
    """The same of one row, in plain numbers, which are quicker."""
    mean, energy = float(np.add.reduce(x)) / len(x), float(x @ x) / len(x)
    return np.float32(1.0 / (max(energy - mean * mean, 0.0) + float(SMALL)) ** 0.5)


def _gated(block: Block, which: int, x: Floats, change: Floats) -> Floats:
    """The change, through its gate where there is one."""
    if f"gate.{which}" not in block:
        return change
    gate = x @ block[f"gate.{which}"] + block[f"gate.{which}.shift"]
    return np.asarray(change / (np.float32(1.0) + np.exp(-gate)), np.float32)
