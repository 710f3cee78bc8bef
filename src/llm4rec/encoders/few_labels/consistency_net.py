"""Losses that ask for the same answer to two augmentations of one text. torch; no model, no texts.

Follow: FixMatch (Sohn et al., NeurIPS 2020) with hard targets, UDA (Xie et al., NeurIPS 2020) with sharpened ones.
Agree: R-Drop (Liang et al., NeurIPS 2021). Aligning with class shares: ReMixMatch (Berthelot et al., ICLR 2020).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div, log_softmax


def aligned(probabilities: Tensor, prior: Tensor, seen: Tensor) -> Tensor:
    """p x prior / seen, scaled to one a row: answers whose mean was `seen` (classes,) are drawn to the shares `prior`."""
    moved = probabilities * (prior / seen.clamp_min(1e-6))
    return moved / moved.sum(dim=1, keepdim=True)


def follow(
    weak: Tensor,
    strong: Tensor,
    confidence: float | Tensor = 0.95,
    temperature: float = 1.0,
    sharpen: float = 0.0,
    prior: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Loss of the logits `strong` (rows, classes) against those of the weaker augmentation, and the share used.

    Targets are softmax(weak / temperature), aligned with `prior` by the mean of the batch where one is given, and
    are not learnt through. Rows whose best class is less sure than `confidence` (a number, or one a class) count
    zero; the mean is over all rows, so that few sure rows pull little. `sharpen` 0 makes targets hard; above 0 they
    are p^(1/sharpen).
    """
    with torch.no_grad():
        chances = torch.softmax(weak.float() / temperature, dim=1)
        if prior is not None:
            chances = aligned(chances, prior, chances.mean(dim=0))
        sure, best = chances.max(dim=1)
        bar = confidence[best] if isinstance(confidence, Tensor) else confidence
        used = (sure >= bar).float()
        if sharpen > 0:
            chances = torch.softmax(torch.log(chances.clamp_min(1e-30)) / sharpen, dim=1)
    logs = log_softmax(strong.float(), dim=1)
    if sharpen > 0:
        each = kl_div(logs, chances, reduction="none").sum(dim=1)
    else:
        each = cross_entropy(strong.float(), best, reduction="none")
    return (each * used).mean(), used.mean()


def agree(first: Tensor, second: Tensor) -> Tensor:
    """Mean over rows of half KL(p || q) + KL(q || p) of two logits (rows, classes); both sides learn."""
    p, q = log_softmax(first.float(), dim=1), log_softmax(second.float(), dim=1)
    there = kl_div(p, q, reduction="batchmean", log_target=True)
    back = kl_div(q, p, reduction="batchmean", log_target=True)
    return 0.5 * (there + back)
