"""Vectors of items that came after fitting, for `attention`: kernel ridge from content to the vectors that training gave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from llm4rec.core import Catalog, FitContext, Floats
from llm4rec.models.bridge import ridge
from llm4rec.models.content import ItemContent
from llm4rec.models.sequence_parts import Bases

REG = 1.0  # noise of the regression


@dataclass(frozen=True, eq=False)
class Newcomers:
    """`vectors` (newcomers, width) to be compared with what a whole history leads to; `known` (fitted, columns) is
    the likeness of the items fitted on, kept because it is the slow part.
    """

    vectors: Floats
    known: Floats

    @classmethod
    def of(cls, fitted: Floats, catalog: Catalog, context: FitContext, known: Floats | None) -> Newcomers:
        """What content predicts of the items behind the first len(fitted), whose vectors are `fitted`.

        A ridge regression on the exponential kernel of `sequence` (`kernel`, `bridge`): texts field by field,
        attributes, and how much is said. Content that tells nothing gives the mean vector.
        """
        size = len(fitted)
        content = ItemContent.read(catalog, context)
        likeness = Bases.of(content, (), size, known).bridge
        mean = fitted.mean(axis=0)
        if not likeness.shape[1]:
            return cls(np.repeat(mean[None], len(content) - size, axis=0), likeness[:size])
        change = ridge(likeness[:size], REG).T @ (fitted - mean)
        return cls((mean + likeness[size:] @ change).astype(np.float32), likeness[:size])
