"""Weights of an earlier fit of `attention` as the beginning of another: rows by item and by column, the rest as it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from llm4rec.core import Dataset, FitContext, Numbers
from llm4rec.models.attention_batches import Columns, Tokens
from llm4rec.models.attention_content import ItemSource
from llm4rec.models.attention_reading_net import weights_of
from llm4rec.models.continuing import carried, fewer

if TYPE_CHECKING:
    from llm4rec.models.attention import AttentionConfig
    from llm4rec.models.attention_net import Network
    from llm4rec.models.attention_training_net import Course

IDS, SIDE = "vectors.ids.weight", "vectors.sparse.weight"


@dataclass(frozen=True, eq=False)
class Earlier:
    """A trained network, the codes of its events, the names of its columns, and by what numbers it knows the items."""

    network: Network
    tokens: Tokens
    names: list[str]
    items: Numbers

    def into(self, course: Course, names: list[str]) -> None:
        """Put its weights into a course that has just begun. Items it does not know stay; columns it does not know say nothing."""
        fresh, known = weights_of(course.network), weights_of(self.network)
        place = {name: number for number, name in enumerate(self.names)}
        columns = np.array([place.get(name, -1) for name in names], dtype=np.int64)
        found: dict[str, NDArray[Any]] = {**known, IDS: carried(fresh[IDS], known[IDS], self.items)}
        if SIDE in fresh:
            found[SIDE] = carried(np.zeros_like(fresh[SIDE]), known[SIDE], columns)
        weights = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in found.items()}
        course.network.load_state_dict(weights)
        course.averaged.load_state_dict(weights)


def why_not(network: Network, tokens: Tokens, dataset: Dataset, context: FitContext, config: Any) -> str:
    """Why a network cannot go on with this data; empty where it can. Values may fall into other bins than once."""
    now = Tokens.of(Columns.of_dataset(dataset))
    if replace(now, edges=tokens.edges) != tokens or bool(now.edges) != bool(tokens.edges):
        return "events come with other kinds, values or contexts"
    source = ItemSource.read(
        dataset.catalog.take(np.arange(min(1, len(dataset.catalog)))), context, config.parts
    )
    shape = network.shape
    if (source.dense.shape[1], bool(source.sparse.shape[1])) != (shape.dense, bool(shape.sparse)):
        return "items have other content"
    return ""


def shorter(config: AttentionConfig) -> AttentionConfig:
    """The recipe of what is left to learn: so many epochs fewer, all of them run, and no checkpoint."""
    changed = {"epochs": fewer(config.stop or config.epochs), "stop": None, "tune": False, "checkpoint": ""}
    return config.model_copy(update=changed)
