"""A checked data set: all that a model may see; and questions whose answers are held out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from llm4rec.core.arrays import Numbers, Sparse
from llm4rec.core.catalog import Catalog, Users
from llm4rec.core.history import History
from llm4rec.core.interactions import Interactions
from llm4rec.core.request import Request


@dataclass(frozen=True, eq=False)
class Dataset:
    """Interactions, catalog, users and their vocabularies. Immutable.

    Interactions stand in the order (user, timestamp, order of the file): `Interactions.sorted`.
    """

    interactions: Interactions
    catalog: Catalog
    users: Users
    name: str = "dataset"
    synthetic: bool = False
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if not self.interactions.is_sorted():
            raise ValueError("interactions are not sorted; call Interactions.sorted() first")
        for what, numbers, size in (
            ("user", self.interactions.users, len(self.users)),
            ("item", self.interactions.items, len(self.catalog)),
        ):
            if len(numbers) and (numbers.min() < 0 or numbers.max() >= size):
                raise ValueError(f"an interaction names a {what} number outside 0..{size - 1}")

    @cached_property
    def offsets(self) -> Numbers:
        """Where each user's events begin, (users + 1,)."""
        return np.searchsorted(self.interactions.users, np.arange(len(self.users) + 1)).astype(np.int64)

    @cached_property
    def counts(self) -> Numbers:
        """How many users have a positive event with each item, (items,)."""
        return np.asarray(np.bincount(self.matrix().indices, minlength=len(self.catalog)), dtype=np.int64)

    def history(self, user: int) -> History:
        """One user's events, oldest first; empty for a user without any or a number of -1."""
        rows = slice(0, 0) if user < 0 else slice(int(self.offsets[user]), int(self.offsets[user + 1]))
        return History.from_rows(self.interactions, rows)

    def matrix(self, weights: Mapping[str, float] | None = None) -> Sparse:
        """Users x items, float32 CSR.

        Without `weights`: 1 where a user has at least one positive event with an item. With `weights` (a number
        by interaction kind; kinds not named count 0): the sum over events.
        """
        i = self.interactions
        shape = (len(self.users), len(self.catalog))
        if weights is None:
            rows = i.positive
            ones = np.ones(int(rows.sum()), dtype=np.float32)
            result = sparse.csr_matrix((ones, (i.users[rows], i.items[rows])), shape=shape)
            result.data[:] = 1.0
            return result
        by_kind = np.array([weights.get(name, 0.0) for name in i.kind_names], dtype=np.float32)
        result = sparse.csr_matrix((by_kind[i.kinds], (i.users, i.items)), shape=shape)
        result.eliminate_zeros()
        return result

    def without_user(self, user: int) -> Dataset:
        """The data without one user's events, id and attributes; later users move up by one number."""
        kept = self.interactions.take(self.interactions.users != user)
        moved = replace(kept, users=kept.users - (kept.users > user))
        users = self.users.take(np.delete(np.arange(len(self.users)), user))
        return replace(self, interactions=moved, users=users)

    def only(self, rows: NDArray[np.bool_] | Numbers) -> Dataset:
        """The same people and things with some of the interactions."""
        return Dataset(
            self.interactions.take(rows), self.catalog, self.users, self.name, self.synthetic, self.notes
        )


@dataclass(frozen=True, eq=False)
class Holdout:
    """Questions with known answers: a request each, and the item numbers that were really taken next."""

    requests: Sequence[Request]
    targets: Sequence[Numbers]

    def __post_init__(self) -> None:
        if len(self.requests) != len(self.targets):
            raise ValueError(f"{len(self.requests)} requests for {len(self.targets)} targets")

    def __len__(self) -> int:
        return len(self.requests)

    def sample(self, size: int, rng: np.random.Generator) -> Holdout:
        """At most `size` of the questions, drawn without replacement, in their order."""
        if size >= len(self):
            return self
        chosen = np.sort(rng.choice(len(self), size, replace=False))
        return Holdout([self.requests[i] for i in chosen], [self.targets[i] for i in chosen])
