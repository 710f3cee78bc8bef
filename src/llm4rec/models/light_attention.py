"""The light version of `attention`: its item vectors and its network in numpy. Fits nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import ComponentError, Floats, History, Numbers, Request
from llm4rec.models.attention_batches import Columns, Tokens
from llm4rec.models.light_reading import LightNetwork
from llm4rec.models.maps import part, under

if TYPE_CHECKING:
    from llm4rec.models.attention import Attention


@dataclass(frozen=True, eq=False)
class LightAttention:
    """What the last `length` events lead to compared with `inputs` (items, width), exactly as in `attention`.

    The first `size` items are those fitted on.
    """

    network: LightNetwork
    inputs: Floats
    tokens: Tokens
    length: int
    size: int

    @classmethod
    def of(cls, model: Attention) -> Self:
        """Of a fitted model. ComponentError where it looks at more of a question than its history."""
        from llm4rec.models.attention_reading_net import weights_of

        if model.time_aware or model.contexts:
            seen = "when a question is asked" if model.time_aware else "the context of a question"
            raise ComponentError(f"attention looks at {seen}: there is no light version of that")
        return cls(
            LightNetwork.of(weights_of(model.network_)),
            model.inputs_,
            model.tokens_,
            model.config.max_length,
            model.network_.shape.items,
        )

    def answer(self, request: Request) -> Floats | None:
        """(items,): what the history leads to; None without a positive event."""
        items, codes = self._latest(request.history)
        if not len(items):
            return None
        asked = self.network.last(self.inputs.take(items, axis=0), codes)
        spread = float(asked @ self._covariance @ asked) ** 0.5
        asked *= np.float32(1.0 / spread if spread > 0.0 else 0.0)
        return np.asarray(self.inputs @ asked, np.float32)

    def _latest(self, history: History) -> tuple[Numbers, Numbers]:
        """Items of the latest events that speak for them, and what is known of those (events, sorts)."""
        if not self.tokens.sizes:
            items = history.liked[-self.length :]
            return items, np.zeros((len(items), 0), np.int64)
        rows = history.positive.nonzero()[0][-self.length :]
        latest = history if len(rows) == len(history) else history.take(rows)
        return latest.items, self.tokens.codes(Columns.of_liked(latest))

    @cached_property
    def _covariance(self) -> Floats:
        """(width, width) of the vectors fitted on."""
        apart = self.inputs[: self.size] - self.inputs[: self.size].mean(axis=0)
        return np.asarray(apart.T @ apart / np.float32(max(self.size, 1)), np.float32)

    def grown(self, likes: Numbers, shares: Floats) -> Self:
        """The same with newcomers behind, whose vectors are means of those of their likes."""
        mixed = np.einsum("nf,nfw->nw", shares, self.inputs[likes])
        return replace(self, inputs=np.concatenate([self.inputs, mixed]))

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays."""
        own = {"inputs": self.inputs} | under("weights", dict(self.network.weights))
        return (
            own
            | under("tokens", self.tokens.state())
            | {"sizes": np.array([self.length, self.size], np.int64)}
        )

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """The inverse of `state`."""
        length, size = state["sizes"].tolist()
        network = LightNetwork(part("weights", state))
        return cls(network, state["inputs"], Tokens.from_state(part("tokens", state)), length, size)
