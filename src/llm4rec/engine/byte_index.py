"""An index that searches 8-bit copies of all item vectors and gives exact lists. Knows nothing of requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from llm4rec.core import ComponentError, Floats, Numbers
from llm4rec.engine.products import Hidden, best_products, has_bytes, shelf_of

if TYPE_CHECKING:
    from llm4rec.engine.coarse_kernels import Shelf

MARK = "bytes"


@dataclass(frozen=True, eq=False)
class ByteIndex:
    """One signed byte a number and one scale an item; the best of them computed again from the vectors.

    A product of copies bounds the true product (see `coarse_kernels`): every item whose bound reaches the list is
    computed, so that the lists are those of the vectors themselves. Nothing is learnt and nothing is measured. On a
    processor without instructions for bytes the vectors are searched as they are, with the same lists.
    """

    vectors: Floats

    @cached_property
    def shelf(self) -> Shelf | None:
        """The copies; None where this processor has no use for them."""
        return shelf_of(self.vectors) if has_bytes() else None

    @property
    def note(self) -> str:
        """What it is, what it takes and what it costs, in a sentence."""
        size = self.vectors.nbytes / 1e6
        if self.shelf is None:
            return (
                f"lists come from all {len(self.vectors):,} vectors ({size:.1f} MB), exactly: "
                "this processor has no instructions for 8-bit copies"
            )
        copies = (self.shelf.bytes.nbytes + self.shelf.scales.nbytes) / 1e6
        return (
            f"lists come from 8-bit copies of {len(self.vectors):,} vectors ({copies:.1f} MB of {size:.1f} MB are read); "
            "the best are computed again from the vectors, so that lists are exact"
        )

    def search(self, people: Floats, k: int) -> tuple[Numbers, Floats]:
        """Numbers (people, k) and exact products of the k best items, best first, -1 and -inf padded."""
        nothing = Hidden(np.zeros(len(people) + 1, np.int64), np.zeros(0, np.int64))
        return best_products(people, self.vectors, nothing, k, self.shelf or False)

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays for an engine folder: how many vectors there were; the copies are made anew."""
        return {MARK: np.array(self.vectors.shape, dtype=np.int64)}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]], vectors: Floats) -> Self:
        """The inverse of `state`, for the same vectors."""
        if tuple(int(size) for size in state[MARK]) != vectors.shape:
            items, width = (int(size) for size in state[MARK])
            raise ComponentError(
                f"the index holds {items} vectors of {width} numbers, the model {vectors.shape}; fit again"
            )
        return cls(vectors)
