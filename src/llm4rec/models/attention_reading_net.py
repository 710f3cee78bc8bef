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
    """(rows, width) twice: what the last place of each row leads to, and the mean over all its places; empty rows:
    zeros. Rows longer than the network reads are read in windows.

    `times` (rows,): when each question is asked, NaN where unknown; None for a network that does not look.
    """
    last, mean = np.zeros((2, len(events), vectors.shape[1]), np.float32)
    windows, owners = events.windows(network.shape.length)
    if not len(windows):
        return last, mean
    packed = pack(windows)
    asked = None if times is None else moments(windows, owners, times)
    if asked is not None:
        asked = Events(windows.items, windows.tokens, asked, windows.bounds).take(packed.order).times
    batch = Batch(packed, device, asked)
    with torch.inference_mode():
        network.eval()
        inputs = torch.as_tensor(vectors[packed.events.items], device=device)
        places = network(inputs, batch).float().cpu().numpy()
    rows, bounds = owners[packed.order], packed.events.bounds
    newest = np.append(True, np.diff(owners) > 0)[packed.order]
    last[rows[newest]] = places[bounds[1:] - 1][newest]
    np.add.at(mean, rows, np.add.reduceat(places, bounds[:-1], axis=0))
    mean /= np.maximum(events.lengths, 1).astype(np.float32)[:, None]
    return last, mean


def moments(windows: Events, owners: Numbers, times: Times) -> Times:
    """(places,): when the question after each place is asked: the time of the next event of the row, `times` (rows,)
    at its end. Windows stand newest first.
    """
    asked = np.append(windows.times[1:], 0.0)
    newest = np.append(True, np.diff(owners) > 0)
    first = windows.times[windows.bounds[:-1]]  # an older window ends where the one before it here begins
    asked[windows.bounds[1:] - 1] = np.where(newest, times[owners], np.append(0.0, first[:-1]))
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
