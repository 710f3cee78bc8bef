"""Reading with a trained network: vectors of histories, of all items and of new ones; weights as plain arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from llm4rec.core import Floats, Numbers, Times
from llm4rec.models.attention_batches import Asked, Events, Packed, Tokens, pack
from llm4rec.models.attention_content import ItemSource
from llm4rec.models.attention_net import Batch, ContentRows, Network, Shape

ITEMS = 100_000  # whose vectors are made at once
V = TypeVar("V", Times, Numbers)


def read(
    network: Network, vectors: Floats, events: Events, asked: Asked, device: str
) -> tuple[Floats, Floats]:
    """(rows, width) twice: what the last place of each row leads to, and the mean over all its places; empty rows:
    zeros. Rows longer than the network reads are read in windows.

    `asked` (rows) is what is known of the questions at the ends of the rows. Who needs no mean asks `read_last`.
    """
    last, mean = np.zeros((2, len(events), vectors.shape[1]), np.float32)
    windows, owners = events.windows(network.shape.length)
    if not len(windows):
        return last, mean
    packed = pack(windows)
    batch = _batch(packed, windows, owners, asked, device)
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


def read_last(network: Network, vectors: Floats, events: Events, asked: Asked, device: str) -> Floats:
    """(rows, width): the first of `read`, of rows that the network reads whole."""
    last = np.zeros((len(events), vectors.shape[1]), np.float32)
    windows, owners = events.windows(network.shape.length)
    if not len(windows):
        return last
    packed = pack(windows)
    batch = _batch(packed, windows, owners, asked, device)
    with torch.inference_mode():
        if network.training:  # telling every part anew takes as long as reading one row
            network.eval()
        inputs = torch.as_tensor(vectors[packed.events.items], device=device)
        last[owners[packed.order]] = network.last(inputs, batch).float().cpu().numpy()
    return last


def _batch(packed: Packed, windows: Events, owners: Numbers, asked: Asked, device: str) -> Batch:
    """The packed windows with what is known of the question after each place."""
    times, contexts = windows.times, windows.tokens
    if asked.times is not None:
        times = moments(windows, owners, asked.times)
    if asked.contexts is not None:
        columns = range(-asked.contexts.shape[1], 0)  # contexts are the last sorts of tokens
        found = [upcoming(contexts[:, c], windows, owners, asked.contexts[:, c]) for c in columns]
        contexts = np.column_stack(found)
    later = Events(windows.items, contexts, times, windows.bounds).take(packed.order)
    return Batch(
        packed,
        device,
        None if asked.times is None else later.times,
        None if asked.contexts is None else later.tokens,
    )


def moments(windows: Events, owners: Numbers, times: Times) -> Times:
    """(places,): when the question after each place is asked: the time of the next event of the row, `times` (rows,)
    at its end. Windows stand newest first.
    """
    return upcoming(windows.times, windows, owners, times)


def upcoming(values: V, windows: Events, owners: Numbers, last: V) -> V:
    """(places,): of each place the value of the next event of its row, `last` (rows,) at its end."""
    later = np.append(values[1:], values[:1] * 0)
    newest = np.append(True, np.diff(owners) > 0)
    first = values[windows.bounds[:-1]]  # an older window ends where the one before it here begins
    later[windows.bounds[1:] - 1] = np.where(newest, last[owners], np.append(first[:1] * 0, first[:-1]))
    return later


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
        asked=tokens.asked,
        **sizes,
    )
