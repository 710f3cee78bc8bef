"""myfm: Bayesian factorisation machines by Gibbs sampling, for ratings.

Blocks: user and item ids, SVD++-style sets from the training rows alone (`sets`), attributes (`attributes`), and the day of the
rating (`date`), which is a column of the test row as well.
"""

from __future__ import annotations

import myfm
import numpy as np
from myfm import RelationBlock
from scipy import sparse
from shared import Data, Peer, Rows

PACKAGES = ("myfm",)
DAY = 86_400.0


class _Myfm(Peer):
    """User and item blocks as relation blocks, as the library's own examples have them."""

    def blocks(self, data: Data) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
        rows = data.fit
        ones = np.ones(len(rows.users))
        known = sparse.csr_matrix((ones, (rows.users, rows.items)), shape=(data.users, data.items))
        known.data[:] = 1.0
        people, things = [sparse.identity(data.users)], [sparse.identity(data.items)]
        if self.setting["sets"]:
            people.append(_spread(known))
            things.append(_spread(known.T.tocsr()))
        if self.setting["attributes"]:
            people += [data.user_features] if data.user_features is not None else []
            things += [data.item_features] if data.item_features is not None else []
        self.user_shapes = [block.shape[1] for block in people]
        self.item_shapes = [block.shape[1] for block in things]
        return (
            sparse.hstack(people, format="csr", dtype=np.float64),
            sparse.hstack(things, format="csr", dtype=np.float64),
        )

    def days(self, data: Data, times: np.ndarray) -> sparse.csr_matrix:
        """(rows, days): the day of the rating, to the nearest of those in the fit."""
        if not self.setting["date"]:
            return sparse.csr_matrix((len(times), 0))
        known = np.unique(data.fit.timestamps // DAY)
        place = np.clip(np.searchsorted(known, times // DAY), 0, len(known) - 1)
        return sparse.csr_matrix(
            (np.ones(len(times)), (np.arange(len(times)), place)), shape=(len(times), len(known))
        )

    def relations(self, users: np.ndarray, items: np.ndarray) -> list[RelationBlock]:
        return [RelationBlock(users, self.people), RelationBlock(items, self.things)]

    def fit(self, data: Data) -> None:
        self.people, self.things = self.blocks(data)
        rows: Rows = data.fit
        main = self.days(data, rows.timestamps)
        shapes = ([main.shape[1]] if main.shape[1] else []) + self.user_shapes + self.item_shapes
        iterations = self.setting["iterations"]
        self.model = self.make()
        self.model.fit(
            main,
            self.target(rows.values),
            X_rel=self.relations(rows.users, rows.items),
            n_iter=iterations,
            n_kept_samples=iterations - iterations // 10,
            group_shapes=shapes,
        )

    def make(self) -> object:
        return myfm.MyFMRegressor(rank=self.setting["rank"], random_seed=self.seed)

    def target(self, values: np.ndarray) -> np.ndarray:
        return values.astype(np.float64)

    def rate(self, data: Data, users: np.ndarray, items: np.ndarray, times: np.ndarray) -> np.ndarray:
        found = self.model.predict(self.days(data, times), self.relations(users, items))
        return np.clip(found, data.fit.values.min(), data.fit.values.max())


class Regression(_Myfm):
    """Gaussian ratings."""


class Probit(_Myfm):
    """Ordered probit; the expected value of the classes."""

    def make(self) -> object:
        return myfm.MyFMOrderedProbit(rank=self.setting["rank"], random_seed=self.seed)

    def target(self, values: np.ndarray) -> np.ndarray:
        self.classes, place = np.unique(values, return_inverse=True)
        return place

    def rate(self, data: Data, users: np.ndarray, items: np.ndarray, times: np.ndarray) -> np.ndarray:
        chance = self.model.predict_proba(self.days(data, times), self.relations(users, items))
        return chance @ self.classes


def _spread(block: sparse.csr_matrix) -> sparse.csr_matrix:
    """Each row divided by the root of its length, as in SVD++."""
    size = np.maximum(np.asarray(block.sum(axis=1)).ravel(), 1.0)
    return sparse.diags(1.0 / np.sqrt(size)) @ block


PEERS = {"regression": Regression, "probit": Probit}
