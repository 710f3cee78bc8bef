"""Content of items for `attention`: a dense block, a sparse one, and the directions that tell items apart most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from llm4rec.core import Catalog, FitContext, Floats, Numbers, Sparse, as_csr, no_entries
from llm4rec.models.content import ItemContent

ROWS = 20_000  # items that directions are found on
BEGIN = 0.1  # spread of item vectors before the norm: small, so that a step of training is a large one
EXACT = 400  # sides up to which the singular vectors come from a full decomposition


@dataclass(frozen=True, eq=False)
class ItemSource:
    """`dense` (items, text width) unit rows; `sparse` (items, columns): attributes and words, unit rows each."""

    dense: Floats
    sparse: Sparse

    @classmethod
    def read(cls, catalog: Catalog, context: FitContext, parts: Sequence[str]) -> Self:
        """The parts asked for, as far as the context has them."""
        content = ItemContent.read(catalog, context)
        blocks = [as_csr(getattr(content, name)) for name in ("attributes", "words") if name in parts]
        dense = content.text if "text" in parts else content.text[:, :0]
        side = as_csr(sparse.hstack(blocks)) if blocks else no_entries(len(content), 0)
        return cls(np.ascontiguousarray(dense, np.float32), side)

    @staticmethod
    def names(context: FitContext, parts: Sequence[str]) -> list[str]:
        """One a column of `sparse`: what it says, told by part, as `read` puts them side by side."""
        blocks = {"attributes": context.features, "words": context.words}
        return [
            f"{part}: {name}"
            for part, block in blocks.items()
            if part in parts and block is not None
            for name in block.names
        ]

    def __len__(self) -> int:
        return len(self.dense)

    def take(self, items: Numbers) -> ItemSource:
        """The items asked for, in that order."""
        return ItemSource(self.dense[items], self.sparse[items])

    def directions(self, width: int, rng: np.random.Generator) -> Floats:
        """(columns, width): the strongest singular directions of the content, turned so that none stands out.

        Cosines of items mapped by them are nearest to the cosines of their content (Eckart & Young 1936). Where content has
        fewer directions than `width`, the rest is small noise.
        """
        rows = rng.permutation(len(self))[:ROWS]
        both = as_csr(sparse.hstack([as_csr(self.dense), self.sparse]))[rows]
        found = strongest(both, width)
        noise = rng.standard_normal((both.shape[1], width)) / np.sqrt(max(both.shape[1], 1))
        noise[:, : found.shape[1]] = found
        turned = noise @ np.linalg.qr(rng.standard_normal((width, width)))[0]
        spread = np.std(both @ turned) if both.nnz else 1.0
        return np.asarray(turned * (BEGIN / max(spread, 1e-6)), dtype=np.float32)


def strongest(matrix: Sparse | Floats, width: int) -> Floats:
    """(columns, at most width): right singular vectors with the largest singular values."""
    least = min(matrix.shape)
    if least <= max(EXACT, width + 1):
        if not least:
            return np.zeros((matrix.shape[1], 0), np.float32)
        whole = matrix if isinstance(matrix, np.ndarray) else matrix.toarray()
        _, _, turned = np.linalg.svd(whole, full_matrices=False)
        return np.asarray(turned[:width].T, dtype=np.float32)
    start = np.ones(least) / np.sqrt(least)  # given, so that the answer is always the same
    _, _, turned = linalg.svds(matrix, k=width, v0=start)
    return np.asarray(turned.T, dtype=np.float32)
