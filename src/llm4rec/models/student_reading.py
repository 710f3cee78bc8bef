"""How a student reads a history into a vector: numpy only, one row at a time. Learns nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import Floats, Numbers

SMALL = np.float32(1e-5)


def norm(x: Floats, weight: Floats, bias: Floats) -> Floats:
    """Layer norm of the last axis."""
    share = np.float32(1.0 / x.shape[-1])
    centred = x - x.sum(axis=-1, keepdims=True) * share
    spread = np.sqrt((centred * centred).sum(axis=-1, keepdims=True) * share + SMALL)
    return np.asarray(centred / spread * weight + bias, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Reader:
    """`inputs` (items, width) and `ages` (window,), the weight of the item so many events back.

    Where `block` holds the parts of an attention block, ages are a bias of its attention instead.
    """

    inputs: Floats
    ages: Floats
    block: Mapping[str, NDArray[Any]]

    @property
    def width(self) -> int:
        """Columns of what is read, without the one that is always 1."""
        return int(self.inputs.shape[1])

    def people(self, rows: Sequence[Numbers]) -> Floats:
        """(rows, width + 1) from items, newest first: the last column is 1; an empty row is zeros."""
        result = np.zeros((len(rows), self.width + 1), np.float32)
        for place, items in enumerate(rows):
            if len(items):
                result[place, :-1] = self._attended(items) if self.block else self._mean(items)
                result[place, -1] = 1.0
        return result

    def _mean(self, items: Numbers) -> Floats:
        weights = self.ages[: len(items)]
        return np.asarray(weights @ self.inputs[items] / weights.sum(), dtype=np.float32)

    def _attended(self, items: Numbers) -> Floats:
        part = self.block
        keys, values = self._tables
        latest = self.inputs[items[0]]
        query = norm(latest, part["before.weight"], part["before.bias"]) @ part["query"]
        logits = keys[items] @ query / np.float32(self.width**0.5) + self.ages[: len(items)]
        weights = np.exp(logits - logits.max())
        x = latest + (weights @ values[items] / weights.sum()) @ part["out"]
        inner = norm(x, part["between.weight"], part["between.bias"]) @ part["up"] + part["up.bias"]
        x = x + gelu(inner) @ part["down"] + part["down.bias"]
        return norm(x, part["after.weight"], part["after.bias"])

    @cached_property
    def _tables(self) -> tuple[Floats, Floats]:
        """Keys and values of all items: they do not depend on the place."""
        seen = norm(self.inputs, self.block["before.weight"], self.block["before.bias"])
        return seen @ self.block["key"], seen @ self.block["value"]

    def followed_by(self, inputs: Floats) -> Reader:
        """The same with further items behind."""
        return replace(self, inputs=np.concatenate([self.inputs, inputs]))

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays."""
        return {"inputs": self.inputs, "ages": self.ages} | {f"block.{n}": a for n, a in self.block.items()}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """The inverse of `state`."""
        block = {n.removeprefix("block."): a for n, a in state.items() if n.startswith("block.")}
        return cls(state["inputs"], state["ages"], block)


def gelu(x: Floats) -> Floats:
    """x Phi(x), by the tanh that both numpy and torch have."""
    inner = np.float32((2.0 / np.pi) ** 0.5) * (x + np.float32(0.044715) * x * x * x)
    return np.asarray(np.float32(0.5) * x * (np.float32(1.0) + np.tanh(inner)), dtype=np.float32)
