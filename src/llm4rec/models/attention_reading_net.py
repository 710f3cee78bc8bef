"""Reading with a trained network: vectors of histories, of all items and of new ones; weights as plain arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from llm4rec.core import Floats, Numbers, Times
from llm4rec.models.attention_batches import Events, Tokens, pack
from llm4rec.models.attention_content import ItemSource
from llm4rec.models.attention_net import Batch, ContentRows, Network, Shape

ITEMS = 100_000  # whose vectors are made at once


def read(
    network: Network, vectors: Floats, events: Events, times: Times | None, device: str
) -> tuple[Floats, Floats]:
    """(rows, width) twice: what the last place of each row leads to, and the mean over its places; empty rows: zeros.

    `times` (rows,): when each question is asked, NaN where unknown; None for a network that does not look.
    """
    last, mean = np.zeros((2, len(events), vectors.shape[1]), np.float32)
    filled = np.flatnonzero(events.lengths)
    if not len(filled):
        return last, mean
    packed = pack(events.take(filled))
    asked = None if times is None else moments(packed.events, times[filled][packed.order])
    batch = Batch(packed, device, asked)
    with torch.inference_mode():
        network.eval()
        inputs = torch.as_tensor(vectors[packed.events.items], device=device)
        places = network(inputs, batch).float().cpu().numpy()
    rows, bounds = filled[packed.order], packed.events.bounds
    last[rows] = places[bounds[1:] - 1]
    mean[rows] = np.add.reduceat(places, bounds[:-1], axis=0) / packed.events.lengths[:, None]
    return last, mean


def moments(events: Events, times: Times) -> Times:
    """(places,): when the question after each place is asked: the time of the next event, `times` at the end."""
    asked = np.append(events.times[1:], 0.0)
    asked[events.bounds[1:] - 1] = times
    return asked


def item_vectors(network: Network, source: ItemSource, counts: Numbers, device: str) -> Floats:
    """(items, width) of all items a network was built for."""
    parts = []
    with torch.inference_mode():
        network.eval()
        for at in range(0, len(source), ITEMS):
            numbers = np.arange(at, min(at + ITEMS, len(source)))
            rows = ContentRows(source.take(numbers), device)
            taken = torch.as_tensor(counts[numbers].astype(np.float32), device=device)
            found = network.vectors(rows, torch.as_tensor(numbers, device=device), taken)
            parts.append(found.float().cpu().numpy())
    return np.concatenate(parts)


def from_content(network: Network, source: ItemSource, device: str) -> Floats:
    """(items, width) of items that the network has never seen, from content alone."""
    with torch.inference_mode():
        network.eval()
        found: Floats = network.vectors.new(ContentRows(source, device)).float().cpu().numpy()
    return found


def weights_of(network: Network) -> dict[str, NDArray[Any]]:
    """All weights by name, float32."""
    return {name: value.detach().cpu().numpy() for name, value in network.state_dict().items()}


def network_from(weights: Mapping[str, NDArray[Any]], config: Any, tokens: Tokens, device: str) -> Network:
    """The network that these weights belong to."""
    dense, sparse = weights.get("vectors.dense.weight"), weights.get("vectors.sparse.weight")
    shape = shape_of(
        config,
        tokens,
        items=len(weights["vectors.ids.weight"]),
        dense=0 if dense is None else dense.shape[1],
        sparse=0 if sparse is None else len(sparse),
    )
    network = Network(shape)
    network.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
    return network.to(device)


def shape_of(config: Any, tokens: Tokens, **sizes: int) -> Shape:
    """Sizes of the network of an AttentionConfig."""
    return Shape(
        width=config.embedding_size,
        blocks=config.blocks,
        heads=config.heads,
        length=config.max_length,
        tokens=tokens.sizes,
        gated=config.gated,
        time_aware=config.time_aware,
        dropout=config.dropout,
        id_dropout=config.id_dropout,
        **sizes,
    )
