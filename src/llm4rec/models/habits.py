"""How much oftener than usual an item is taken in a context: the crosses of items and contexts. Fits no weights."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence as Many
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from llm4rec.core import Floats, Interactions, Numbers, Request, Sparse, asked_codes, no_entries
from llm4rec.models.contexts import Known, from_bytes, in_bytes
from llm4rec.models.maps import part, read_sparse, sparse_state, under

PRIOR = 20.0  # events that an item's habit is shrunk with


@dataclass(frozen=True, eq=False)
class Habits:
    """Counts of items by context. `contexts` are words by name, whose columns stand one behind the other in `counts`
    (items, words of all); `told` (items, names) are events of an item in which one was told; `usual` (words of all,) is
    the share of each word among all events that told its name, NaN for a word without events.
    """

    contexts: Known
    counts: Sparse
    told: Floats
    usual: Floats

    @classmethod
    def of(cls, events: Interactions, size: int) -> Self:
        """From events of `size` items. A context with fewer than two words is left out; which words are in use here
        does not matter, so that parts of one data set have the same columns.
        """
        if events.contexts is None:
            return cls.none(size)
        named = zip(events.contexts.names, events.contexts.values, strict=True)
        used = {name: words for name, words in named if len(words) > 1}
        if not used:
            return cls.none(size)
        codes, parts, told, usual = events.contexts.coded(used), [], [], []
        for column, words in zip(codes.T, used.values(), strict=True):
            known = column > 0
            ones = (np.ones(int(known.sum()), np.float32), (events.items[known], column[known] - 1))
            counted = sparse.csr_matrix(ones, shape=(size, len(words)))
            total = np.asarray(counted.sum(axis=0)).ravel()
            parts.append(counted)
            told.append(np.asarray(counted.sum(axis=1)).ravel())
            usual.append(np.where(total > 0, (total + 1.0) / (total.sum() + len(words)), np.nan))
        whole = sparse.hstack(parts, format="csr")
        return cls(used, whole, np.stack(told, axis=1), np.concatenate(usual).astype(np.float32))

    @classmethod
    def none(cls, size: int) -> Self:
        """Of data without contexts."""
        nothing = np.zeros((size, 0), np.float32)
        return cls({}, no_entries(size, 0), nothing, np.zeros(0, np.float32))

    def names(self) -> list[str]:
        """Names of the columns of `features`."""
        return [f"habit of {name}" for name in self.contexts]

    def features(self, rows: Numbers, items: Numbers, requests: Many[Request]) -> list[NDArray[Any]]:
        """For each context the log lift of `items[c]` in what `requests[rows[c]]` is asked in; NaN where not told.

        The lift is the share of the word among the item's events, shrunk by PRIOR events of the usual share, against
        the usual share.
        """
        columns: list[NDArray[Any]] = []
        if not self.contexts:
            return columns
        codes = asked_codes([request.context for request in requests], self.contexts)
        start = 0
        for place, words in enumerate(self.contexts.values()):
            asked = codes[rows, place]
            lift = np.full(len(items), np.nan)
            known = np.flatnonzero(asked > 0)
            if len(known):
                word, item = start + asked[known] - 1, items[known]
                usual = self.usual[word].astype(np.float64)
                counted = np.asarray(self.counts[item, word], dtype=np.float64).ravel()
                lift[known] = np.log((counted + PRIOR * usual) / (self.told[item, place] + PRIOR) / usual)
            columns.append(lift)
            start += len(words)
        return columns

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays; none without contexts."""
        if not self.contexts:
            return {}
        own = {"names": in_bytes(self.contexts), "told": self.told, "usual": self.usual}
        return own | under("counts", sparse_state(self.counts))

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]], size: int) -> Self:
        """The inverse of `state`."""
        if not state:
            return cls.none(size)
        counts = read_sparse(part("counts", state))
        return cls(from_bytes(state["names"]), counts, state["told"], state["usual"])
