"""scikit-surprise: SVD, SVD++ and item neighbours with baselines, for ratings only."""

from __future__ import annotations

import numpy as np
import pandas as pd
import surprise
from shared import Data, Peer

PACKAGES = ("scikit-surprise",)


class _Surprise(Peer):
    """Ratings between the least and the greatest of the fit."""

    def make(self) -> surprise.AlgoBase:
        raise NotImplementedError

    def fit(self, data: Data) -> None:
        scale = surprise.Reader(rating_scale=(float(data.fit.values.min()), float(data.fit.values.max())))
        frame = pd.DataFrame({"u": data.fit.users, "i": data.fit.items, "r": data.fit.values})
        train = surprise.Dataset.load_from_df(frame, scale).build_full_trainset()
        self.model = self.make()
        self.model.fit(train)

    def rate(self, data: Data, users: np.ndarray, items: np.ndarray, times: np.ndarray) -> np.ndarray:
        return np.array(
            [self.model.predict(u, i).est for u, i in zip(users.tolist(), items.tolist(), strict=True)]
        )


class Svd(_Surprise):
    """Biased matrix factorisation."""

    def make(self) -> surprise.AlgoBase:
        return surprise.SVD(**self.setting, random_state=self.seed)


class Svdpp(_Surprise):
    """SVD++."""

    def make(self) -> surprise.AlgoBase:
        return surprise.SVDpp(**self.setting, random_state=self.seed, cache_ratings=True)


class KnnBaseline(_Surprise):
    """Item neighbours around baselines, Pearson with shrinkage."""

    def make(self) -> surprise.AlgoBase:
        similarity = {"name": "pearson_baseline", "user_based": False}
        return surprise.KNNBaseline(**self.setting, sim_options=similarity, verbose=False)


PEERS = {"svd": Svd, "svdpp": Svdpp, "knn": KnnBaseline}
