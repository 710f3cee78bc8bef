"""What the loss of `attention` may hold beside cross-entropy: unlike and rare items are expected. Draws no list.

Both terms look at p = softmax(h E'), the chances that a place gives to the items. With u_i the unit vector of what item i is
made of and I_i its self-information over the largest, both (items,):

  near(p) = sum_ij p_i p_j (u_i . u_j) = |sum_i p_i u_i|^2     how alike two items drawn from p are; one minus it is the
                                                               quadratic entropy of Rao (1982), expected pairwise distance
  rare(p) = sum_i p_i I_i,                                     expected self-information of an item drawn from p
  I_i = log((m + 1) / (n_i + 1)) / log(m + 1)                  (Vargas and Castells 2011), n_i takers, m the most of any item

and the loss gains diversity_reg mean near(p) - novelty_reg mean rare(p), means over places.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional

from llm4rec.models.attention_loss_net import CELLS


@dataclass(frozen=True, eq=False)
class Traits:
    """Of each item: the unit vector of what it is made of (items, width), and its self-information from 0 to 1 (items,)."""

    units: Tensor
    rare: Tensor


def rare_of(counts: Tensor) -> Tensor:
    """I_i from how many took each item, (items,): 0 for the most taken; all 0 where nothing was taken."""
    most = torch.log1p(counts.max()) if len(counts) else counts.sum()
    return (most - torch.log1p(counts)) / torch.clamp(most, min=1e-12)


def units_of(content: Tensor) -> Tensor:
    """Rows of length one; an item of which nothing is known is unlike all others."""
    return functional.normalize(content, dim=1)


class _Beyond(Function):
    """Mean over places of a near(p) - b rare(p); gradients are made on the way, block by block."""

    @staticmethod
    def forward(ctx: Any, places: Tensor, items: Tensor, traits: Traits, a: float, b: float) -> Tensor:
        to_places, to_items = torch.empty_like(places), torch.zeros_like(items)
        step = max(1, CELLS // len(items))
        total = places.new_zeros(())
        for at in range(0, len(places), step):
            part = places[at : at + step]
            chances = torch.softmax(part @ items.T, dim=1)
            middle, rare = chances @ traits.units, chances @ traits.rare
            near = (middle * middle).sum(dim=1)
            total = total + (a * near - b * rare).sum()
            # d near / d logit_i = 2 p_i (u_i . middle - near), d rare / d logit_i = p_i (I_i - rare).
            slope = 2.0 * a * (middle @ traits.units.T - near[:, None]) - b * (traits.rare - rare[:, None])
            slope = slope * chances
            to_places[at : at + step] = slope @ items
            to_items += slope.T @ part
        ctx.save_for_backward(to_places / len(places), to_items / len(places))
        return total / len(places)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        to_places, to_items = ctx.saved_tensors
        return grads[0] * to_places, grads[0] * to_items, None, None, None


def beyond(places: Tensor, items: Tensor, traits: Traits, diversity: float, novelty: float) -> Tensor:
    """diversity mean near(p) - novelty mean rare(p) for `places` (m, width) over `items` (n, width) with their `traits`.

    What items are made of is given and does not learn, so that lists become varied and not the measure of it. Memory:
    a few times CELLS numbers, whatever m is. With the items of a sampled softmax p is the softmax among these.
    """
    term: Tensor = _Beyond.apply(places, items, traits, diversity, novelty)  # type: ignore[no-untyped-call]
    return term
