"""What checkpoints of models share: the state of an optimiser as plain tensors, and names under a prefix. Knows no course."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


def under(start: str, found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names begin so, without that beginning."""
    return {name.removeprefix(start): value for name, value in found.items() if name.startswith(start)}


def moments(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """What an optimiser remembers of each parameter, as copies named adam.NUMBER.NAME."""
    state = optimiser.state_dict()["state"]
    return {f"adam.{n}.{name}": value.clone() for n, row in state.items() for name, value in row.items()}


def recall(optimiser: torch.optim.Optimizer, found: Mapping[str, Tensor]) -> None:
    """The inverse of `moments`."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in under("adam.", found).items():
        number, _, key = name.partition(".")
        state.setdefault(int(number), {})[key] = value
    groups = optimiser.state_dict()["param_groups"]
    optimiser.load_state_dict({"state": state, "param_groups": groups})
