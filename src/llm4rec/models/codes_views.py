"""What semantic codes are used as: names that are unique, short texts, buckets, sparse columns, a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from llm4rec.core import Floats, Numbers, SettingsError, Sparse, as_csr
from llm4rec.models.codes import SemanticCodes

UNKNOWN = "x"


def last_digits(codes: Numbers, taken: Numbers | None = None) -> Numbers:
    """(n,) the digit that tells items of one code apart: 0 for the first, 1 for the next.

    With `taken`, the codes of items numbered before, counting goes on where theirs ended, so that they keep their
    digits and code and digit together stay unique.
    """
    before = 0 if taken is None else len(taken)
    every = codes if taken is None else np.concatenate([taken, codes])
    return np.asarray(_places_within(_groups(every))[before:], dtype=np.int64)


def as_texts(codes: Numbers, digits: Numbers) -> list[str]:
    """Codes as short texts such as "17-4-201", with the last digit behind a dot where it is not 0: "17-4-201.1".

    No two items have the same text where code and digit are unique. Items without a code are "x-x-x", "x-x-x.1" …
    """
    shown = ["-".join(UNKNOWN if number < 0 else str(number) for number in code) for code in codes.tolist()]
    return [
        text if digit == 0 else f"{text}.{digit}" for text, digit in zip(shown, digits.tolist(), strict=True)
    ]


def buckets(codes: Numbers, depth: int = 1) -> Numbers:
    """(n,) a number for each item that those with the same first `depth` numbers share, from 0; -1 without a code."""
    _check_depth(codes, depth)
    groups = np.full(len(codes), -1, dtype=np.int64)
    known = codes[:, 0] >= 0
    if known.any():
        groups[known] = np.unique(_groups(codes[known, :depth]), return_inverse=True)[1]
    return groups


def one_hot(codes: Numbers, sizes: Sequence[int]) -> Sparse:
    """(n, sum of sizes) float32: a one for the number of each level; a row of zeros without a code."""
    rows, levels = np.nonzero(codes >= 0)
    starts = np.cumsum([0, *sizes[:-1]])
    return _ones(rows, starts[levels] + codes[rows, levels], (len(codes), int(np.sum(sizes))))


@dataclass(frozen=True, eq=False)
class Prefixes:
    """The beginnings of the codes of a catalog, of one number, of two and so on, each a column of features.

    Items that share a longer beginning share more columns. `known[d]` (columns, d + 1) are the beginnings seen.
    """

    known: tuple[Numbers, ...]

    @classmethod
    def of(cls, codes: Numbers, depth: int | None = None, least: int = 1) -> Self:
        """Beginnings of up to `depth` numbers (default: all levels) that at least `least` items have."""
        deepest = codes.shape[1] if depth is None else depth
        _check_depth(codes, deepest)
        kept = []
        for upto in range(1, deepest + 1):
            seen, counts = np.unique(codes[codes[:, 0] >= 0, :upto], axis=0, return_counts=True)
            kept.append(seen[counts >= least])
        return cls(tuple(kept))

    @property
    def width(self) -> int:
        """How many columns there are."""
        return sum(len(level) for level in self.known)

    def transform(self, codes: Numbers) -> Sparse:
        """(n, width) float32 of zeros and ones; a beginning that was not seen, or no code, leaves zeros."""
        rows, columns, start = [], [], 0
        for known in self.known:
            number = {tuple(beginning): start + at for at, beginning in enumerate(known.tolist())}
            for row, beginning in enumerate(codes[:, : known.shape[1]].tolist()):
                if tuple(beginning) in number:
                    rows.append(row)
                    columns.append(number[tuple(beginning)])
            start += len(known)
        return _ones(np.array(rows, np.int64), np.array(columns, np.int64), (len(codes), self.width))

    def state(self) -> dict[str, NDArray[Any]]:
        """Plain arrays, enough for `from_state`."""
        return {f"prefixes_{level.shape[1]}": level for level in self.known}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """What `state` was taken from."""
        depths = sum(name.startswith("prefixes_") for name in state)
        return cls(tuple(np.asarray(state[f"prefixes_{d + 1}"], np.int64) for d in range(depths)))


@dataclass(frozen=True)
class CodesReport:
    """How well codes serve a catalog.

    `use`: by level, the share of its numbers that some item has. `collisions`: share of items whose code an item
    before them has; `largest`: most items with one code; `twins`: share of items whose vector an item before them has,
    which no code can tell apart. `error`: share of the spread of the vectors left undescribed, after each level.
    `uncoded`: items without a code.
    """

    items: int
    uncoded: int
    sizes: tuple[int, ...]
    use: tuple[float, ...]
    collisions: float
    largest: int
    twins: float
    error: tuple[float, ...]

    def __str__(self) -> str:
        sizes, use, error = (
            " / ".join(form.format(x) for x in row)
            for form, row in (("{}", self.sizes), ("{:.1%}", self.use), ("{:.3f}", self.error))
        )
        return (
            f"{self.items} items ({self.uncoded} without a code), numbers a level {sizes}, in use {use}; "
            f"{self.collisions:.1%} share a code ({self.twins:.1%} have equal vectors, at most {self.largest} items "
            f"a code); left undescribed after each level {error}"
        )


def report(coder: SemanticCodes, vectors: Floats) -> CodesReport:
    """How well the codes serve items with these vectors (n, d)."""
    codes = coder.encode(vectors)
    known = codes[:, 0] >= 0
    coded, rows = codes[known], vectors[known]
    size = max(len(coded), 1)
    counts = np.unique(coded, axis=0, return_counts=True)[1] if len(coded) else np.ones(0, np.int64)
    return CodesReport(
        items=len(codes),
        uncoded=int((~known).sum()),
        sizes=coder.sizes,
        use=tuple(len(np.unique(coded[:, at])) / wide for at, wide in enumerate(coder.sizes)),
        collisions=(len(coded) - len(counts)) / size,
        largest=int(counts.max(initial=0)),
        twins=(len(rows) - len(np.unique(rows, axis=0))) / size,
        error=_left(coder, rows, coded),
    )


def _left(coder: SemanticCodes, rows: Floats, codes: Numbers) -> tuple[float, ...]:
    turned = coder.turned(rows)
    whole = max(float(np.square(turned).sum()), np.finfo(float).tiny)
    return tuple(
        float(np.square(turned - coder.described(codes, depth)).sum()) / whole
        for depth in range(1, len(coder.sizes) + 1)
    )


def _groups(codes: Numbers) -> Numbers:
    """(n,) equal for equal rows."""
    return np.unique(codes, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _places_within(groups: Numbers) -> Numbers:
    """How many rows of the same group stand before each row."""
    order = np.argsort(groups, kind="stable")
    counts = np.bincount(groups) if len(groups) else np.zeros(0, np.int64)
    places = np.empty(len(groups), dtype=np.int64)
    places[order] = np.arange(len(groups)) - np.repeat(np.cumsum(counts) - counts, counts)
    return places


def _ones(rows: Numbers, columns: Numbers, shape: tuple[int, int]) -> Sparse:
    return as_csr(sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=shape))


def _check_depth(codes: Numbers, depth: int) -> None:
    if not 1 <= depth <= codes.shape[1]:
        raise SettingsError(f"depth {depth} is not between 1 and the {codes.shape[1]} levels of these codes")
