"""Products of feature blocks, and the table of all kinds of block. Knows nothing of items or users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveInt
from scipy import sparse

from llm4rec.core import Config, FolderError, NotFittedError, Numbers, Sparse, Table, suggest
from llm4rec.data.blocks import Binned, MultiHot, OneHot, Place
from llm4rec.data.labelled import Block, place_among
from llm4rec.data.text_blocks import Tfidf
from llm4rec.data.time_blocks import Age, DayOfWeek, TimeOfDay, Year


class CrossConfig(Config):
    """A combination gets a column when `min_count` rows have it."""

    min_count: PositiveInt = 1


class Cross:
    """One column a combination of a column of `first` with one of `second` that occurred together in `fit`.

    Its value is the product of both.
    """

    kind: ClassVar[str] = "cross"

    def __init__(self, first: Block, second: Block, config: CrossConfig | None = None) -> None:
        self.first, self.second = first, second
        self.config = config or CrossConfig()

    @property
    def names(self) -> list[str]:
        """As in "weekday=Sat & genre=Comedy"; none before `fit`."""
        if not hasattr(self, "codes_"):
            return []
        left, right = np.divmod(self.codes_, max(self._width, 1))
        first, second = self.first.names, self.second.names
        return [f"{first[a]} & {second[b]}" for a, b in zip(left.tolist(), right.tolist(), strict=True)]

    @property
    def _width(self) -> int:
        return len(self.second.names)

    def fit(self, table: Table) -> Self:
        """Fit both blocks and learn which of their columns occur together."""
        self.first, self.second = self.first.fit(table), self.second.fit(table)
        codes, counts = np.unique(self._products(table)[1], return_counts=True)
        self.codes_: Numbers = codes[counts >= self.config.min_count]
        return self

    def transform(self, table: Table) -> Sparse:
        """(rows, combinations) float32."""
        if not hasattr(self, "codes_"):
            raise NotFittedError("Cross needs fit first")
        rows, codes, data = self._products(table)
        place = place_among(self.codes_, codes)
        known = place >= 0
        shape = len(table), len(self.codes_)
        return sparse.csr_matrix((data[known], (rows[known], place[known])), shape=shape)

    def _products(self, table: Table) -> tuple[Numbers, Numbers, NDArray[np.float32]]:
        """Row, code and product of each pair of entries that share a row."""
        first, second = self.first.transform(table), self.second.transform(table)
        row_of = np.repeat(np.arange(len(table)), np.diff(first.indptr))
        partners = np.diff(second.indptr)[row_of]
        left = np.repeat(np.arange(first.nnz), partners)
        # How far along its row's entries of `second` each pair is.
        along = np.arange(len(left)) - np.repeat(np.cumsum(partners) - partners, partners)
        right = second.indptr[row_of[left]] + along
        codes = first.indices[left].astype(np.int64) * second.shape[1] + second.indices[right]
        return row_of[left], codes, first.data[left] * second.data[right]

    def state(self) -> dict[str, Any]:
        """Kind, config, both blocks and the combinations, in plain values."""
        if not hasattr(self, "codes_"):
            raise NotFittedError("Cross needs fit first")
        return {
            "kind": self.kind,
            "config": self.config.model_dump(),
            "blocks": [self.first.state(), self.second.state()],
            "learnt": {"codes_": self.codes_.tolist()},
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The fitted cross of a state."""
        first, second = (block_from(block) for block in state["blocks"])
        cross = cls(first, second, CrossConfig.of(state["config"], cls.__name__))
        cross.codes_ = np.array(state["learnt"]["codes_"], dtype=np.int64)
        return cross


BLOCKS: Mapping[str, type[Block]] = {
    block.kind: block
    for block in (OneHot, MultiHot, Binned, Tfidf, TimeOfDay, DayOfWeek, Year, Age, Place, Cross)
}
"""Every kind of block by the name that its state carries."""


def block_from(state: Mapping[str, Any]) -> Block:
    """The fitted block of a state; FolderError where its kind is unknown."""
    kind = str(state.get("kind"))
    if kind not in BLOCKS:
        raise FolderError(
            f"no feature block of kind {kind!r}{suggest(kind, BLOCKS)}; known are: {', '.join(BLOCKS)}. "
            "The folder was written by another version: fit the engine again"
        )
    return BLOCKS[kind].from_state(state)
