"""RecTools: SASRec with softmax losses, in an environment of its own (numpy 1). A session is the history at the time of asking."""

from __future__ import annotations

import logging
import warnings

import numpy as np
import pandas as pd
import torch
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import SASRecModel
from shared import Data, Peer, Rows, floored, padded

PACKAGES = ("rectools", "torch")


class SasRec(Peer):
    """Item vectors alone: no features."""

    def fit(self, data: Data) -> None:
        logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
        warnings.simplefilter("ignore")
        torch.set_num_threads(self.threads)
        torch.manual_seed(self.seed)
        np.random.seed(self.seed)  # noqa: NPY002 - the library's samplers read the global state
        self.model = SASRecModel(**self.setting, verbose=0, recommend_torch_device="cpu")
        self.model.fit(self._dataset(data.fit))

    def recommend(self, data: Data, rows: Rows, users: np.ndarray, n: int) -> np.ndarray:
        found = self.model.recommend(
            users, self._dataset(rows), k=n, filter_viewed=True, on_unsupported_targets="ignore"
        )
        by_user = {user: part.to_numpy() for user, part in found.groupby(Columns.User)[Columns.Item]}
        return padded([by_user.get(user, []) for user in users.tolist()], n)

    def score(self, data: Data, users: np.ndarray) -> np.ndarray:
        prepared = self.model.data_preparator
        asked = prepared.transform_dataset_u2i(self._dataset(data.history), users)
        loader = prepared.get_dataloader_recommend(asked, self.model.recommend_batch_size)
        people, things = self.model.lightning_model._get_user_item_embeddings(loader, "cpu")
        inside = prepared.get_known_items_sorted_internal_ids()
        columns = prepared.item_id_map.convert_to_external(inside).astype(np.int64)
        rows = asked.user_id_map.convert_to_internal(users, strict=False, return_missing=True)
        known = np.isin(users, rows[1], invert=True)
        result = np.full((len(users), data.items), np.nan)
        result[np.ix_(np.flatnonzero(known), columns)] = (people[rows[0]] @ things[inside].T).numpy()
        return floored(result)

    def _dataset(self, rows: Rows) -> Dataset:
        chosen = rows.positive
        # An order stands in for a clock where the times are small; ties keep the order of the rows.
        order = np.arange(len(rows.users))[chosen]
        frame = pd.DataFrame(
            {
                Columns.User: rows.users[chosen],
                Columns.Item: rows.items[chosen],
                Columns.Weight: 1.0,
                Columns.Datetime: pd.to_datetime(order, unit="s"),
            }
        )
        return Dataset.construct(frame)


PEERS = {"sasrec": SasRec}
