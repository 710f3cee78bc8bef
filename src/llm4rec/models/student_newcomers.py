"""Places of items that a student has learnt nothing of: from content, as far as it tells. Knows neither users nor lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from llm4rec.core import Catalog, FitContext, Floats, Numbers
from llm4rec.models.bridge import ridge
from llm4rec.models.content import ItemContent
from llm4rec.models.sequence_parts import likeness

REG = 1.0  # noise of the regression
FEW = 8  # items that one is remembered as
BLOCK = 1_024


@dataclass(frozen=True, eq=False)
class Likeness:
    """What the `known` items and the new ones say, in the terms of the bridge of `sequence` (kernel of texts and attributes)."""

    known: Numbers
    old: Floats
    new: Floats

    @classmethod
    def of(cls, catalog: Catalog, context: FitContext, known: Numbers, new: Numbers) -> Self:
        """Of item numbers of the catalog; without content there are no columns."""
        content = ItemContent.read(catalog, context).take(np.concatenate([known, new]))
        alike = likeness(content, (), len(known))
        return cls(known, alike[: len(known)], alike[len(known) :])

    def predicted(self, learnt: Floats) -> Floats:
        """(new, width) from the rows (known, width): kernel ridge regression; the mean where content tells nothing."""
        mean = learnt.mean(axis=0)
        if not self.old.shape[1]:
            return np.repeat(mean[None], len(self.new), axis=0).astype(np.float32)
        change = ridge(self.old, REG).T @ (learnt - mean)
        return np.asarray(mean + self.new @ change, dtype=np.float32)

    def nearest(self) -> tuple[Numbers, Floats]:
        """(new, few) numbers of the known items that are most alike, and their shares, which sum to one."""
        few = min(FEW, len(self.known)) if self.old.shape[1] else 0
        likes, shares = np.zeros((len(self.new), few), np.int64), np.zeros((len(self.new), few), np.float32)
        for at in range(0, len(self.new) if few else 0, BLOCK):
            alike = self.new[at : at + BLOCK] @ self.old.T
            best = np.argsort(-alike, axis=1, kind="stable")[:, :few]
            found = np.maximum(np.take_along_axis(alike, best, axis=1), np.float32(1e-6))
            likes[at : at + BLOCK] = self.known[best]
            shares[at : at + BLOCK] = found / found.sum(axis=1, keepdims=True)
        return likes, shares
