"""What is minimised: contrast within a batch, answers against targets, hidden words. Knows no encoder and no heads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from llm4rec.core import ComponentError, Numbers
from llm4rec.encoders.adapting.examples import Examples
from llm4rec.encoders.adapting.specs import HeadSpec

HIDDEN = 0.15  # of the tokens; of these .8 are masked, .1 are another word, .1 stay (Devlin et al. 2019)


class Setting(NamedTuple):
    """What a loss needs beside its examples: temperature of contrasts, seed of what is hidden, weight of agreement."""

    temperature: float
    seed: tuple[int, ...]
    consistency: float = 0.0


@dataclass(frozen=True, eq=False)
class Known:
    """Which of a batch belong together and are no negatives of each other: (B, B + hard), and mirrored (B, B)."""

    forward: NDArray[np.bool_]
    backward: NDArray[np.bool_]

    @classmethod
    def of(cls, examples: Examples, rows: Numbers, hard: Numbers | None) -> Known:
        """For these rows; hard negatives that are missing (-1) count as known, so that nothing is learnt from them."""
        assert examples.right is not None, "contrasts have two sides"
        right = examples.right[rows]
        same = right[:, None] == right[None, :]
        if examples.task != "co-consumption":
            return cls(_with_hard(same, right, hard), same.T)
        left = examples.left[rows, 0]
        belong = examples.belong(left, right)
        twice = left[:, None] == left[None, :]
        wide = belong | (left[:, None] == right[None, :])
        if hard is not None:
            flat = hard.ravel()
            wide = np.concatenate([wide, examples.belong(left, flat) | (flat < 0)[None, :]], axis=1)
        return cls(wide, belong.T | twice)


def _with_hard(same: NDArray[np.bool_], right: Numbers, hard: Numbers | None) -> NDArray[np.bool_]:
    if hard is None:
        return same
    flat = hard.ravel()
    return np.concatenate([same, (right[:, None] == flat[None, :]) | (flat < 0)[None, :]], axis=1)


def contrast(left: Tensor, right: Tensor, hard: Tensor, known: Known, temperature: float) -> Tensor:
    """InfoNCE in both directions (van den Oord et al. 2018): each left against all rights and the hard ones."""
    left, right = F.normalize(left, dim=1), F.normalize(right, dim=1)
    scores = left @ right.T / temperature
    wide = torch.cat([scores, left @ F.normalize(hard, dim=1).T / temperature], dim=1)
    return (_ranked(wide, known.forward) + _ranked(scores.T, known.backward)) / 2


def _ranked(scores: Tensor, known: NDArray[np.bool_]) -> Tensor:
    """Cross-entropy of the diagonal, without those that belong there too."""
    off = known.copy()
    np.fill_diagonal(off, False)
    scores = scores.masked_fill(torch.as_tensor(off, device=scores.device), -torch.inf)
    return F.cross_entropy(scores, torch.arange(len(scores), device=scores.device))


def aside(said: Tensor, targets: Tensor) -> Tensor:
    """One less the cosine of each vector with where it should be; targets are of length one."""
    return (1 - (F.normalize(said, dim=1) * targets).sum(dim=1)).mean()


def of_answer(said: Tensor, targets: Tensor, spec: HeadSpec) -> Tensor:
    """Cross-entropy of clicks, labels and levels; squared error of values in units of their spread."""
    if spec.kind == "classes":
        return F.cross_entropy(said, targets, weight=said.new_tensor(spec.label_weights))
    if spec.kind == "click":
        return F.binary_cross_entropy_with_logits(said[:, 0], targets)
    if spec.levels:
        bounds = targets.new_tensor(spec.levels[:-1])
        above = (targets[:, None] > bounds).float()
        return F.binary_cross_entropy_with_logits(said, above)
    return F.mse_loss(said[:, 0], (targets - spec.mean) / spec.spread)


def answers(said: Tensor, spec: HeadSpec) -> Tensor:
    """What is meant by what a head says: chances (B, labels), a chance (B,), or a value (B,)."""
    if spec.kind == "classes":
        return said.softmax(dim=1)
    if spec.kind == "click":
        return said[:, 0].sigmoid()
    if spec.levels:
        levels = said.new_tensor(spec.levels)
        return levels[0] + (said.sigmoid() * levels.diff()).sum(dim=1)
    return said[:, 0] * spec.spread + spec.mean


def hide(given: Mapping[str, Any], tokenizer: Any, seed: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
    """Ids with some words hidden (B, L), where (B, L), and the words that stood there (hidden,).

    At least one word of a batch is hidden. ComponentError where the tokenizer has no token for a hidden word.
    """
    ids: Tensor = given["input_ids"]
    mask = tokenizer.mask_token_id
    if mask is None:
        raise ComponentError("task 'masked': the tokenizer has no mask token; leave the task out")
    special = torch.isin(ids, torch.tensor(sorted(set(tokenizer.all_special_ids)), dtype=ids.dtype))
    special |= given["attention_mask"] == 0
    added = getattr(tokenizer, "added_tokens_decoder", {})
    special |= torch.isin(
        ids, torch.tensor(sorted(n for n, t in added.items() if t.special), dtype=ids.dtype)
    )
    rng = np.random.default_rng(seed)
    chance = torch.as_tensor(rng.random(tuple(ids.shape)))
    chance[special] = 2.0
    places = chance < HIDDEN
    if not places.any() and (chance < 1).any():
        places = chance == chance.min()
    fate = torch.as_tensor(rng.random(tuple(ids.shape)))
    others = torch.as_tensor(rng.integers(0, len(tokenizer), tuple(ids.shape)), dtype=ids.dtype)
    shown = torch.where(places & (fate < 0.8), torch.full_like(ids, mask), ids)
    shown = torch.where(places & (fate >= 0.9), others, shown)
    return shown, places, ids[places]


def of_words(said: Tensor, hidden: Tensor) -> Tensor:
    """Cross-entropy of the hidden words; a batch without words has none to lose."""
    return F.cross_entropy(said, hidden) if len(hidden) else said.sum() * 0.0
