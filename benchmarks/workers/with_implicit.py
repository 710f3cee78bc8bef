"""implicit: ALS, item neighbours, BPR. Users of ALS and neighbours are their history; BPR knows users by row only."""

from __future__ import annotations

import numpy as np
from implicit.bpr import BayesianPersonalizedRanking
from implicit.cpu.als import AlternatingLeastSquares
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender
from shared import Data, Peer, Rows

PACKAGES = ("implicit",)


class Als(Peer):
    """Implicit ALS; a user's factors are solved anew from the history at the time of asking."""

    def fit(self, data: Data) -> None:
        self.model = AlternatingLeastSquares(**self.setting, num_threads=self.threads, random_state=self.seed)
        self.model.fit(data.matrix(data.fit), show_progress=False)

    def recommend(self, data: Data, rows: Rows, users: np.ndarray, n: int) -> np.ndarray:
        anew = rows is not data.fit
        seen = data.matrix(rows)[users]
        return self.model.recommend(users, seen, N=n, recalculate_user=anew)[0]

    def score(self, data: Data, users: np.ndarray) -> np.ndarray:
        factors = self.model.recalculate_user(users, data.matrix(data.history)[users])
        return factors @ self.model.item_factors.T


class Neighbours(Peer):
    """Item neighbours, by BM25, TF-IDF or cosine (`weighting`)."""

    def fit(self, data: Data) -> None:
        given = dict(self.setting)
        kind = {"bm25": BM25Recommender, "tfidf": TFIDFRecommender, "cosine": CosineRecommender}
        self.model = kind[given.pop("weighting")](**given, num_threads=self.threads)
        self.model.fit(data.matrix(data.fit), show_progress=False)

    def recommend(self, data: Data, rows: Rows, users: np.ndarray, n: int) -> np.ndarray:
        return self.model.recommend(users, data.matrix(rows)[users], N=n)[0]

    def score(self, data: Data, users: np.ndarray) -> np.ndarray:
        return (data.matrix(data.history)[users] @ self.model.similarity).toarray()


class Bpr(Peer):
    """BPR; users are rows of the fit."""

    def fit(self, data: Data) -> None:
        self.model = BayesianPersonalizedRanking(
            **self.setting, num_threads=self.threads, random_state=self.seed, use_gpu=False
        )
        self.model.fit(data.matrix(data.fit), show_progress=False)

    def recommend(self, data: Data, rows: Rows, users: np.ndarray, n: int) -> np.ndarray:
        return self.model.recommend(users, data.matrix(rows)[users], N=n)[0]

    def score(self, data: Data, users: np.ndarray) -> np.ndarray:
        return self.model.user_factors[users] @ self.model.item_factors.T


PEERS = {"als": Als, "itemknn": Neighbours, "bpr": Bpr}
