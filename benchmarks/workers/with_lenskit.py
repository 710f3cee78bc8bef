"""LensKit: item neighbours, implicit ALS, EASE, popularity. Every query carries its history."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
from lenskit import batch
from lenskit.als import ImplicitMFScorer
from lenskit.basic import PopScorer
from lenskit.data import ItemList, RecQuery, from_interactions_df
from lenskit.knn import EASEScorer, ItemKNNScorer
from lenskit.logging import LoggingConfig
from lenskit.pipeline import topn_pipeline
from lenskit.training import TrainingOptions
from shared import Data, Peer, Rows, floored, padded

PACKAGES = ("lenskit",)


class _Lenskit(Peer):
    """A scorer in LensKit's own top-n pipeline."""

    scorer: type

    def fit(self, data: Data) -> None:
        logs = LoggingConfig()
        logs.set_stream_mode("simple")
        logging.getLogger("lenskit").setLevel(logging.ERROR)
        frame = pd.DataFrame(
            {"user_id": data.fit.users[data.fit.positive], "item_id": data.fit.items[data.fit.positive]}
        ).drop_duplicates()
        self.data = from_interactions_df(frame)
        self.pipe = topn_pipeline(self.scorer(**self.setting), n=10)
        self.pipe.train(self.data, TrainingOptions(rng=self.seed))
        self.everything = ItemList(item_ids=np.arange(data.items))

    def recommend(self, data: Data, rows: Rows, users: np.ndarray, n: int) -> np.ndarray:
        asked = users.tolist() if rows is data.fit else self._queries(data, users)
        found = batch.recommend(self.pipe, asked, n, n_jobs=1)
        by_user = {key.user_id: items.ids() for key, items in found.items()}
        return padded([by_user[user] for user in users.tolist()], n)

    def score(self, data: Data, users: np.ndarray) -> np.ndarray:
        scorer = self.pipe.node("scorer").component
        rows = [scorer(query, self.everything).scores() for query in self._queries(data, users)]
        return floored(np.stack(rows).astype(np.float64))

    def _queries(self, data: Data, users: np.ndarray) -> list[RecQuery]:
        # Items of a history that the fit has not seen end its scorers with an error.
        matrix, known = data.matrix(data.history), np.isin(np.arange(data.items), self.data.items.ids())
        past = [(int(user), matrix[user].indices) for user in users]
        return [
            RecQuery(user_id=user, history_items=ItemList(item_ids=items[known[items]]))
            for user, items in past
        ]


class ItemKnn(_Lenskit):
    """Item neighbours for implicit feedback."""

    scorer = ItemKNNScorer


class Als(_Lenskit):
    """Implicit ALS."""

    scorer = ImplicitMFScorer


class Ease(_Lenskit):
    """EASE."""

    scorer = EASEScorer


class Popular(_Lenskit):
    """Popularity."""

    scorer = PopScorer

    def score(self, data: Data, users: np.ndarray) -> np.ndarray:
        row = self.pipe.node("scorer").component(self.everything).scores()
        return floored(np.repeat(row[None].astype(np.float64), len(users), axis=0))


PEERS = {"itemknn": ItemKnn, "als": Als, "ease": Ease, "popular": Popular}
