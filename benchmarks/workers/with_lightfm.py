"""LightFM (lightfm-next): WARP over user and item ids with item features. Users are rows of the fit."""

from __future__ import annotations

import numpy as np
from lightfm import LightFM
from scipy import sparse
from shared import Data, Peer, Rows, padded

PACKAGES = ("lightfm-next",)


class Warp(Peer):
    """`features`: whether attributes of items join their ids."""

    def fit(self, data: Data) -> None:
        given = dict(self.setting)
        features, epochs = given.pop("features"), given.pop("epochs")
        self.item_features = None
        if features and data.item_features is not None:
            identity = sparse.identity(data.items, dtype=np.float32, format="csr")
            self.item_features = sparse.hstack([identity, _rows_of_one(data.item_features)]).tocsr()
        self.model = LightFM(loss="warp", random_state=self.seed, **given)
        self.model.fit(
            data.matrix(data.fit).tocoo(),
            item_features=self.item_features,
            epochs=epochs,
            num_threads=self.threads,
        )

    def recommend(self, data: Data, rows: Rows, users: np.ndarray, n: int) -> np.ndarray:
        # LightFM offers scores a user, no lists: this loop is what its documentation shows.
        seen, everything, found = data.matrix(rows), np.arange(data.items), []
        for user in users.tolist():
            scores = self.model.predict(
                user, everything, item_features=self.item_features, num_threads=self.threads
            )
            scores[seen[user].indices] = -np.inf
            best = np.argpartition(-scores, n)[:n]
            found.append(best[np.argsort(-scores[best])])
        return padded(found, n)

    def score(self, data: Data, users: np.ndarray) -> np.ndarray:
        biases, items = self.model.get_item_representations(self.item_features)
        _, people = self.model.get_user_representations()
        return people[users] @ items.T + biases


def _rows_of_one(block: sparse.csr_matrix) -> sparse.csr_matrix:
    """Features of an item weigh together as much as its id."""
    total = np.asarray(np.abs(block).sum(axis=1)).ravel()
    return sparse.diags(1.0 / np.maximum(total, 1e-9)) @ block


PEERS = {"warp": Warp}
