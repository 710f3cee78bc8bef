"""Vectors of items that came after fitting, for `attention`: from content to what training gave, and to what was taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from llm4rec.core import Catalog, FitContext, Floats, Numbers
from llm4rec.models.attention_content import strongest
from llm4rec.models.bridge import ridge
from llm4rec.models.content import ItemContent
from llm4rec.models.sequence_parts import likeness

REG = 1.0  # noise of the regressions
WIDTH = 256  # directions of content in which a history speaks for itself
SHARE = 0.5  # of that beside what the network says, both in spreads over the newcomers
TINY = 1e-9


@dataclass(frozen=True, eq=False)
class Newcomers:
    """Two opinions on new items: `vectors` (newcomers, width) are compared with what the network makes of a history,
    `likes` (newcomers, directions) with the sum of `taken` (fitted, directions) over its items.

    `known` (fitted, columns) is the likeness of the items fitted on, kept because it is the slow part.
    """

    vectors: Floats
    likes: Floats
    taken: Floats
    known: Floats

    @classmethod
    def of(cls, fitted: Floats, catalog: Catalog, context: FitContext, known: Floats | None) -> Newcomers:
        """What content predicts of the items behind the first len(fitted), whose vectors are `fitted`.

        Ridge regressions on the exponential kernel of `sequence` (`kernel`, `bridge`: texts field by field,
        attributes, and how much is said), once of the vectors and once of having been taken; the second is kept in
        its strongest directions. Content that tells nothing gives the mean vector.
        """
        size = len(fitted)
        content = ItemContent.read(catalog, context)
        old = likeness(content, (), size)[:size] if known is None else known
        new = likeness(content, (), size, size)
        mean = fitted.mean(axis=0)
        if not new.shape[1]:
            nothing = np.zeros((len(new), 0), np.float32)
            return cls(np.repeat(mean[None], len(new), axis=0), nothing, np.zeros((size, 0), np.float32), old)
        change = ridge(old, REG).T @ (fitted - mean)
        directions = strongest(old, min(WIDTH, *old.shape))
        spoken = old @ directions
        taken = spoken / ((spoken**2).sum(axis=0) + REG)
        vectors = mean + new @ change
        likes = new @ directions
        likes -= likes.mean(
            axis=0
        )  # this opinion orders newcomers; where they stand among all is the network's
        return cls(*(np.asarray(a, np.float32) for a in (vectors, likes, taken, old)))

    @property
    def width(self) -> int:
        """Columns of both opinions together."""
        return int(self.vectors.shape[1] + self.likes.shape[1])

    def asked(self, means: Floats, liked: Sequence[Numbers]) -> Floats:
        """(requests, width): `means`, what the network makes of each history, and beside them what was taken.

        The second is scaled so that its scores spread over the newcomers SHARE times as far as the first's.
        """
        said = np.zeros((len(liked), self.likes.shape[1]), np.float32)
        for row, items in enumerate(liked):
            said[row] = self.taken[items[items < len(self.taken)]].sum(axis=0)
        wide, own = _spread(means, self.vectors), _spread(said, self.likes)
        scale = np.where(own > TINY, SHARE * wide / np.maximum(own, TINY), 0.0)
        return np.hstack([means, said * scale[:, None].astype(np.float32)])

    def beside(self, inputs: Floats) -> Floats:
        """(items, their width + width) of the items of `inputs`: newcomers behind, in columns of their own."""
        size, own = len(inputs) - len(self.vectors), inputs.shape[1]
        both = np.zeros((len(inputs), own + self.width), np.float32)
        both[:size, :own] = inputs[:size]
        both[size:, own:] = np.hstack([self.vectors, self.likes])
        return both


def _spread(users: Floats, items: Floats) -> Floats:
    """(users,): standard deviation of users . items over the items."""
    if not len(items):
        return np.zeros(len(users), np.float32)
    centred = items - items.mean(axis=0)
    covariance = centred.T @ centred / np.float32(len(items))
    return np.asarray(np.sqrt(np.maximum(((users @ covariance) * users).sum(axis=1), 0.0)), np.float32)
