"""Cornac: EASE, BPR, a variational autoencoder; matrix factorisation for ratings."""

from __future__ import annotations

import cornac
import numpy as np
from shared import Data, Peer, Rows, floored, padded

PACKAGES = ("cornac",)


class _Cornac(Peer):
    """Users and items have Cornac's own numbers, in the order of first appearance."""

    def make(self) -> cornac.models.Recommender:
        raise NotImplementedError

    def triples(self, rows: Rows) -> list[tuple[int, int, float]]:
        chosen = rows.positive
        return [
            (u, i, 1.0) for u, i in zip(rows.users[chosen].tolist(), rows.items[chosen].tolist(), strict=True)
        ]

    def fit(self, data: Data) -> None:
        self.train = cornac.data.Dataset.build(self.triples(data.fit), seed=self.seed)
        self.model = self.make()
        self.model.fit(self.train)
        # Our numbers in Cornac's order.
        self.item_ids = np.array(list(self.train.iid_map), dtype=np.int64)

    def recommend(self, data: Data, rows: Rows, users: np.ndarray, n: int) -> np.ndarray:
        found = [
            self.model.recommend(user, k=n, remove_seen=True, train_set=self.train) for user in users.tolist()
        ]
        return padded(found, n)

    def score(self, data: Data, users: np.ndarray) -> np.ndarray:
        result = np.full((len(users), data.items), np.nan)
        for row, user in zip(result, users.tolist(), strict=True):
            number = self.train.uid_map.get(user, -1)
            if number >= 0:
                row[self.item_ids] = self.model.score(number)
        return floored(result)


class Bpr(_Cornac):
    """BPR."""

    def make(self) -> cornac.models.Recommender:
        return cornac.models.BPR(**self.setting, seed=self.seed, num_threads=self.threads, verbose=False)


class _FromHistory(_Cornac):
    """A model whose user is a row of items: histories at the time of asking replace those of the fit."""

    lists = False  # Cornac's own call knows the training rows only.

    def score(self, data: Data, users: np.ndarray) -> np.ndarray:
        known = data.matrix(data.history)[users][:, self.item_ids]
        result = np.full((len(users), data.items), np.nan)
        result[:, self.item_ids] = self.of_rows(known)
        return floored(result)


class Ease(_FromHistory):
    """EASE."""

    def make(self) -> cornac.models.Recommender:
        return cornac.models.EASE(**self.setting, seed=self.seed, verbose=False)

    def of_rows(self, rows: np.ndarray) -> np.ndarray:
        return rows @ self.model.B


class VaeCf(_FromHistory):
    """Mult-VAE."""

    def make(self) -> cornac.models.Recommender:
        return cornac.models.VAECF(**self.setting, likelihood="mult", seed=self.seed, verbose=False)

    def of_rows(self, rows: np.ndarray) -> np.ndarray:
        import torch

        with torch.no_grad():
            mean, _ = self.model.vae.encode(torch.tensor(rows.toarray(), dtype=torch.float32))
            return self.model.vae.decode(mean).numpy()


class Mf(_Cornac):
    """Biased matrix factorisation for ratings."""

    def make(self) -> cornac.models.Recommender:
        return cornac.models.MF(
            **self.setting, seed=self.seed, num_threads=self.threads, early_stop=False, verbose=False
        )

    def triples(self, rows: Rows) -> list[tuple[int, int, float]]:
        return list(zip(rows.users.tolist(), rows.items.tolist(), rows.values.tolist(), strict=True))

    def rate(self, data: Data, users: np.ndarray, items: np.ndarray, times: np.ndarray) -> np.ndarray:
        people, things = self.train.uid_map, self.train.iid_map
        return np.array(
            [
                self.model.rate(people.get(u, -1), things.get(i, -1))
                for u, i in zip(users.tolist(), items.tolist(), strict=True)
            ]
        )


PEERS = {"bpr": Bpr, "ease": Ease, "vaecf": VaeCf, "mf": Mf}
