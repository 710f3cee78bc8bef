"""Cross-entropy over many items in blocks of places: the logits of one block are all that is ever held."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

CELLS = 4_000_000  # logits held at once


class _Softmax(Function):
    """Mean of -log softmax(h E')[target] over places; gradients are made on the way, block by block."""

    @staticmethod
    def forward(ctx: Any, places: Tensor, items: Tensor, targets: Tensor, half: bool) -> Tensor:
        dtype = torch.bfloat16 if half else torch.float32
        all_items = items.to(dtype)
        to_places, to_items = torch.empty_like(places), torch.zeros_like(items)
        step = max(1, CELLS // len(items))
        loss = places.new_zeros(())
        for at in range(0, len(places), step):
            part, wanted = places[at : at + step], targets[at : at + step]
            low = part.to(dtype)
            chances = torch.softmax(low @ all_items.T, dim=1)
            loss = loss - torch.log(chances.gather(1, wanted[:, None]).float() + 1e-30).sum()
            to_places[at : at + step] = (chances @ all_items).float() - items[wanted]
            to_items += (chances.T @ low).float()
            to_items.index_add_(0, wanted, part, alpha=-1.0)
        ctx.save_for_backward(to_places / len(places), to_items / len(places))
        return loss / len(places)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        to_places, to_items = ctx.saved_tensors
        return grads[0] * to_places, grads[0] * to_items, None, None


def full_softmax(places: Tensor, items: Tensor, targets: Tensor, half: bool) -> Tensor:
    """Mean cross-entropy over all `items` (n, width) for `places` (m, width); `half`: products in bfloat16.

    The gradient of the target itself is exact in float32 either way. Memory: CELLS logits, whatever m is.
    """
    loss: Tensor = _Softmax.apply(places, items, targets, half)  # type: ignore[no-untyped-call]
    return loss


def sampled_softmax(places: Tensor, items: Tensor, targets: Tensor, drawn: Tensor, among: int) -> Tensor:
    """Cross-entropy of each target against `drawn` items, which stand for all `among` items there are.

    Negatives are uniform, so that log q is the same for all, and what remains of the logQ correction is
    log(among / drawn): each negative counts as many as it stands for (importance sampling; Bengio & Senécal 2008).
    A drawn item that is the target itself is left out. With all items drawn this is the full softmax.
    """
    negative = places @ items[drawn].T + torch.log(torch.tensor(among / len(drawn)))
    negative = negative.masked_fill(drawn[None, :] == targets[:, None], -torch.inf)
    positive = (places * items[targets]).sum(dim=1)
    return (torch.logaddexp(positive, torch.logsumexp(negative, dim=1)) - positive).mean()
